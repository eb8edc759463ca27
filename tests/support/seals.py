"""What the seals say."""

from django.db import connection

from saleor_program_budgets import ledger
from saleor_program_budgets.models import Posting

SEAL_CHECKS = frozenset({"seal_chain", "seal_contents"})


def found() -> list[tuple[str, str, str, str]]:
    """Return what the seals' checks have found."""
    return [
        (difference.check, difference.subject, difference.expected, difference.found)
        for difference in ledger.verify().differences
        if difference.check in SEAL_CHECKS
    ]


def ids(program_id: int | None) -> list[int]:
    postings = Posting.objects.filter(program_id=program_id).order_by("pk")
    return list(postings.values_list("pk", flat=True))


def digest_of(posting_id: int) -> str:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT encode(digest, 'hex') FROM program_budgets_digests(%s, %s)",
            [posting_id - 1, posting_id],
        )
        return cursor.fetchone()[0]
