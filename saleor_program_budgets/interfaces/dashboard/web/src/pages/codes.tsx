import { Button } from "@saleor/macaw-ui";
import { useState } from "react";
import { Link, useLocation } from "wouter";
import { useQuery } from "urql";
import { usePowers } from "../bridge";
import { useFormat } from "../format";
import { graphql } from "../gql";
import type { BatchRowFragment } from "../gql/graphql";
import { useAgainWhile } from "../parts/again";
import { Bar } from "../parts/bar";
import { Badge, Card, Head } from "../parts/page";
import { ProgramField } from "../parts/pickers";
import { Empty, Failure } from "../parts/states";
import { Pager, Table, usePaging } from "../parts/table";
import { texts } from "../texts";
import { Attempts, Lockouts } from "./code-tries";
import { IssueDialog } from "./issue-dialog";

graphql(`
  fragment BatchRow on ProgramBudgetCodeBatch {
    id
    name
    kind
    status
    delivery
    total
    made
    sent
    error
    expiresAt
    createdAt
    leakNoticedAt
    leakDismissedAt
    program {
      id
      name
    }
    amount {
      amount
      currency
    }
    counts {
      state
      codes
    }
  }
`);

const Batches = graphql(`
  query Batches($first: Int!, $after: String, $program: ID) {
    programBudgetCodeBatches(first: $first, after: $after, program: $program) {
      totalCount
      pageInfo {
        hasNextPage
        endCursor
      }
      edges {
        node {
          ...BatchRow
        }
      }
    }
  }
`);

type Batch = BatchRowFragment;

const t = texts.codes;

export default function CodesPage() {
  const [program, setProgram] = useState("");
  const [isIssuing, setIssuing] = useState(false);
  const powers = usePowers();
  const [, navigate] = useLocation();
  return (
    <>
      <Head title={t.title}>
        {powers.changesPrograms ? <Button onClick={() => setIssuing(true)}>{t.create}</Button> : null}
      </Head>
      <Card title={t.batches}>
        <BatchList program={program} setProgram={setProgram} />
      </Card>
      <Card title={t.attempts}>
        <Attempts />
      </Card>
      <Card title={t.lockouts}>
        <Lockouts />
      </Card>
      {isIssuing ? (
        <IssueDialog
          program={program}
          close={() => setIssuing(false)}
          done={(batch) => navigate(`/codes/${batch}`)}
        />
      ) : null}
    </>
  );
}

function BatchList(props: { program: string; setProgram: (program: string) => void }) {
  const paging = usePaging();
  const [{ data, error }, again] = useQuery({
    query: Batches,
    variables: { ...paging.variables, program: props.program || null },
  });
  const list = data?.programBudgetCodeBatches;
  const refresh = () => again({ requestPolicy: "network-only" });
  useAgainWhile(list?.edges.some(({ node }) => node.status === "GENERATING") ?? false, refresh);
  return (
    <>
      <div className="filters">
        <ProgramField
          value={props.program}
          change={(program) => {
            props.setProgram(program);
            paging.reset();
          }}
        />
      </div>
      {error ? <Failure error={error} retry={refresh} /> : null}
      {list?.edges.length === 0 ? (
        <Empty title={t.empty} text={t.emptyHint} />
      ) : (
        <BatchTable rows={list?.edges.map(({ node }) => node)} />
      )}
      <Pager paging={paging} info={list?.pageInfo} total={list?.totalCount} noun={t.noun} />
    </>
  );
}

function BatchTable(props: { rows: Batch[] | undefined }) {
  const format = useFormat();
  return (
    <Table
      label={t.batches}
      rows={props.rows}
      keyOf={({ id }) => id}
      columns={[
        {
          name: t.columns.name,
          cell: ({ id, name, kind }) => (
            <span className="name">
              <Link className="link" href={`/codes/${id}`}>
                {name}
              </Link>
              <span className="small weak">{t.kinds[kind]}</span>
            </span>
          ),
        },
        { name: t.columns.program, cell: ({ program }) => program.name },
        {
          name: t.columns.worth,
          isNumber: true,
          cell: ({ amount }) => (amount ? format.money(amount) : t.kinds.DISCOUNT),
        },
        { name: t.columns.codes, isNumber: true, cell: ({ total }) => format.number(total) },
        { name: t.columns.redeemed, cell: (batch) => <Redeemed batch={batch} /> },
        { name: t.columns.state, cell: (batch) => <BatchState batch={batch} /> },
        {
          name: t.columns.expires,
          cell: ({ expiresAt }) => (expiresAt ? format.date(expiresAt) : texts.common.never),
        },
        { name: t.columns.created, cell: ({ createdAt }) => format.date(createdAt) },
      ]}
    />
  );
}

function Redeemed({ batch }: { batch: Batch }) {
  // A meter takes money; of these only the share is shown.
  const of = (amount: number) => ({ amount, currency: "" });
  return <Bar spent={of(countOf(batch, "REDEEMED"))} ceiling={of(batch.total)} label={t.redeemed(batch.name)} />;
}

export function BatchState({ batch }: { batch: Batch }) {
  const format = useFormat();
  if (batch.error) {
    return <Badge tone="critical">{texts.jobs.states.FAILED}</Badge>;
  }
  if (batch.status === "GENERATING") {
    return (
      <Badge tone="info">
        {t.states.GENERATING} {t.progress(format.number(batch.made), format.number(batch.total))}
      </Badge>
    );
  }
  const tone = { READY: "success", DELIVERED: "success", REVOKED: "neutral" } as const;
  return (
    <span className="actions">
      <Badge tone={tone[batch.status]}>{t.states[batch.status]}</Badge>
      {hasAlarm(batch) ? <Badge tone="critical">{t.leak}</Badge> : null}
    </span>
  );
}

/** Whether a leak was noticed that nobody has said to have seen. */
export function hasAlarm({ leakNoticedAt, leakDismissedAt }: Batch): boolean {
  return Boolean(leakNoticedAt) && (!leakDismissedAt || leakDismissedAt < (leakNoticedAt ?? ""));
}

export function countOf(batch: Batch, state: Batch["counts"][number]["state"]): number {
  return batch.counts.find((each) => each.state === state)?.codes ?? 0;
}
