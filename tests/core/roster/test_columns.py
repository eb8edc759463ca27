"""Headers: what is recognised of the usual ones, and which mappings can't be."""

import pytest

from saleor_program_budgets.errors import InvalidInput
from saleor_program_budgets.roster.columns import (
    FIELDS,
    SYNONYMS,
    Field,
    checked_mapping,
    guess_mapping,
    normalised,
    to_remember,
)


def refusal(header: list[str], mapping: dict[str, str]) -> str:
    with pytest.raises(InvalidInput) as error:
        checked_mapping(header, mapping)
    assert error.value.field == "mapping"
    return error.value.message


def test_the_fields() -> None:
    assert FIELDS == (
        "external_id",
        "email",
        "first_name",
        "last_name",
        "department",
        "title",
        "employee_number",
        "cost_center",
        "manager",
        "active",
        "effective_on",
    )
    assert guess_mapping(FIELDS) == {field: field for field in FIELDS}


@pytest.mark.parametrize(
    ("cell", "name"),
    [
        ("E-Mail", "e mail"),
        ("  First__Name ", "first name"),
        ("Prénom", "prenom"),
        ("STRASSE / Straße", "strasse strasse"),
        ("Employee #", "employee"),
        ("", ""),
        ("---", ""),
    ],
)
def test_names_of_columns(cell: str, name: str) -> None:
    assert normalised(cell) == name


@pytest.mark.parametrize(
    "mapping",
    [
        {  # Workday
            "Employee ID": "external_id",
            "Legal Name - First Name": "first_name",
            "Legal Name - Last Name": "last_name",
            "Email - Primary Work": "email",
            "Business Title": "title",
            "Supervisory Organization": "department",
            "Cost Center": "cost_center",
            "Manager ID": "manager",
            "Worker Status": "active",
            "Effective Date": "effective_on",
        },
        {  # BambooHR
            "Employee #": "employee_number",
            "First Name": "first_name",
            "Last Name": "last_name",
            "Work Email": "email",
            "Department": "department",
            "Job Title": "title",
            "Reporting to": "manager",
            "Status": "active",
        },
        {  # Personio
            "ID": "external_id",
            "Vorname": "first_name",
            "Nachname": "last_name",
            "E-Mail": "email",
            "Abteilung": "department",
            "Position": "title",
            "Kostenstelle": "cost_center",
            "Vorgesetzter": "manager",
            "Personalnummer": "employee_number",
            "Gültig ab": "effective_on",
        },
        {  # SAP
            "PERNR": "employee_number",
            "Organisationseinheit": "department",
            "KOSTL": "cost_center",
            "E-Mail-Adresse": "email",
        },
        {  # Active Directory, Entra
            "objectId": "external_id",
            "userPrincipalName": "email",
            "givenName": "first_name",
            "surname": "last_name",
            "jobTitle": "title",
            "department": "department",
            "employeeId": "employee_number",
            "accountEnabled": "active",
        },
        {  # Okta
            "login": "email",
            "firstName": "first_name",
            "lastName": "last_name",
            "employeeNumber": "employee_number",
            "costCenter": "cost_center",
            "managerId": "manager",
            "status": "active",
        },
        {  # French
            "Matricule": "employee_number",
            "Prénom": "first_name",
            "NOM": "last_name",
            "Adresse e-mail": "email",
            "Service": "department",
            "Intitulé du poste": "title",
            "Centre de coûts": "cost_center",
            "Supérieur hiérarchique": "manager",
            "Actif": "active",
        },
    ],
    ids=["workday", "bamboohr", "personio", "sap", "entra", "okta", "french"],
)
def test_usual_exports(mapping: dict[str, str]) -> None:
    assert guess_mapping([*mapping, "Birthday", "Termination Date", ""]) == mapping


@pytest.mark.parametrize("field", list(Field))
def test_each_usual_name_is_recognised_alone(field: Field) -> None:
    ids = {"Employee ID", "Worker ID", "Emp ID", "Staff ID", "Associate ID"}
    ids |= {"Mitarbeiter-ID", "ID employé"}
    for name in SYNONYMS[field]:
        expected = "external_id" if name in ids else field.value
        assert guess_mapping([name]) == {name: expected}


