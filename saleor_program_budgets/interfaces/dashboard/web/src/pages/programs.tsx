import { Button, SearchInput } from "@saleor/macaw-ui";
import { useState } from "react";
import { Link, useLocation } from "wouter";
import { useQuery } from "urql";
import { usePowers } from "../bridge";
import { useFormat } from "../format";
import { graphql } from "../gql";
import type { ProgramsQuery } from "../gql/graphql";
import { Bar } from "../parts/bar";
import { Card, Head } from "../parts/page";
import { useRested } from "../parts/pickers";
import { Empty, Failure } from "../parts/states";
import { StatusBadge } from "../parts/status";
import { Pager, Table, usePaging } from "../parts/table";
import { texts } from "../texts";

const Programs = graphql(`
  query Programs($first: Int!, $after: String, $search: String) {
    programBudgetPrograms(
      first: $first
      after: $after
      search: $search
      sortBy: { field: CREATED_AT, direction: DESC }
    ) {
      totalCount
      pageInfo {
        hasNextPage
        endCursor
      }
      edges {
        node {
          id
          name
          currency
          status
          isOpen
          allotment {
            amount
            currency
          }
          cycle {
            id
            startsAt
            endsAt
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
          }
        }
      }
    }
  }
`);

type Program = NonNullable<ProgramsQuery["programBudgetPrograms"]>["edges"][number]["node"];

const t = texts.programs;

export default function ProgramsPage() {
  const [search, setSearch] = useState("");
  const paging = usePaging();
  const rested = useRested(search);
  const [{ data, error }, again] = useQuery({
    query: Programs,
    variables: { ...paging.variables, search: rested || null },
  });
  const powers = usePowers();
  const [, navigate] = useLocation();
  const list = data?.programBudgetPrograms;
  const create = powers.changesPrograms ? (
    <Button onClick={() => navigate("/setup")}>{t.create}</Button>
  ) : null;
  return (
    <>
      <Head title={t.title}>{create}</Head>
      {error ? <Failure error={error} retry={() => again({ requestPolicy: "network-only" })} /> : null}
      <Card>
        <div className="filters">
          <SearchInput
            className="wide"
            aria-label={texts.common.search}
            placeholder={texts.common.search}
            value={search}
            onChange={(event) => {
              setSearch(event.target.value);
              paging.reset();
            }}
          />
        </div>
        {list?.edges.length === 0 ? (
          <Empty title={rested ? t.noMatch : t.empty} text={rested ? "" : t.emptyHint}>
            {rested ? null : create}
          </Empty>
        ) : (
          <ProgramTable rows={list?.edges.map(({ node }) => node)} />
        )}
        <Pager paging={paging} info={list?.pageInfo} total={list?.totalCount} noun={t.noun} />
      </Card>
    </>
  );
}

function ProgramTable(props: { rows: Program[] | undefined }) {
  const format = useFormat();
  return (
    <Table
      label={t.title}
      rows={props.rows}
      keyOf={({ id }) => id}
      columns={[
        { name: t.columns.name, cell: (program) => <Name program={program} /> },
        {
          name: t.columns.state,
          cell: ({ status, isOpen }) => <StatusBadge status={status} isOpen={isOpen} />,
        },
        {
          name: t.columns.period,
          cell: ({ cycle, status }) =>
            cycle ? (
              `${format.date(cycle.startsAt)} – ${format.date(cycle.endsAt)}`
            ) : (
              <span className="weak">
                {status === "DRAFT" ? t.untilOpened : texts.common.none}
              </span>
            ),
        },
        {
          name: t.columns.allotment,
          isNumber: true,
          cell: ({ allotment }) => (allotment ? format.money(allotment) : texts.common.none),
        },
        {
          name: t.columns.granted,
          isNumber: true,
          cell: ({ cycle }) => (cycle ? format.money(grantedIn(cycle)) : texts.common.none),
        },
        {
          name: t.columns.spent,
          isNumber: true,
          cell: ({ cycle }) => (cycle?.spent ? format.money(cycle.spent) : texts.common.none),
        },
        {
          name: t.columns.used,
          cell: ({ cycle, name }) =>
            cycle?.spent ? (
              <Bar spent={cycle.spent} ceiling={grantedIn(cycle)} label={t.used(name)} />
            ) : null,
        },
      ]}
    />
  );
}

function Name({ program }: { program: Program }) {
  const powers = usePowers();
  const continues = program.status === "DRAFT" && powers.changesPrograms;
  return (
    <div className="name">
      <Link className="link" href={`/programs/${program.id}`}>
        {program.name}
      </Link>
      {continues ? (
        <Link className="small weak" href={`/setup/${program.id}/people`}>
          {t.continue} →
        </Link>
      ) : null}
    </div>
  );
}

function grantedIn(cycle: NonNullable<Program["cycle"]>) {
  return {
    amount: (cycle.granted?.amount ?? 0) + (cycle.carriedIn?.amount ?? 0),
    currency: cycle.granted?.currency ?? "",
  };
}
