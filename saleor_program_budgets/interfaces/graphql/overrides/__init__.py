"""Saleor's mutations that make orders or take promo codes, each with a gate in front.

An override is a subclass that calls its parent; in the schema it takes the parent's place.
"""

from saleor_program_budgets.interfaces.graphql.overrides.bulk import OrderBulkCreate
from saleor_program_budgets.interfaces.graphql.overrides.completion import (
    CheckoutComplete,
    OrderCreateFromCheckout,
)
from saleor_program_budgets.interfaces.graphql.overrides.drafts import (
    DraftOrderComplete,
    DraftOrderCreate,
    DraftOrderUpdate,
)
from saleor_program_budgets.interfaces.graphql.overrides.promo_codes import (
    CheckoutAddPromoCode,
    CheckoutRemovePromoCode,
)

__all__ = [
    "CheckoutAddPromoCode",
    "CheckoutComplete",
    "CheckoutRemovePromoCode",
    "DraftOrderComplete",
    "DraftOrderCreate",
    "DraftOrderUpdate",
    "OrderBulkCreate",
    "OrderCreateFromCheckout",
]
