"""Requests about rosters and people."""

from __future__ import annotations

from typing import Any

from tests.host.graphql.queries import ERRORS

VALUES = "values { field before after }"
ROSTER = """
  id name account { slug } programs { slug } placedBy invitationUrl largestLeavePercent
  mapping { column field } peopleCount activePeopleCount createdBy
"""
PERSON = """
  id roster { name } userReference key externalId userName email firstName lastName title
  department employeeNumber costCenter manager { email } account { slug } isActive isSettled version
  members { program { slug } account { slug } isActive }
  planned { id kind account { slug } effectiveAt source actor }
"""
IMPORT = """
  id roster { name } status mode fileName fileKind encoding createsDepartments
  mapping { column field } counts { action lines } leavers
  departments { name account { slug } people isNew }
  rejected { line field message } rejectedCount rejectedFields { field lines }
  progress { done total } createdBy appliedBy appliedAt
"""
LINE = f"number action person {{ email }} {VALUES} effectiveAt status error"

ONE_ROSTER = f"query ($id: ID!) {{ programBudgetRoster(id: $id) {{ {ROSTER} }} }}"
ROSTERS = f"""
query ($first: Int!) {{ programBudgetRosters(first: $first) {{
  totalCount edges {{ node {{ {ROSTER} }} }}
}} }}
"""
TOKENS = """
query ($id: ID!) { programBudgetRoster(id: $id) { tokens {
  id name hint isActive createdBy expiresAt revokedAt revokedBy lastUsedAt
} } }
"""
IMPORTS_OF_ROSTER = """
query ($id: ID!) { programBudgetRoster(id: $id) {
  imports(first: 5) { edges { node { fileName status } } }
} }
"""
ONE_PERSON = f"query ($id: ID!) {{ programBudgetPerson(id: $id) {{ {PERSON} }} }}"
PEOPLE = f"""
query (
  $first: Int!, $filter: ProgramBudgetPersonFilterInput, $search: String,
  $sortBy: ProgramBudgetPersonSortingInput
) {{
  programBudgetPeople(first: $first, filter: $filter, search: $search, sortBy: $sortBy) {{
    totalCount edges {{ node {{ {PERSON} }} }}
  }}
}}
"""
CHANGES = f"""
query ($first: Int = 20, $filter: ProgramBudgetPeopleChangeFilterInput) {{
  programBudgetPeopleChanges(first: $first, filter: $filter) {{ edges {{ node {{
    kind roster {{ name }} person {{ email }} personId program {{ slug }} member {{ email }} userId
    {VALUES} source sourceReference rosterImport {{ fileName }} line actor effectiveAt at
  }} }} }}
}}
"""
ONE_IMPORT = f"query ($id: ID!) {{ programBudgetRosterImport(id: $id) {{ {IMPORT} }} }}"
IMPORTS = f"""
query ($first: Int!, $roster: ID) {{ programBudgetRosterImports(first: $first, roster: $roster) {{
  edges {{ node {{ {IMPORT} }} }}
}} }}
"""
LINES = f"""
query ($id: ID!, $first: Int!, $filter: ProgramBudgetRosterImportLineFilterInput) {{
  programBudgetRosterImport(id: $id) {{
    lines(first: $first, filter: $filter) {{ totalCount edges {{ node {{ {LINE} }} }} }}
  }}
}}
"""
EXPORT = "query ($roster: ID!) { programBudgetRosterExport(roster: $roster) }"

