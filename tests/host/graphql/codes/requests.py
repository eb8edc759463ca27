"""Requests of staff who issue codes."""

from __future__ import annotations

from tests.host.graphql.queries import ERRORS

BATCH = """
  id name kind source status delivery prefix pattern hasName amount { amount currency }
  creditDays creditExpiresAt voucherId expiresAt total made sent
  counts { state codes } rejectedCount rejected { line field message } error
  createdBy deliveredBy deliveredAt revokedBy revokeReason replaces { id }
"""
CREATE = f"""
mutation ($program: ID!, $input: ProgramBudgetCodeBatchInput!) {{
  programBudgetCodeBatchCreate(program: $program, input: $input) {{ batch {{ {BATCH} }} {ERRORS} }}
}}
"""
HAND_OUT = f"""
mutation ($id: ID!) {{
  programBudgetCodeBatchHandOut(id: $id) {{ csv batch {{ {BATCH} }} {ERRORS} }}
}}
"""
REVOKE_BATCH = f"""
mutation ($id: ID!, $reason: String!) {{
  programBudgetCodeBatchRevoke(id: $id, reason: $reason) {{ batch {{ {BATCH} }} {ERRORS} }}
}}
"""
REISSUE_BATCH = f"""
mutation ($id: ID!, $expiresAt: DateTime) {{
  programBudgetCodeBatchReissue(id: $id, expiresAt: $expiresAt) {{ batch {{ {BATCH} }} {ERRORS} }}
}}
"""
CODE = """
  id number code state redeemedAt orderId sentAt sendFailedAt revokedAt revokedBy revokeReason
  batch { id } member { email }
"""
REVOKE = f"""
mutation ($ids: [ID!]!, $reason: String!) {{
  programBudgetCodeRevoke(ids: $ids, reason: $reason) {{ codes {{ {CODE} }} {ERRORS} }}
}}
"""
REISSUE = f"""
mutation ($ids: [ID!]!) {{
  programBudgetCodeReissue(ids: $ids) {{ batch {{ {BATCH} }} {ERRORS} }}
}}
"""
DISMISS = f"""
mutation ($id: ID!) {{
  programBudgetCodeBatchLeakDismiss(id: $id) {{
    batch {{ leakNoticedAt leakDismissedAt }} {ERRORS}
  }}
}}
"""
RELEASE = f"""
mutation ($id: ID!) {{
  programBudgetCodeLockoutRelease(id: $id) {{
    lockout {{ isActive releasedBy releasedAt }} {ERRORS}
  }}
}}
"""
ONE_BATCH = f"""
query (
  $id: ID!, $state: ProgramBudgetCodeState, $search: String, $first: Int = 5, $after: String
) {{
  programBudgetCodeBatch(id: $id) {{
    {BATCH}
    codes(first: $first, after: $after, state: $state, search: $search) {{
      totalCount pageInfo {{ hasNextPage endCursor }} edges {{ node {{ {CODE} }} }}
    }}
  }}
}}
"""
BATCHES = """
query (
  $first: Int = 5, $program: ID, $kind: ProgramBudgetCodeKind, $status: ProgramBudgetCodeBatchStatus
) {
  programBudgetCodeBatches(first: $first, program: $program, kind: $kind, status: $status) {
    edges { node {
      id total counts { state codes } program { slug } account { name } group { name }
      amount { amount } replaces { name }
    } }
  }
}
"""
CODES = f"""
query (
  $first: Int = 5, $after: String, $filter: ProgramBudgetCodeFilterInput, $search: String
) {{
  programBudgetCodes(first: $first, after: $after, filter: $filter, search: $search) {{
    pageInfo {{ hasNextPage endCursor }} edges {{ node {{ {CODE} }} }}
  }}
}}
"""
ATTEMPTS = """
query ($first: Int = 5, $filter: ProgramBudgetCodeAttemptFilterInput) {
  programBudgetCodeAttempts(first: $first, filter: $filter) { edges { node {
    reason place userId email actor address channel { slug } checkoutId orderId triedAt
    code { number member { email } } batch { name }
  } } }
}
"""
LOCKOUTS = """
query ($isActive: Boolean) {
  programBudgetCodeLockouts(first: 5, isActive: $isActive) { edges { node {
    id subject userId checkoutId address tries isActive startsAt endsAt releasedAt
  } } }
}
"""


def nodes(page):
    """Return a page's nodes."""
    return [edge["node"] for edge in page["edges"]]
