"""Which column of a file holds what of a person: guessed, checked, and remembered."""

from __future__ import annotations

import re
import unicodedata
from enum import StrEnum
from typing import TYPE_CHECKING

from saleor_program_budgets.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class Field(StrEnum):
    """What a file may say of a person; a column with such a name holds just that."""

    EXTERNAL_ID = "external_id"
    EMAIL = "email"
    FIRST_NAME = "first_name"
    LAST_NAME = "last_name"
    DEPARTMENT = "department"
    TITLE = "title"
    EMPLOYEE_NUMBER = "employee_number"
    COST_CENTER = "cost_center"
    MANAGER = "manager"
    ACTIVE = "active"
    EFFECTIVE_ON = "effective_on"


FIELDS = tuple(field.value for field in Field)
NAMING_FIELDS = (Field.EXTERNAL_ID, Field.EMAIL)
"""The fields that say which person a row is about: a file needs one of them."""
IGNORED = ""
"""What stands for no field, where a column is ignored on purpose."""
MOST_NAMED = 20

SYNONYMS: dict[Field, tuple[str, ...]] = {
    # An employee's id is what other systems know them by, unless another column is that.
    Field.EXTERNAL_ID: (
        *("External ID", "External User ID", "External Reference", "User ID", "Object ID"),
        *("Okta ID", "Person ID", "Person ID External", "UUID", "GUID", "Externe ID"),
        *("Identifiant externe", "ID", "Employee ID", "Worker ID", "Emp ID", "Staff ID"),
        *("Associate ID", "Mitarbeiter-ID", "ID employé", "Identifiant"),
    ),
    Field.EMAIL: (
        *("Email", "Email Address", "Work Email", "Work Email Address", "Business Email"),
        *("Company Email", "Corporate Email", "Primary Email", "Primary Work Email"),
        *("Email - Work", "Email - Primary Work", "Employee Email", "User Email", "Mail"),
        *("Mail Address", "Email Business", "Email (geschäftlich)", "Geschäftliche E-Mail"),
        *("E-Mail-Adresse", "Mailadresse", "Dienstliche E-Mail", "E-Mail dienstlich"),
        *("Adresse e-mail", "Adresse email", "Adresse mail", "Courriel", "Email professionnel"),
        *("E-mail professionnel", "Adresse électronique", "User Principal Name", "UPN", "Login"),
    ),
    Field.FIRST_NAME: (
        *("First Name", "Given Name", "Forename", "Legal First Name", "Preferred First Name"),
        *("Preferred Name", "Preferred Name - First Name", "Legal Name - First Name"),
        *("Vorname", "Rufname", "Prénom"),
    ),
    Field.LAST_NAME: (
        *("Last Name", "Surname", "Family Name", "Legal Last Name", "Preferred Last Name"),
        *("Preferred Name - Last Name", "Legal Name - Last Name", "SN"),
        *("Nachname", "Familienname", "Zuname", "Nom", "Nom de famille"),
    ),
    Field.DEPARTMENT: (
        *("Department", "Dept", "Department Name", "Dept Name", "Organizational Unit"),
        *("Organisational Unit", "Organization Unit", "Org Unit", "Supervisory Organization"),
        *("Division", "Business Unit", "Team"),
        *("Abteilung", "Organisationseinheit", "Orgeinheit", "Bereich"),
        *("Département", "Service", "Unité organisationnelle"),
    ),
    Field.TITLE: (
        *("Title", "Job Title", "Business Title", "Position", "Position Title", "Job"),
        *("Role", "Job Profile", "Designation"),
        *("Stellenbezeichnung", "Berufsbezeichnung", "Funktion", "Stelle"),
        *("Poste", "Intitulé du poste", "Fonction"),
    ),
    Field.EMPLOYEE_NUMBER: (
        *("Employee Number", "Employee No", "Employee #", "Emp No", "Emp Number", "Staff Number"),
        *("Personnel Number", "Personnel No", "Payroll Number", "Badge Number", "PERNR"),
        *("Personalnummer", "Personal-Nr", "Pers.-Nr.", "Mitarbeiternummer", "Mitarbeiter-Nr"),
        *("Matricule", "Numéro d'employé", "Numéro de salarié", "Numéro matricule"),
        *("Employee ID", "Worker ID", "Emp ID", "Staff ID", "Associate ID", "Mitarbeiter-ID"),
        "ID employé",
    ),
    Field.COST_CENTER: (
        *("Cost Center", "Cost Centre", "Cost Center Code", "Cost Centre Code"),
        *("Cost Center ID", "Cost Center Number", "KOSTL"),
        *("Kostenstelle", "Kostenstellennummer", "KST", "Centre de coût", "Centre de coûts"),
    ),
    Field.MANAGER: (
        *("Manager Email", "Manager Email Address", "Manager's Email", "Supervisor Email"),
        *("Supervisor Email Address", "Line Manager Email", "Reporting To Email"),
        *("Vorgesetzter E-Mail", "E-Mail Vorgesetzter", "Email responsable"),
        *("Manager ID", "Manager Employee ID", "Supervisor ID"),
        *("Manager", "Supervisor", "Line Manager", "Direct Manager", "Reports To", "Reporting To"),
        *("Vorgesetzter", "Vorgesetzte", "Vorgesetzte/r", "Führungskraft", "Responsable"),
        *("Supérieur", "Supérieur hiérarchique", "Responsable hiérarchique"),
    ),
    Field.ACTIVE: (
        *("Active", "Is Active", "Status", "Employment Status", "Employee Status"),
        *("Active Status", "Worker Status", "Account Status", "User Status", "Enabled"),
        *("Account Enabled", "Aktiv", "Mitarbeiterstatus", "Beschäftigungsstatus"),
        *("Actif", "Statut"),
    ),
    Field.EFFECTIVE_ON: (
        *("Effective On", "Effective Date", "Effective From", "Valid From", "As Of"),
        *("Gültig ab", "Wirksam ab", "Stichtag", "Date d'effet", "Date effective"),
    ),
}
"""The names of columns in what HR and identity systems export, the most telling first."""


