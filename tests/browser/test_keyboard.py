"""A program is set up without a mouse, and what has the focus can always be seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import FrameLocator, Locator

    from tests.browser.support.desk import Desk
    from tests.browser.support.saleor import RunningSaleor

PEOPLE = (
    "Mail;First;Last;Team\n"
    "carla@initech.example;Carla;Cole;Support\n"
    "dan@initech.example;Dan;Dole;Sales\n"
)
#: What has the focus: nothing, or whether it, or the field that it is the text of, is outlined.
_FOCUS = """() => {
  const at = document.activeElement;
  if (!at || at === document.body) {
    return null;
  }
  const isText = at.matches("input:not([type=file]), textarea");
  const { outlineStyle, outlineWidth } = getComputedStyle(isText ? at.closest("label") : at);
  return outlineStyle !== "none" && parseFloat(outlineWidth) >= 2;
}"""
_IS_FOCUSED = "element => element.contains(document.activeElement)"
_IS_POINTED_AT = (
    "element => document.activeElement.getAttribute('aria-activedescendant') === element.id"
)
_PROGRAMS = """
query ($name: String!) {
  programBudgetPrograms(first: 5, search: $name) {
    edges {
      node {
        id
        name
        status
        cycleLength
        carriesForward
        carryLimit { amount }
        allotment { amount }
      }
    }
  }
}
"""
_WHAT_CAME = """
query ($program: ID!) {
  programBudgetMembers(
    first: 10, filter: {program: $program}, sortBy: {field: EMAIL, direction: ASC}
  ) {
    edges { node { email account { name } balance { available { amount } } } }
  }
  programBudgetCodeBatches(first: 5, program: $program) { edges { node { name total } } }
}
"""


class Keys:
    """Somebody who has a keyboard alone."""

    def __init__(self, desk: Desk) -> None:
        self._window = desk.window
        self._frame: FrameLocator = desk.frame
        self.press = desk.window.keyboard.press
        self.type = desk.window.keyboard.type

    def go_to(self, wanted: Locator, *, key: str = "Tab") -> None:
        """Press Tab until *wanted* has the focus, and require that it is seen there."""
        expect(wanted).to_be_visible()
        for _ in range(80):
            self.press(key)
            if wanted.evaluate(_IS_FOCUSED):
                break
        self.sees_the_focus()
        assert wanted.evaluate(_IS_FOCUSED)

    def sees_the_focus(self) -> None:
        """Require that something has the focus and shows it."""
        body = self._frame.locator("body")
        for _ in range(50):
            if body.evaluate(_FOCUS):
                return
            self._window.wait_for_timeout(100)
        told = "() => document.activeElement.outerHTML.slice(0, 300)"
        raise AssertionError(f"The focus isn't seen: {body.evaluate(told)}")

    def fill(self, field: Locator, text: str) -> None:
        """Go to a field and write into it."""
        self.go_to(field)
        self.press("Control+a")
        self.type(text)

    def choose(self, option: Locator, *, key: str) -> None:
        """Go up or down an open list to an option, and take it."""
        expect(option).to_be_visible()
        for _ in range(20):
            if option.evaluate(_IS_POINTED_AT):
                break
            self.press(key)
            self._window.wait_for_timeout(100)
        assert option.evaluate(_IS_POINTED_AT)
        self.press("Enter")

    def push(self, button: Locator, key: str = "Enter") -> None:
        """Go to a button and press it."""
        self.go_to(button)
        self.press(key)


def test_a_program_is_set_up_by_keyboard(
    administrator: Callable, desk: Desk, saleor: RunningSaleor
) -> None:
    # From the first listener on, the browser hands choosing a file over: not only after Enter.
    desk.window.on("filechooser", lambda _chooser: None)
    frame = administrator("/programs")
    keys = Keys(desk)
    keys.push(frame.get_by_role("button", name="Set up a program").first)

    _write_rules(frame, keys)
    _bring_people_in(frame, keys, desk)
    _issue_codes(frame, keys)
    _open(frame, keys)

    found = saleor.ask(_PROGRAMS, name="Initech")
    (program,) = [edge["node"] for edge in found["programBudgetPrograms"]["edges"]]
    identifier = program.pop("id")
    assert program == {
        "name": "Initech wear",
        "status": "OPEN",
        "cycleLength": "QUARTERLY",
        "carriesForward": True,
        "carryLimit": {"amount": 25.0},
        "allotment": {"amount": 75.0},
    }
    came = saleor.ask(_WHAT_CAME, program=identifier)
    members = [edge["node"] for edge in came["programBudgetMembers"]["edges"]]
    assert members == [
        {
            "email": email,
            "account": {"name": team},
            "balance": {"available": {"amount": 75.0}},
        }
        for email, team in (
            ("carla@initech.example", "Support"),
            ("dan@initech.example", "Sales"),
        )
    ]
    batches = [edge["node"] for edge in came["programBudgetCodeBatches"]["edges"]]
    assert batches == [{"name": "Welcome", "total": 2}]


def _write_rules(frame: FrameLocator, keys: Keys) -> None:
    expect(frame.get_by_role("heading", name="Set up a program", level=1)).to_be_focused()
    keys.sees_the_focus()
    keys.fill(frame.get_by_label("Name", exact=True), "Initech wear")
    keys.fill(frame.get_by_label("Currency"), "usd")
    keys.fill(frame.get_by_label("Allotment per member"), "75")
    length = frame.get_by_role("combobox", name="Period")
    keys.go_to(length)
    keys.press("Enter")
    keys.choose(frame.get_by_role("option", name="A quarter"), key="ArrowUp")
    expect(length).to_contain_text("A quarter")
    keys.sees_the_focus()
    carries = frame.get_by_role("checkbox", name="Carry forward")
    keys.push(carries, "Space")
    expect(carries).to_be_checked()
    keys.fill(frame.get_by_label("At most"), "25")
    keys.push(frame.get_by_role("button", name="Save and continue"))
    expect(frame.get_by_role("heading", name="Set up Initech wear", level=1)).to_be_visible()
    keys.sees_the_focus()


def _bring_people_in(frame: FrameLocator, keys: Keys, desk: Desk) -> None:
    organization = frame.get_by_role("combobox", name="Organization")
    expect(organization).to_have_value("A new organization")
    keys.fill(frame.get_by_label("Name", exact=True), "Initech")
    keys.press("Enter")

    chosen = frame.get_by_label("File of people")
    expect(chosen).to_be_visible()
    keys.sees_the_focus()
    keys.go_to(chosen)
    with desk.window.expect_file_chooser() as waited:
        keys.press("Enter")
    waited.value.set_files(
        {"name": "people.csv", "mimeType": "text/csv", "buffer": PEOPLE.encode()}
    )
    keys.push(frame.get_by_role("button", name="Look at the file"))
    bring = frame.get_by_role("button", name="Bring in 2 lines")
    expect(bring).to_be_enabled()
    keys.sees_the_focus()
    keys.push(bring)
    expect(frame.get_by_text("2 people take part already.")).to_be_visible()
    keys.sees_the_focus()
    keys.push(frame.get_by_role("button", name="Continue", exact=True))


def _issue_codes(frame: FrameLocator, keys: Keys) -> None:
    issue = frame.get_by_role("button", name="Issue codes")
    expect(issue).to_be_visible()
    keys.sees_the_focus()
    keys.push(issue)
    dialog = frame.get_by_role("dialog")
    expect(dialog).to_be_visible()
    keys.sees_the_focus()
    keys.fill(dialog.get_by_label("Name of the batch"), "Welcome")
    keys.fill(dialog.get_by_label("Worth"), "10")
    keys.press("Enter")
    expect(dialog).to_have_count(0)
    expect(frame.get_by_role("link", name="Welcome")).to_be_visible()
    keys.sees_the_focus()
    keys.push(frame.get_by_role("button", name="Continue", exact=True))


def _open(frame: FrameLocator, keys: Keys) -> None:
    open_it = frame.get_by_role("button", name="Open the program")
    expect(open_it).to_be_enabled()
    keys.sees_the_focus()
    expect(frame.locator("dd").nth(0)).to_have_text("2")
    keys.push(open_it)
    expect(frame.get_by_role("heading", name="Initech wear", level=1)).to_be_focused()
    keys.sees_the_focus()
