"""What the schema gains: one value, read by ``graft``."""

from __future__ import annotations

import graphene
from saleor.graphql.account.types import User
from saleor.graphql.checkout.types import Checkout
from saleor.graphql.core.fields import BaseField
from saleor.graphql.core.types import NonNullList
from saleor.permission.auth_filters import AuthorizationFilters

from saleor_program_budgets.interfaces.graphql.common import ADDED_IN, DOC_CATEGORY, READ_FIGURES
from saleor_program_budgets.interfaces.graphql.costs import COSTS
from saleor_program_budgets.interfaces.graphql.graft import AddedField, Extension
from saleor_program_budgets.interfaces.graphql.mutations.accounts import (
    ProgramBudgetAccountCreate,
    ProgramBudgetAccountMove,
    ProgramBudgetAccountUpdate,
    ProgramBudgetCapRaise,
    ProgramBudgetCapSet,
)
from saleor_program_budgets.interfaces.graphql.mutations.adjustments import (
    ProgramBudgetAdjustmentApply,
    ProgramBudgetAdjustmentPreview,
    ProgramBudgetAdjustmentUndo,
)
from saleor_program_budgets.interfaces.graphql.mutations.checkout import (
    ProgramBudgetApply,
    ProgramBudgetRemove,
)
from saleor_program_budgets.interfaces.graphql.mutations.code_batches import (
    ProgramBudgetCodeBatchCreate,
)
from saleor_program_budgets.interfaces.graphql.mutations.codes import (
    ProgramBudgetCodeBatchHandOut,
    ProgramBudgetCodeBatchReissue,
    ProgramBudgetCodeBatchRevoke,
    ProgramBudgetCodeReissue,
    ProgramBudgetCodeRevoke,
)
from saleor_program_budgets.interfaces.graphql.mutations.feed import ProgramBudgetPeopleUpsert
from saleor_program_budgets.interfaces.graphql.mutations.feed_budgets import (
    ProgramBudgetAllotmentsGrant,
    ProgramBudgetCycleRenew,
)
from saleor_program_budgets.interfaces.graphql.mutations.feed_caps import ProgramBudgetCapsSet
from saleor_program_budgets.interfaces.graphql.mutations.feed_departments import (
    ProgramBudgetDepartmentsUpsert,
)
from saleor_program_budgets.interfaces.graphql.mutations.groups import (
    ProgramBudgetGroupCreate,
    ProgramBudgetGroupDelete,
    ProgramBudgetGroupMembersSet,
    ProgramBudgetGroupReorder,
    ProgramBudgetGroupUpdate,
)
from saleor_program_budgets.interfaces.graphql.mutations.journal import ProgramBudgetReverse
from saleor_program_budgets.interfaces.graphql.mutations.lockouts import (
    ProgramBudgetCodeBatchLeakDismiss,
    ProgramBudgetCodeLockoutRelease,
)
from saleor_program_budgets.interfaces.graphql.mutations.members import (
    ProgramBudgetAdjust,
    ProgramBudgetGrant,
    ProgramBudgetMemberDeactivate,
    ProgramBudgetMemberEnroll,
    ProgramBudgetMemberMove,
    ProgramBudgetMemberReactivate,
)
from saleor_program_budgets.interfaces.graphql.mutations.people import (
    ProgramBudgetPersonRemove,
    ProgramBudgetPersonUpdate,
    ProgramBudgetPlannedChangeCancel,
)
from saleor_program_budgets.interfaces.graphql.mutations.programs import (
    ProgramBudgetProgramClose,
    ProgramBudgetProgramCreate,
    ProgramBudgetProgramOpen,
    ProgramBudgetProgramUpdate,
)
from saleor_program_budgets.interfaces.graphql.mutations.redemption import (
    ProgramBudgetCodeRedeem,
)
from saleor_program_budgets.interfaces.graphql.mutations.roster_imports import (
    ProgramBudgetRosterImportApply,
    ProgramBudgetRosterImportDiscard,
    ProgramBudgetRosterImportPreview,
)
from saleor_program_budgets.interfaces.graphql.mutations.roster_tokens import (
    ProgramBudgetRosterTokenCreate,
    ProgramBudgetRosterTokenRevoke,
    ProgramBudgetRosterTokenRotate,
)
from saleor_program_budgets.interfaces.graphql.mutations.rosters import (
    ProgramBudgetRosterCreate,
    ProgramBudgetRosterUpdate,
)
from saleor_program_budgets.interfaces.graphql.overrides import (
    CheckoutAddPromoCode,
    CheckoutComplete,
    CheckoutRemovePromoCode,
    DraftOrderComplete,
    DraftOrderCreate,
    DraftOrderUpdate,
    OrderBulkCreate,
    OrderCreateFromCheckout,
)
from saleor_program_budgets.interfaces.graphql.queries.accounts import AccountQueries
from saleor_program_budgets.interfaces.graphql.queries.codes import CodeQueries
from saleor_program_budgets.interfaces.graphql.queries.figures import FigureQueries
from saleor_program_budgets.interfaces.graphql.queries.journal import JournalQueries
from saleor_program_budgets.interfaces.graphql.queries.members import MemberQueries
from saleor_program_budgets.interfaces.graphql.queries.operations import OperationQueries
from saleor_program_budgets.interfaces.graphql.queries.plans import PlanQueries
from saleor_program_budgets.interfaces.graphql.queries.programs import ProgramQueries
from saleor_program_budgets.interfaces.graphql.queries.rosters import RosterQueries
from saleor_program_budgets.interfaces.graphql.shopper import (
    resolve_checkout_budget,
    resolve_program_budgets,
)
from saleor_program_budgets.interfaces.graphql.types.shopper import (
    ProgramBudget,
    ProgramBudgetCheckout,
)


