import { Button, SearchInput } from "@saleor/macaw-ui";
import { useState } from "react";
import { Link, useLocation, useParams } from "wouter";
import { useQuery } from "urql";
import { usePowers } from "../bridge";
import { useFormat } from "../format";
import { graphql } from "../gql";
import type { BatchCodesQuery, BatchRowFragment, ProgramBudgetCodeState } from "../gql/graphql";
import { useAction } from "../parts/action";
import { useAgainWhile } from "../parts/again";
import { Bar } from "../parts/bar";
import { useDialog } from "../parts/dialog";
import { ChoiceField } from "../parts/fields";
import { Badge, Card, Figures, Head } from "../parts/page";
import { ALL, useRested } from "../parts/pickers";
import { Empty, Failure, Loading, Notice } from "../parts/states";
import { Pager, Table, usePaging } from "../parts/table";
import { texts } from "../texts";
import { HandOutDialog, ReissueDialog, RevokeDialog } from "./batch-dialogs";
import { BatchState, countOf, hasAlarm } from "./codes";
import { nameOf } from "./members";

const BatchById = graphql(`
  query BatchById($id: ID!) {
    programBudgetCodeBatch(id: $id) {
      ...BatchRow
    }
  }
`);

const t = texts.batch;

export default function BatchPage() {
  const { id } = useParams<{ id: string }>();
  const [{ data, error, fetching }, again] = useQuery({ query: BatchById, variables: { id } });
  const refresh = () => again({ requestPolicy: "network-only" });
  const batch = data?.programBudgetCodeBatch;
  useAgainWhile(batch?.status === "GENERATING" && !batch.error, refresh);
  if (error) {
    return <Failure error={error} retry={refresh} />;
  }
  if (!batch) {
    return fetching ? <Loading /> : <Notice tone="info" title={texts.frame.unknownPage} />;
  }
  return (
    <>
      <BatchHead batch={batch} />
      {batch.error ? <Notice tone="critical" title={batch.error} /> : null}
      {hasAlarm(batch) ? <Alarm batch={batch} /> : null}
      <Facts batch={batch} />
      {batch.status === "GENERATING" ? null : <Codes batch={batch} />}
    </>
  );
}

function BatchHead({ batch }: { batch: BatchRowFragment }) {
  const powers = usePowers();
  const dialog = useDialog<"handOut" | "revoke" | "reissue">();
  const [, navigate] = useLocation();
  const mayChange = batch.kind === "DISCOUNT" ? powers.issuesDiscounts : powers.changesPrograms;
  const isLive = mayChange && batch.status !== "REVOKED" && batch.status !== "GENERATING";
  const leaves = isLive && batch.delivery === "DOWNLOAD" && (batch.status === "READY" || batch.kind === "DISCOUNT");
  return (
    <Head
      title={batch.name}
      back={{ href: "/codes", label: t.back }}
      badge={<BatchState batch={batch} />}
    >
      {isLive ? (
        <>
          <Button variant="secondary" onClick={() => dialog.show("revoke")}>
            {t.revoke}
          </Button>
          <Button variant="secondary" onClick={() => dialog.show("reissue")}>
            {t.reissue}
          </Button>
        </>
      ) : null}
      {leaves ? <Button onClick={() => dialog.show("handOut")}>{t.handOut}</Button> : null}
      {dialog.open === "handOut" ? <HandOutDialog batch={batch} close={dialog.close} /> : null}
      {dialog.open === "revoke" ? <RevokeDialog batch={batch} close={dialog.close} /> : null}
      {dialog.open === "reissue" ? (
        <ReissueDialog batch={batch} close={dialog.close} done={(id) => navigate(`/codes/${id}`)} />
      ) : null}
    </Head>
  );
}

const Dismiss = graphql(`
  mutation DismissLeak($id: ID!) {
    programBudgetCodeBatchLeakDismiss(id: $id) {
      batch {
        ...BatchRow
      }
      errors {
        field
        message
      }
    }
  }
`);

function Alarm({ batch }: { batch: BatchRowFragment }) {
  const format = useFormat();
  const powers = usePowers();
  const dismiss = useAction(Dismiss, t.dismissed);
  return (
    <Notice tone="critical" title={t.leak} text={t.leakHint(format.time(batch.leakNoticedAt ?? ""))}>
      {powers.changesPrograms ? (
        <Button
          variant="secondary"
          size="small"
          disabled={dismiss.isBusy}
          onClick={() => void dismiss.run({ id: batch.id })}
        >
          {t.dismiss}
        </Button>
      ) : null}
    </Notice>
  );
}