def normalised(header_cell: str) -> str:
    """Return a column's name without what people write differently: case, accents, punctuation."""
    decomposed = unicodedata.normalize("NFKD", header_cell)
    letters = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    return re.sub(r"[\W_]+", " ", letters.casefold()).strip()


def guess_mapping(
    header: Sequence[str], remembered: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Return the field of each column that is recognised; the others are left out.

    What is *remembered* of an earlier file (``to_remember``) comes first, then the fields' own
    names, then the usual ones: of several columns for the same field the most telling is taken.
    An employee's id is their ``external_id``, unless another column is: then ``employee_number``.
    """
    mapping: dict[str, str] = {}
    known = remembered or {}
    for cell in header:
        name = known.get(normalised(cell))
        if name in FIELDS and name not in mapping.values():
            mapping[cell] = name
    free = [cell for cell in header if normalised(cell) not in known]
    for field in Field:
        if field in mapping.values():
            continue
        found = _most_telling(field, [cell for cell in free if cell not in mapping])
        if found is not None:
            mapping[found] = field.value
    return {cell: mapping[cell] for cell in header if cell in mapping}


def checked_mapping(header: Sequence[str], mapping: Mapping[str, str]) -> dict[str, str]:
    """Return the field of each column that is used, in the order of the file.

    Raises ``InvalidInput`` for a column or a field that there isn't, for a field or a column
    that is there twice, and where no column says who a person is.
    """
    for cell, name in mapping.items():
        if cell not in header:
            raise _unusable(f"The file has no column “{cell[:50]}”. {_found(header)}")
        if name not in (*FIELDS, IGNORED):
            raise _unusable(f"“{name[:50]}” is no field; those are {', '.join(FIELDS)}.")
    used = {cell: mapping[cell] for cell in header if mapping.get(cell)}
    for cell, name in used.items():
        if header.count(cell) > 1:
            raise _unusable(
                f"“{cell[:50]}” stands in the header twice: rename or remove one of the columns."
            )
        others = [other for other in used if other != cell and used[other] == name]
        if others:
            raise _unusable(f"“{cell[:50]}” and “{others[0][:50]}” can't both be {name}.")
    if not set(NAMING_FIELDS).intersection(used.values()):
        raise _unusable(
            f"One column has to say who a person is: their email or external_id. {_found(header)}"
        )
    return used


def to_remember(header: Sequence[str], mapping: Mapping[str, str]) -> dict[str, str]:
    """Return what a mapping says of all columns, for ``guess_mapping`` of the next file."""
    ignored = {normalised(cell): IGNORED for cell in header}
    used = {normalised(cell): name for cell, name in mapping.items() if name}
    return {name: field for name, field in (ignored | used).items() if name}


def _most_telling(field: Field, cells: Sequence[str]) -> str | None:
    if field.value in cells:
        return field.value
    by_key = {_key(cell): cell for cell in reversed(cells)}
    return next((by_key[key] for key in _KEYS[field] if key in by_key), None)


def _key(header_cell: str) -> str:
    """Return a column's name as it is compared: “givenName” is “Given Name”."""
    return normalised(header_cell).replace(" ", "")


_KEYS = {field: tuple(map(_key, names)) for field, names in SYNONYMS.items()}


def _found(header: Sequence[str]) -> str:
    names = [f"“{cell[:50]}”" for cell in header[:MOST_NAMED]]
    more = f" and {len(header) - MOST_NAMED} more" if len(header) > MOST_NAMED else ""
    return f"Its header has: {', '.join(names)}{more}."


def _unusable(message: str) -> InvalidInput:
    return InvalidInput("mapping", message)
