"""What every file of the extension uses: category, permissions, money and ids."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import graphene
from django.core.exceptions import ValidationError
from prices import Money
from saleor.graphql.core.utils import from_global_id_or_error
from saleor.graphql.utils import get_user_or_app_from_context
from saleor.permission.enums import (
    AccountPermissions,
    DiscountPermissions,
    GiftcardPermissions,
    OrderPermissions,
)

from saleor_program_budgets.interfaces.identity import actor_of
from saleor_program_budgets.money import Amount

if TYPE_CHECKING:
    from decimal import Decimal

    from django.db.models import QuerySet
    from saleor.graphql.core.context import SaleorContext

    from saleor_program_budgets.ledger import Actor

DOC_CATEGORY = "Program budgets"
POSTING = "ProgramBudgetPosting"
"""The type name in a posting's global id; the schema shows a posting as its entries."""
ADDED_IN = "\n\nAdded by Program Budgets 0.1."

READ_FIGURES = [OrderPermissions.MANAGE_ORDERS, GiftcardPermissions.MANAGE_GIFT_CARD]
CHANGE_PROGRAMS = (GiftcardPermissions.MANAGE_GIFT_CARD,)
CHANGE_MEMBERS = (AccountPermissions.MANAGE_USERS, GiftcardPermissions.MANAGE_GIFT_CARD)
READ_CODES = [GiftcardPermissions.MANAGE_GIFT_CARD, DiscountPermissions.MANAGE_DISCOUNTS]


def to_money(amount: Amount | None) -> Money | None:
    """Return *amount* as Saleor's money; ``None`` stays ``None``."""
    return None if amount is None else Money(amount.to_decimal(), amount.currency)


def minor_to_money(minor: int | None, currency: str) -> Money | None:
    """Return a stored number of minor units as Saleor's money; ``None`` stays ``None``."""
    return None if minor is None else to_money(Amount(minor, currency))


def to_amount(value: Decimal, currency: str, *, field: str = "amount") -> Amount:
    """Return an input decimal as an amount; raises ``InvalidAmount`` when it is over-precise."""
    return Amount.from_decimal(value, currency, field=field)


def actor_in(context: SaleorContext) -> Actor:
    """Return who is asking, as the ledger names them."""
    return actor_of(get_user_or_app_from_context(context))


def node_or_none(queryset: QuerySet[Any], global_id: str, graphene_type: Any) -> Any:
    """Return the row of *queryset* that *global_id* names, or ``None``.

    Raises ``GraphQLError`` for an id of another type. An id whose key has the wrong form, such
    as a UUID for a numbered table, names nothing.
    """
    _, key = from_global_id_or_error(global_id, graphene_type, raise_error=True)
    try:
        return queryset.filter(pk=key).first()
    except (ValueError, ValidationError):
        return None


def to_global_id(type_name: str, key: str) -> str | None:
    """Return the global id of an object named by opaque id; ``None`` when there is none."""
    return graphene.Node.to_global_id(type_name, key) if key else None
