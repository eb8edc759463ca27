import { useQuery } from "urql";
import { useFormat, type Money } from "../format";
import { graphql } from "../gql";
import { Card } from "../parts/page";
import { Failure } from "../parts/states";
import { Pager, Table, usePaging } from "../parts/table";
import { texts } from "../texts";

graphql(`
  fragment CycleFigures on ProgramBudgetCycle {
    id
    number
    startsAt
    endsAt
    closedAt
    granted {
      amount
      currency
    }
    carriedIn {
      amount
      currency
    }
    spent {
      amount
      currency
    }
    lapsed {
      amount
      currency
    }
    withdrawn {
      amount
      currency
    }
  }
`);

const ProgramCycles = graphql(`
  query ProgramCycles($id: ID!, $first: Int!, $after: String) {
    programBudgetProgram(id: $id) {
      id
      cycles(first: $first, after: $after) {
        totalCount
        pageInfo {
          hasNextPage
          endCursor
        }
        edges {
          node {
            ...CycleFigures
          }
        }
      }
    }
  }
`);

const t = texts.program;
const FEW = 12;

/** All periods of a program, the newest first. */
export function Cycles({ program }: { program: string }) {
  const format = useFormat();
  const paging = usePaging(FEW);
  const [{ data, error }, again] = useQuery({
    query: ProgramCycles,
    variables: { id: program, ...paging.variables },
  });
  const list = data?.programBudgetProgram?.cycles;
  const money = (value: Money | null | undefined) => (value ? format.money(value) : texts.common.none);
  return (
    <Card title={t.cycles}>
      {error ? <Failure error={error} retry={() => again({ requestPolicy: "network-only" })} /> : null}
      <Table
        label={t.cycles}
        rows={list?.edges.map(({ node }) => node)}
        keyOf={({ id }) => id}
        columns={[
          {
            name: t.period,
            cell: ({ startsAt, endsAt }) => `${format.date(startsAt)} – ${format.date(endsAt)}`,
          },
          { name: t.granted, isNumber: true, cell: ({ granted }) => money(granted) },
          { name: t.carriedIn, isNumber: true, cell: ({ carriedIn }) => money(carriedIn) },
          { name: t.spent, isNumber: true, cell: ({ spent }) => money(spent) },
          { name: t.lapsed, isNumber: true, cell: ({ lapsed }) => money(lapsed) },
          { name: t.withdrawn, isNumber: true, cell: ({ withdrawn }) => money(withdrawn) },
        ]}
      />
      <Pager paging={paging} info={list?.pageInfo} total={list?.totalCount} noun={t.cycleNoun} />
    </Card>
  );
}
