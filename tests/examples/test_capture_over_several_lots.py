"""Captures are exact to the cent over any number of lots, and every line says which."""

from saleor_program_budgets.models import Entry
from tests.support.world import DAY, World, lot_figures


def test_capture_over_several_lots(world: World) -> None:
    # Given lots of 0.01, 33.33, 33.33 and 33.34, consumed in this order, and all 100.01 held.
    world.open_program(allotment="0.00")
    ann = world.member()
    cent, second, third, last = (
        world.grant(ann, value, expires_at=world.at + day * DAY)
        for day, value in enumerate(("0.01", "33.33", "33.33", "33.34"), start=1)
    )
    hold = world.hold(ann, "100.01")

    def taken(value: str) -> list[tuple[int, int]]:
        """Capture, and return what was spent of which lot."""
        spent = Entry.objects.filter(
            posting_id=world.capture(hold, value).posting_id, bucket="spent"
        )
        return list(spent.order_by("lot_id").values_list("lot_id", "amount"))

    # When it is captured in three parts: 0.01 + 33.33, then 33.33 + 0.01, then 33.33.
    assert taken("33.34") == [(cent.pk, 1), (second.pk, 33_33)]
    assert taken("33.34") == [(third.pk, 33_33), (last.pk, 1)]
    assert taken("33.33") == [(last.pk, 33_33)]

    # Then 0.01 + 33.33 + 33.33 + 33.34 = 100.01 are spent, each lot to its last cent.
    assert [lot_figures(lot) for lot in (cent, second, third, last)] == [
        {"spent": "0.01"},
        {"spent": "33.33"},
        {"spent": "33.33"},
        {"spent": "33.34"},
    ]
    assert world.balance(ann) == {"spent": "100.01"}