function Facts({ batch }: { batch: BatchRowFragment }) {
  const format = useFormat();
  const of = (amount: number) => ({ amount, currency: "" });
  const states = Object.keys(texts.codes.codeStates) as ProgramBudgetCodeState[];
  return (
    <Card>
      {batch.status === "GENERATING" ? (
        <Bar spent={of(batch.made)} ceiling={of(batch.total)} label={t.making} />
      ) : null}
      <Figures
        items={[
          [texts.codes.columns.codes, format.number(batch.total)],
          ...states.map(
            (state) => [texts.codes.codeStates[state], format.number(countOf(batch, state))] as const,
          ),
          ...(batch.delivery === "EMAIL" ? ([[t.sent, format.number(batch.sent)]] as const) : []),
        ]}
      />
      <p className="weak">
        {[
          texts.codes.kinds[batch.kind],
          batch.amount ? format.money(batch.amount) : null,
          batch.program.name,
          texts.codes.deliveries[batch.delivery],
          `${texts.codes.columns.created} ${format.time(batch.createdAt)}`,
          batch.expiresAt ? `${texts.codes.columns.expires} ${format.time(batch.expiresAt)}` : null,
        ]
          .filter(Boolean)
          .join(" · ")}
      </p>
    </Card>
  );
}

const BatchCodes = graphql(`
  query BatchCodes(
    $id: ID!
    $first: Int!
    $after: String
    $state: ProgramBudgetCodeState
    $search: String
  ) {
    programBudgetCodeBatch(id: $id) {
      id
      codes(first: $first, after: $after, state: $state, search: $search) {
        totalCount
        pageInfo {
          hasNextPage
          endCursor
        }
        edges {
          node {
            id
            number
            state
            redeemedAt
            revokedAt
            sentAt
            member {
              id
              name
              email
            }
          }
        }
      }
    }
  }
`);

type Code = NonNullable<
  NonNullable<BatchCodesQuery["programBudgetCodeBatch"]>["codes"]
>["edges"][number]["node"];

function Codes({ batch }: { batch: BatchRowFragment }) {
  const paging = usePaging();
  const [state, setState] = useState(ALL);
  const [words, setWords] = useState("");
  const rested = useRested(words);
  const [{ data, error }, again] = useQuery({
    query: BatchCodes,
    variables: {
      ...paging.variables,
      id: batch.id,
      state: state === ALL ? null : (state as ProgramBudgetCodeState),
      search: rested || null,
    },
  });
  const list = data?.programBudgetCodeBatch?.codes;
  return (
    <Card title={t.codes}>
      <div className="filters">
        <SearchInput
          className="wide"
          aria-label={texts.common.search}
          placeholder={t.searchHint}
          value={words}
          onChange={(event) => {
            setWords(event.target.value);
            paging.reset();
          }}
        />
        <ChoiceField
          label={texts.common.state}
          value={state}
          change={(value) => {
            setState(value);
            paging.reset();
          }}
          options={[
            { value: ALL, label: texts.common.all },
            ...Object.entries(texts.codes.codeStates).map(([value, label]) => ({ value, label })),
          ]}
        />
      </div>
      {error ? <Failure error={error} retry={() => again({ requestPolicy: "network-only" })} /> : null}
      {list?.edges.length === 0 ? (
        <Empty title={t.noCodes} />
      ) : (
        <CodeTable rows={list?.edges.map(({ node }) => node)} />
      )}
      <Pager paging={paging} info={list?.pageInfo} total={list?.totalCount} noun={t.noun} />
    </Card>
  );
}

function CodeTable(props: { rows: Code[] | undefined }) {
  const format = useFormat();
  const tone = { ACTIVE: "success", REDEEMED: "info", REVOKED: "neutral", EXPIRED: "neutral" } as const;
  return (
    <Table
      label={t.codes}
      rows={props.rows}
      keyOf={({ id }) => id}
      columns={[
        { name: t.columns.number, isNumber: true, cell: ({ number }) => format.number(number) },
        {
          name: t.columns.member,
          cell: ({ member }) => (
            <span className="name">
              <Link className="link" href={`/members/${member.id}`}>
                {nameOf(member)}
              </Link>
              <span className="small weak">{member.email}</span>
            </span>
          ),
        },
        {
          name: t.columns.state,
          cell: ({ state }) => <Badge tone={tone[state]}>{texts.codes.codeStates[state]}</Badge>,
        },
        {
          name: t.columns.at,
          cell: ({ redeemedAt, revokedAt, sentAt }) => {
            const at = redeemedAt ?? revokedAt ?? sentAt;
            return at ? format.time(at) : texts.common.none;
          },
        },
      ]}
    />
  );
}
