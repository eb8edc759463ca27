import { Button } from "@saleor/macaw-ui";
import { Link } from "wouter";
import { useQuery } from "urql";
import { usePowers } from "../bridge";
import { useFormat } from "../format";
import { graphql } from "../gql";
import type { AttemptsQuery, LockoutsQuery } from "../gql/graphql";
import { useAction } from "../parts/action";
import { Empty, Failure } from "../parts/states";
import { Pager, Table, usePaging } from "../parts/table";
import { texts } from "../texts";

const AttemptList = graphql(`
  query Attempts($first: Int!, $after: String) {
    programBudgetCodeAttempts(first: $first, after: $after) {
      totalCount
      pageInfo {
        hasNextPage
        endCursor
      }
      edges {
        node {
          id
          reason
          place
          email
          address
          triedAt
          batch {
            id
            name
          }
        }
      }
    }
  }
`);

type Attempt = NonNullable<AttemptsQuery["programBudgetCodeAttempts"]>["edges"][number]["node"];

const t = texts.codes;
const FEW = 10;

export function Attempts() {
  const paging = usePaging(FEW);
  const [{ data, error }, again] = useQuery({ query: AttemptList, variables: paging.variables });
  const list = data?.programBudgetCodeAttempts;
  return (
    <>
      {error ? <Failure error={error} retry={() => again({ requestPolicy: "network-only" })} /> : null}
      {list?.edges.length === 0 ? (
        <Empty title={t.noAttempts} />
      ) : (
        <AttemptTable rows={list?.edges.map(({ node }) => node)} />
      )}
      <Pager paging={paging} info={list?.pageInfo} total={list?.totalCount} noun={t.attemptNoun} />
    </>
  );
}

function AttemptTable(props: { rows: Attempt[] | undefined }) {
  const format = useFormat();
  return (
    <Table
      label={t.attempts}
      rows={props.rows}
      keyOf={({ id }) => id}
      columns={[
        { name: t.attemptColumns.at, cell: ({ triedAt }) => format.time(triedAt) },
        { name: t.attemptColumns.who, cell: ({ email, address }) => email ?? address ?? t.anonymous },
        { name: t.attemptColumns.reason, cell: ({ reason }) => t.reasons[reason] },
        { name: t.attemptColumns.place, cell: ({ place }) => t.places[place] },
        {
          name: t.attemptColumns.batch,
          cell: ({ batch }) =>
            batch ? (
              <Link className="link" href={`/codes/${batch.id}`}>
                {batch.name}
              </Link>
            ) : (
              texts.common.none
            ),
        },
      ]}
    />
  );
}

const LockoutList = graphql(`
  query Lockouts($first: Int!, $after: String) {
    programBudgetCodeLockouts(first: $first, after: $after, isActive: true) {
      totalCount
      pageInfo {
        hasNextPage
        endCursor
      }
      edges {
        node {
          id
          subject
          userId
          checkoutId
          address
          tries
          startsAt
          endsAt
        }
      }
    }
  }
`);

type Lockout = NonNullable<LockoutsQuery["programBudgetCodeLockouts"]>["edges"][number]["node"];

const Release = graphql(`
  mutation ReleaseLockout($id: ID!) {
    programBudgetCodeLockoutRelease(id: $id) {
      lockout {
        id
        isActive
      }
      errors {
        field
        message
      }
    }
  }
`);

export function Lockouts() {
  const paging = usePaging(FEW);
  const [{ data, error }, again] = useQuery({ query: LockoutList, variables: paging.variables });
  const release = useAction(Release, t.released);
  const powers = usePowers();
  const format = useFormat();
  const list = data?.programBudgetCodeLockouts;
  const end = ({ id }: Lockout) =>
    powers.changesPrograms ? (
      <Button
        variant="secondary"
        size="small"
        disabled={release.isBusy}
        onClick={() => void release.run({ id })}
      >
        {t.release}
      </Button>
    ) : null;
  return (
    <>
      {error ? <Failure error={error} retry={() => again({ requestPolicy: "network-only" })} /> : null}
      {list?.edges.length === 0 ? (
        <Empty title={t.noLockouts} />
      ) : (
        <Table
          label={t.lockouts}
          rows={list?.edges.map(({ node }) => node)}
          keyOf={({ id }) => id}
          columns={[
            {
              name: t.lockoutColumns.who,
              cell: ({ userId, address, checkoutId }) => (
                <span className="mono">{address ?? userId ?? checkoutId}</span>
              ),
            },
            { name: t.lockoutColumns.tries, isNumber: true, cell: ({ tries }) => format.number(tries) },
            { name: t.lockoutColumns.since, cell: ({ startsAt }) => format.time(startsAt) },
            { name: t.lockoutColumns.until, cell: ({ endsAt }) => format.time(endsAt) },
            { name: t.lockoutColumns.action, cell: end },
          ]}
        />
      )}
      <Pager paging={paging} info={list?.pageInfo} total={list?.totalCount} noun={t.lockoutNoun} />
    </>
  );
}
