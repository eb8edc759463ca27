import { Link } from "wouter";
import { useQuery } from "urql";
import { openInDashboard } from "../bridge";
import { useFormat } from "../format";
import { graphql } from "../gql";
import type { EntriesQuery, ProgramBudgetEntryFilterInput } from "../gql/graphql";
import { Badge } from "../parts/page";
import { Empty, Failure } from "../parts/states";
import { Pager, Table, usePaging } from "../parts/table";
import { texts } from "../texts";
import { nameOf } from "./members";

const Entries = graphql(`
  query Entries($first: Int!, $after: String, $filter: ProgramBudgetEntryFilterInput) {
    programBudgetEntries(
      first: $first
      after: $after
      filter: $filter
      sortBy: { field: AT, direction: DESC }
    ) {
      totalCount
      pageInfo {
        hasNextPage
        endCursor
      }
      edges {
        node {
          id
          kind
          bucket
          amount {
            amount
            currency
          }
          balanceAfter {
            amount
            currency
          }
          member {
            id
            name
            email
          }
          account {
            id
            name
          }
          capId
          orderId
          cause
          actor
          at
        }
      }
    }
  }
`);

type Entry = NonNullable<EntriesQuery["programBudgetEntries"]>["edges"][number]["node"];

const t = texts.member;

/** The journal, as far as a filter lets it through, the newest first. */
export function EntryList({ filter }: { filter: ProgramBudgetEntryFilterInput }) {
  const paging = usePaging();
  const [{ data, error }, again] = useQuery({
    query: Entries,
    variables: { ...paging.variables, filter },
  });
  const list = data?.programBudgetEntries;
  return (
    <>
      {error ? <Failure error={error} retry={() => again({ requestPolicy: "network-only" })} /> : null}
      {list?.edges.length === 0 ? (
        <Empty title={t.noHistory} />
      ) : (
        <EntryTable rows={list?.edges.map(({ node }) => node)} isOfOne={Boolean(filter.member)} />
      )}
      <Pager paging={paging} info={list?.pageInfo} total={list?.totalCount} noun={t.historyNoun} />
    </>
  );
}

function EntryTable(props: { rows: Entry[] | undefined; isOfOne: boolean }) {
  const format = useFormat();
  return (
    <Table
      label={t.history}
      rows={props.rows}
      keyOf={({ id }) => id}
      columns={[
        { name: t.historyColumns.at, cell: ({ at }) => format.time(at) },
        { name: t.historyColumns.kind, cell: ({ kind }) => <Badge tone="neutral">{t.kinds[kind]}</Badge> },
        ...(props.isOfOne ? [] : [{ name: t.historyColumns.member, cell: whose }]),
        { name: t.historyColumns.bucket, cell: where },
        { name: t.historyColumns.amount, isNumber: true, cell: ({ amount }) => format.money(amount) },
        {
          name: t.historyColumns.after,
          isNumber: true,
          cell: ({ balanceAfter }) => format.money(balanceAfter),
        },
        { name: t.historyColumns.order, cell: ({ orderId }) => <OrderLink id={orderId} /> },
        { name: t.historyColumns.cause, cell: ({ cause }) => cause },
        { name: t.historyColumns.actor, cell: ({ actor }) => <span className="mono">{actor}</span> },
      ]}
    />
  );
}

/** Whose figure an entry moved: the member's own, or that of a cap above them. */
function where({ bucket, capId, account }: Entry) {
  return capId ? (
    <span className="name">
      {t.buckets[bucket]}
      <span className="small weak">{t.capOn(account?.name ?? "")}</span>
    </span>
  ) : (
    t.buckets[bucket]
  );
}

function whose({ member, account }: Entry) {
  return member ? (
    <Link className="link" href={`/members/${member.id}`}>
      {nameOf(member)}
    </Link>
  ) : (
    account?.name
  );
}

export function OrderLink({ id }: { id: string | null | undefined }) {
  if (!id) {
    return null;
  }
  return (
    <button
      type="button"
      className="link"
      onClick={() => openInDashboard(`/orders/${encodeURIComponent(id)}`)}
    >
      {texts.widgets.open}
    </button>
  );
}
