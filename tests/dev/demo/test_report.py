"""The tables that the demo prints."""

from decimal import Decimal

from dev.demo.report import Row, figures, happenings, proof

_PROOF = {
    "isClean": True,
    "limits": 309,
    "lots": 304,
    "holds": 13,
    "postings": 338,
    "entries": 780,
    "overspent": [{"amount": 0.0, "currency": "USD"}],
    "differences": [],
}


def test_a_story_has_a_line_for_each_row() -> None:
    rows = [
        Row("Ada", "1 bottle", "order 1", Decimal(20), Decimal(20), left=Decimal("1280.00")),
        Row("the administrator", "raises the cap", "13,000.00"),
    ]
    assert happenings(rows).splitlines() == [
        "   who                what            total  budget  card  answer         left",
        "─  ─────────────────  ──────────────  ─────  ──────  ────  ─────────  ────────",
        "1  Ada                1 bottle        20.00   20.00     –  order 1    1,280.00",
        "2  the administrator  raises the cap      –       –     –  13,000.00         –",
    ]


def test_figures_put_the_organization_first() -> None:
    amounts = ("ceiling", "allotted", "held", "spent", "available")
    cap = {name: {"amount": 250.0} for name in amounts} | {"coverageRatio": 0.9211}
    lines = figures({"Sales": cap, "Acme Corp": cap}, {"Acme Corp": 304, "Sales": 112}).splitlines()
    assert [line.split("  ")[0] for line in lines[2:]] == ["Acme Corp", "Sales"]
    assert lines[3].split() == ["Sales", "112", *["250.00"] * 2, "92%", *["250.00"] * 3]


def test_a_proof_says_what_was_compared() -> None:
    assert proof(_PROOF, refused=20) == (
        "verify: 338 postings with 780 entries read; "
        "309 limits, 304 lots, 13 holds recomputed: all agree.\n"
        "Refused: 20. Overspent: 0.00."
    )


def test_a_proof_that_fails_names_each_difference() -> None:
    found = {"check": "lots", "subject": "lot 4", "expected": "30", "found": "20"}
    text = proof({**_PROOF, "isClean": False, "differences": [found]}, refused=0)
    assert "THEY DIFFER" in text
    assert "  lots: lot 4: expected 30, is 20" in text
