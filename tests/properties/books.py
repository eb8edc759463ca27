"""The database's rows in the model's terms, and the rules that hold whatever happened."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import Sum

from saleor_program_budgets.models import Cap, Entry, Hold, HoldLimit, HoldLot, Limit, Lot

if TYPE_CHECKING:
    from tests.properties.model import Model


def written() -> dict[str, Any]:
    """Return lots, caps, members' limits, holds and what they pinned, as they stand."""
    return {
        "lots": {
            lot.pk: (lot.amount, lot.held, lot.spent, lot.removed) for lot in Lot.objects.all()
        },
        "caps": {
            cap.pk: (cap.ceiling, cap.held, cap.spent, cap.overhang) for cap in Cap.objects.all()
        },
        "balances": {
            limit.member_id: (limit.ceiling, limit.held, limit.spent, limit.overhang)
            for limit in Limit.objects.filter(kind="member")
        },
        "holds": {
            hold.pk: (hold.amount, hold.captured, hold.released, hold.refunded, hold.order_id)
            for hold in Hold.objects.all()
        },
        "pinned": sorted(
            HoldLot.objects.values_list(
                "hold_id", "position", "lot_id", "amount", "captured", "released", "refunded"
            )
        ),
        "under": sorted(HoldLimit.objects.values_list("hold_id", "limit_id")),
    }


def expected(model: Model) -> dict[str, Any]:
    """Return the same as the model has it."""
    holds = model.holds.values()
    return {
        "lots": {
            lot.pk: (lot.amount, lot.held, lot.spent, lot.removed)
            for person in model.people.values()
            for lot in person.lots
        },
        "caps": {
            cap.pk: (cap.ceiling, cap.held, cap.spent, cap.overhang)
            for caps in model.caps.values()
            for cap in caps
        },
        "balances": {
            member: (
                sum(lot.amount - lot.removed for lot in person.lots),
                sum(lot.held for lot in person.lots),
                sum(lot.spent for lot in person.lots),
                0,
            )
            for member, person in model.people.items()
        },
        "holds": {
            hold.pk: (
                *(hold.total(name) for name in ("amount", "captured", "released", "refunded")),
                hold.order,
            )
            for hold in holds
        },
        "pinned": sorted(
            (
                hold.pk,
                position,
                line.lot.pk,
                line.amount,
                line.captured,
                line.released,
                line.refunded,
            )
            for hold in holds
            for position, line in enumerate(hold.lines, start=1)
        ),
        "under": sorted((hold.pk, cap.pk) for hold in holds for cap in hold.caps),
    }


def broken_rules() -> list[str]:
    """Return each rule that the rows break; none may ever be."""
    lots, limits = list(Lot.objects.all()), list(Limit.objects.all())
    holds = {hold.pk: hold for hold in Hold.objects.all()}
    under: dict[int, list[Hold]] = {}
    for line in HoldLimit.objects.all():
        under.setdefault(line.limit_id, []).append(holds[line.hold_id])
    rules = {
        "nothing is negative": all(
            min(row.held, row.spent, row.available) >= 0 for row in (*lots, *limits)
        ),
        "nothing is overspent": all(
            row.held + row.spent <= row.ceiling + row.overhang for row in limits
        ),
        "refunds don't exceed captures": all(
            0 <= hold.refunded <= hold.captured for hold in holds.values()
        ),
        "lots hold what holds have left": sum(lot.held for lot in lots)
        == sum(hold.remaining for hold in holds.values()),
        "a cap holds and has spent what the holds under it hold and have spent": all(
            (cap.held, cap.spent)
            == (
                sum(hold.remaining for hold in under.get(cap.pk, [])),
                sum(hold.captured - hold.refunded for hold in under.get(cap.pk, [])),
            )
            for cap in limits
            if cap.kind == Limit.Kind.CAP
        ),
        "value is conserved": (Entry.objects.aggregate(net=Sum("amount"))["net"] or 0) == 0,
    }
    return [name for name, holds_true in rules.items() if not holds_true]