def test_an_employees_id_is_their_external_id_unless_another_column_is() -> None:
    assert guess_mapping(["Employee ID", "Email"]) == {
        "Employee ID": "external_id",
        "Email": "email",
    }
    assert guess_mapping(["Employee ID", "External ID"]) == {
        "Employee ID": "employee_number",
        "External ID": "external_id",
    }
    assert guess_mapping(["Employee ID", "Employee Number"]) == {
        "Employee ID": "external_id",
        "Employee Number": "employee_number",
    }


@pytest.mark.parametrize(
    ("header", "mapping"),
    [
        (["UPN", "E-Mail"], {"E-Mail": "email"}),
        (["Work Email", "email"], {"email": "email"}),
        (["Manager", "Manager Email"], {"Manager Email": "manager"}),
        (["Employment Status", "Status"], {"Status": "active"}),
        (["E-Mail", "e mail"], {"E-Mail": "email"}),
        (["Email", "Email"], {"Email": "email"}),
        (["Full Name", "Name"], {}),
        ([], {}),
    ],
)
def test_of_several_columns_the_most_telling(header: list[str], mapping: dict[str, str]) -> None:
    assert guess_mapping(header) == mapping


def test_what_is_remembered_comes_first() -> None:
    header = ["Email", "Private  E-Mail", "Team", "email"]
    remembered = {"email": "", "private e mail": "email", "team": "cost_center", "gone": "title"}
    assert guess_mapping(header, remembered) == {"Private  E-Mail": "email", "Team": "cost_center"}


def test_what_is_remembered_of_a_field_that_there_is_no_more() -> None:
    assert guess_mapping(["Email", "Team"], {"team": "squad"}) == {"Email": "email"}
    assert guess_mapping(["A", "B"], {"a": "email", "b": "email"}) == {"A": "email"}


def test_a_mapping_in_the_order_of_the_file() -> None:
    header = ["Mail", "Note", "Team", "Note"]
    mapping = {"Team": "department", "Mail": "email", "Note": ""}
    assert checked_mapping(header, mapping) == {"Mail": "email", "Team": "department"}
    assert list(checked_mapping(header, mapping)) == ["Mail", "Team"]


@pytest.mark.parametrize(
    ("mapping", "message"),
    [
        (
            {"Mail": "email", "Dept": "department"},
            "The file has no column “Dept”. Its header has: “Mail”, “Team”, “Note”, “Note”.",
        ),
        (
            {"Mail": "email", "Team": "squad"},
            f"“squad” is no field; those are {', '.join(FIELDS)}.",
        ),
        ({"Mail": "email", "Team": "email"}, "“Mail” and “Team” can't both be email."),
        (
            {"Mail": "email", "Note": "title"},
            "“Note” stands in the header twice: rename or remove one of the columns.",
        ),
        (
            {"Team": "department", "Mail": ""},
            (
                "One column has to say who a person is: their email or external_id."
                " Its header has: “Mail”, “Team”, “Note”, “Note”."
            ),
        ),
    ],
)
def test_mappings_that_cannot_be(mapping: dict[str, str], message: str) -> None:
    assert refusal(["Mail", "Team", "Note", "Note"], mapping) == message


def test_a_long_header_is_told_in_part() -> None:
    header = [f"{number:060}" for number in range(22)]
    names = ", ".join(f"“{'0' * 50}”" for _ in range(20))
    assert refusal(header, {}) == (
        "One column has to say who a person is: their email or external_id."
        f" Its header has: {names} and 2 more."
    )


def test_what_to_remember() -> None:
    header = ["E-Mail", "Team", "e_mail", "Birthday", "--", "Team 2"]
    mapping = {"E-Mail": "email", "Team": "department", "Team 2": ""}
    remembered = to_remember(header, mapping)
    assert remembered == {"e mail": "email", "team": "department", "birthday": "", "team 2": ""}
    assert guess_mapping(["E-MAIL", "Team", "Team 2"], remembered) == {
        "E-MAIL": "email",
        "Team": "department",
    }
