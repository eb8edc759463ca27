"""Redemption codes: issued in batches, each to one member, redeemed by their user once."""

from saleor_program_budgets.codes.attempts import (
    describe_refused,
    dismiss_leak,
    purge,
    record_described,
    record_refused,
    watch,
)
from saleor_program_budgets.codes.batches import create_batch
from saleor_program_budgets.codes.callers import Caller
from saleor_program_budgets.codes.credit import Redeemed, complete_credits
from saleor_program_budgets.codes.delivery import Issued, hand_out, send
from saleor_program_budgets.codes.digests import digest_of, digests_of
from saleor_program_budgets.codes.generation import generate
from saleor_program_budgets.codes.lookup import Found, find
from saleor_program_budgets.codes.recipients import MOST_CODES
from saleor_program_budgets.codes.redemption import (
    CodeRefused,
    claim,
    give_back,
    redeem_credit,
    refusal,
)
from saleor_program_budgets.codes.revocation import (
    Revoked,
    reissue,
    revoke_batch,
    revoke_codes,
)
from saleor_program_budgets.codes.states import batch_counts, codes_with_state
from saleor_program_budgets.codes.symbols import DEFAULT_PATTERN, canonical
from saleor_program_budgets.codes.throttle import is_locked_out, release

__all__ = [
    "DEFAULT_PATTERN",
    "MOST_CODES",
    "Caller",
    "CodeRefused",
    "Found",
    "Issued",
    "Redeemed",
    "Revoked",
    "batch_counts",
    "canonical",
    "claim",
    "codes_with_state",
    "complete_credits",
    "create_batch",
    "describe_refused",
    "digest_of",
    "digests_of",
    "dismiss_leak",
    "find",
    "generate",
    "give_back",
    "hand_out",
    "is_locked_out",
    "purge",
    "record_described",
    "record_refused",
    "redeem_credit",
    "refusal",
    "reissue",
    "release",
    "revoke_batch",
    "revoke_codes",
    "send",
    "watch",
]