CREATE_ROSTER = f"""
mutation ($input: ProgramBudgetRosterCreateInput!) {{
  programBudgetRosterCreate(input: $input) {{ roster {{ {ROSTER} }} {ERRORS} }}
}}
"""
UPDATE_ROSTER = f"""
mutation ($id: ID!, $input: ProgramBudgetRosterInput!) {{
  programBudgetRosterUpdate(id: $id, input: $input) {{ roster {{ {ROSTER} }} {ERRORS} }}
}}
"""
PREVIEW = f"""
mutation (
  $roster: ID!, $file: Upload, $csv: String, $fileName: String,
  $mode: ProgramBudgetRosterImportMode, $mapping: [ProgramBudgetRosterColumnInput!],
  $createDepartments: Boolean, $effectiveAt: DateTime
) {{
  programBudgetRosterImportPreview(
    roster: $roster, file: $file, csv: $csv, fileName: $fileName, mode: $mode, mapping: $mapping,
    createDepartments: $createDepartments, effectiveAt: $effectiveAt
  ) {{ import {{ {IMPORT} lines(first: 10) {{ edges {{ node {{ {LINE} }} }} }} }} {ERRORS} }}
}}
"""
APPLY = f"""
mutation ($id: ID!, $confirmed: Int) {{
  programBudgetRosterImportApply(id: $id, confirmedLeavers: $confirmed) {{
    isQueued import {{ {IMPORT} }} {ERRORS}
  }}
}}
"""
DISCARD = f"""
mutation ($id: ID!) {{
  programBudgetRosterImportDiscard(id: $id) {{ import {{ id status }} {ERRORS} }}
}}
"""
TOKEN = "id name hint isActive expiresAt revokedAt revokedBy"
CREATE_TOKEN = f"""
mutation ($roster: ID!, $name: String!, $expiresAt: DateTime) {{
  programBudgetRosterTokenCreate(roster: $roster, name: $name, expiresAt: $expiresAt) {{
    secret token {{ {TOKEN} }} {ERRORS}
  }}
}}
"""
ROTATE_TOKEN = f"""
mutation ($id: ID!, $hours: Int) {{
  programBudgetRosterTokenRotate(id: $id, overlapHours: $hours) {{
    secret token {{ {TOKEN} }} {ERRORS}
  }}
}}
"""
REVOKE_TOKEN = f"""
mutation ($id: ID!) {{
  programBudgetRosterTokenRevoke(id: $id) {{ token {{ {TOKEN} }} {ERRORS} }}
}}
"""
UPDATE_PERSON = f"""
mutation ($id: ID!, $input: ProgramBudgetPersonInput!, $version: Int) {{
  programBudgetPersonUpdate(id: $id, input: $input, version: $version) {{
    person {{ {PERSON} }} {ERRORS}
  }}
}}
"""
REMOVE_PERSON = f"""
mutation ($id: ID!) {{
  programBudgetPersonRemove(id: $id) {{ person {{ email }} {ERRORS} }}
}}
"""
CANCEL = f"""
mutation ($id: ID!) {{
  programBudgetPlannedChangeCancel(id: $id) {{
    plannedChange {{ kind person {{ email }} account {{ slug }} appliedAt cancelledAt }} {ERRORS}
  }}
}}
"""
UPSERT = f"""
mutation (
  $roster: ID!, $people: [ProgramBudgetPersonUpsertInput!]!, $createDepartments: Boolean
) {{
  programBudgetPeopleUpsert(
    roster: $roster, people: $people, createDepartments: $createDepartments
  ) {{ results {{ index person {{ {PERSON} }} {ERRORS} }} {ERRORS} }}
}}
"""
DEPARTMENTS = f"""
mutation ($roster: ID!, $departments: [ProgramBudgetDepartmentUpsertInput!]!) {{
  programBudgetDepartmentsUpsert(roster: $roster, departments: $departments) {{
    results {{ index department {{ name kind parent {{ name }} }} {ERRORS} }} {ERRORS}
  }}
}}
"""
GRANT = f"""
mutation ($program: ID!, $grants: [ProgramBudgetAllotmentGrantInput!]!) {{
  programBudgetAllotmentsGrant(program: $program, grants: $grants) {{
    results {{ index isReplay member {{ balance {{ available {{ amount }} }} }} {ERRORS} }} {ERRORS}
  }}
}}
"""
CAPS = f"""
mutation ($program: ID!, $caps: [ProgramBudgetFeedCapInput!]!, $reason: String!) {{
  programBudgetCapsSet(program: $program, caps: $caps, reason: $reason) {{
    results {{ index cap {{ account {{ slug }} ceiling {{ amount }} }} {ERRORS} }} {ERRORS}
  }}
}}
"""
RENEW = f"""
mutation ($program: ID!) {{
  programBudgetCycleRenew(program: $program) {{
    program {{ slug }} cycle {{ number }} renewed isComplete {ERRORS}
  }}
}}
"""


def nodes(page: Any) -> list[Any]:
    """Return the nodes of a page."""
    return [edge["node"] for edge in page["edges"]]