class Queries(
    ProgramQueries,
    AccountQueries,
    MemberQueries,
    JournalQueries,
    PlanQueries,
    OperationQueries,
    CodeQueries,
    RosterQueries,
    FigureQueries,
):
    """All queries that are added."""


class Mutations(graphene.ObjectType):
    """All mutations that are added, and those of Saleor's that are overridden."""

    program_budget_apply = ProgramBudgetApply.Field()
    program_budget_remove = ProgramBudgetRemove.Field()
    program_budget_code_redeem = ProgramBudgetCodeRedeem.Field()

    program_budget_program_create = ProgramBudgetProgramCreate.Field()
    program_budget_program_update = ProgramBudgetProgramUpdate.Field()
    program_budget_program_open = ProgramBudgetProgramOpen.Field()
    program_budget_program_close = ProgramBudgetProgramClose.Field()
    program_budget_account_create = ProgramBudgetAccountCreate.Field()
    program_budget_account_update = ProgramBudgetAccountUpdate.Field()
    program_budget_account_move = ProgramBudgetAccountMove.Field()
    program_budget_cap_set = ProgramBudgetCapSet.Field()
    program_budget_cap_raise = ProgramBudgetCapRaise.Field()
    program_budget_member_enroll = ProgramBudgetMemberEnroll.Field()
    program_budget_member_move = ProgramBudgetMemberMove.Field()
    program_budget_member_deactivate = ProgramBudgetMemberDeactivate.Field()
    program_budget_member_reactivate = ProgramBudgetMemberReactivate.Field()
    program_budget_group_create = ProgramBudgetGroupCreate.Field()
    program_budget_group_update = ProgramBudgetGroupUpdate.Field()
    program_budget_group_delete = ProgramBudgetGroupDelete.Field()
    program_budget_group_reorder = ProgramBudgetGroupReorder.Field()
    program_budget_group_members_set = ProgramBudgetGroupMembersSet.Field()
    program_budget_adjustment_preview = ProgramBudgetAdjustmentPreview.Field()
    program_budget_adjustment_apply = ProgramBudgetAdjustmentApply.Field()
    program_budget_adjustment_undo = ProgramBudgetAdjustmentUndo.Field()
    program_budget_code_batch_create = ProgramBudgetCodeBatchCreate.Field()
    program_budget_code_batch_hand_out = ProgramBudgetCodeBatchHandOut.Field()
    program_budget_code_batch_revoke = ProgramBudgetCodeBatchRevoke.Field()
    program_budget_code_batch_reissue = ProgramBudgetCodeBatchReissue.Field()
    program_budget_code_batch_leak_dismiss = ProgramBudgetCodeBatchLeakDismiss.Field()
    program_budget_code_revoke = ProgramBudgetCodeRevoke.Field()
    program_budget_code_reissue = ProgramBudgetCodeReissue.Field()
    program_budget_code_lockout_release = ProgramBudgetCodeLockoutRelease.Field()
    program_budget_grant = ProgramBudgetGrant.Field()
    program_budget_adjust = ProgramBudgetAdjust.Field()
    program_budget_reverse = ProgramBudgetReverse.Field()
    program_budget_roster_create = ProgramBudgetRosterCreate.Field()
    program_budget_roster_update = ProgramBudgetRosterUpdate.Field()
    program_budget_roster_token_create = ProgramBudgetRosterTokenCreate.Field()
    program_budget_roster_token_rotate = ProgramBudgetRosterTokenRotate.Field()
    program_budget_roster_token_revoke = ProgramBudgetRosterTokenRevoke.Field()
    program_budget_roster_import_preview = ProgramBudgetRosterImportPreview.Field()
    program_budget_roster_import_apply = ProgramBudgetRosterImportApply.Field()
    program_budget_roster_import_discard = ProgramBudgetRosterImportDiscard.Field()
    program_budget_person_update = ProgramBudgetPersonUpdate.Field()
    program_budget_person_remove = ProgramBudgetPersonRemove.Field()
    program_budget_planned_change_cancel = ProgramBudgetPlannedChangeCancel.Field()
    program_budget_people_upsert = ProgramBudgetPeopleUpsert.Field()
    program_budget_departments_upsert = ProgramBudgetDepartmentsUpsert.Field()
    program_budget_allotments_grant = ProgramBudgetAllotmentsGrant.Field()
    program_budget_caps_set = ProgramBudgetCapsSet.Field()
    program_budget_cycle_renew = ProgramBudgetCycleRenew.Field()

    checkout_add_promo_code = CheckoutAddPromoCode.Field()
    checkout_remove_promo_code = CheckoutRemovePromoCode.Field()
    checkout_complete = CheckoutComplete.Field()
    order_create_from_checkout = OrderCreateFromCheckout.Field()
    draft_order_create = DraftOrderCreate.Field()
    draft_order_update = DraftOrderUpdate.Field()
    draft_order_complete = DraftOrderComplete.Field()
    order_bulk_create = OrderBulkCreate.Field()


USER_BUDGETS = BaseField(
    NonNullList(ProgramBudget),
    description=(
        "The user's budgets, one per program.\n\nRequires one of the following permissions: "
        + ", ".join([*(permission.name for permission in READ_FIGURES)])
        + f", {AuthorizationFilters.OWNER.name}.{ADDED_IN}"
    ),
    doc_category=DOC_CATEGORY,
)
CHECKOUT_BUDGET = BaseField(
    ProgramBudgetCheckout,
    description=(
        "How the checkout stands against its shopper's budget. Null outside program stores, and "
        f"for anyone but the checkout's own user.{ADDED_IN}"
    ),
    doc_category=DOC_CATEGORY,
)

EXTENSION = Extension(
    query=Queries,
    mutation=Mutations,
    fields={
        User: [AddedField("program_budgets", USER_BUDGETS, resolve_program_budgets)],
        Checkout: [AddedField("program_budget", CHECKOUT_BUDGET, resolve_checkout_budget)],
    },
    costs=COSTS,
)
