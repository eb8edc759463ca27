// What changed rules would do at the end of the open period: a dry run.

import { useState } from "react";
import { useQuery } from "urql";
import { useFormat } from "../format";
import { graphql } from "../gql";
import type { ProgramBudgetProgramInput, RulesPreviewQuery } from "../gql/graphql";
import { Card } from "../parts/page";
import { Failure, Loading, Notice } from "../parts/states";
import { Table } from "../parts/table";
import { texts } from "../texts";

const RulesPreview = graphql(`
  query RulesPreview($program: ID!, $input: ProgramBudgetProgramInput!) {
    programBudgetRulesPreview(program: $program, input: $input) {
      cycle {
        id
        endsAt
      }
      totals {
        unit
        present {
          ...PlanFigures
        }
        proposed {
          ...PlanFigures
        }
      }
    }
  }

  fragment PlanFigures on ProgramBudgetPlanFigures {
    members
    granted {
      amount
      currency
    }
    carried {
      amount
      currency
    }
    lapsed {
      amount
      currency
    }
  }
`);

type Totals = NonNullable<RulesPreviewQuery["programBudgetRulesPreview"]>["totals"][number];

const t = texts.program;

export function usePreview(program: string) {
  const [input, setInput] = useState<ProgramBudgetProgramInput | null>(null);
  const [{ data, error, fetching }, again] = useQuery({
    query: RulesPreview,
    variables: { program, input: input ?? {} },
    pause: input === null,
    requestPolicy: "network-only",
  });
  return {
    isAsked: input !== null,
    found: data?.programBudgetRulesPreview,
    error,
    fetching,
    again,
    ask: setInput,
  };
}

export function Preview({ preview }: { preview: ReturnType<typeof usePreview> }) {
  if (!preview.isAsked) {
    return null;
  }
  if (preview.error) {
    return <Failure error={preview.error} retry={() => preview.again()} />;
  }
  if (!preview.found) {
    return preview.fetching ? <Loading /> : <Notice tone="info" title={t.noPlan} />;
  }
  return (
    <Card title={t.preview}>
      <p className="weak">{t.previewHint}</p>
      {preview.found.totals.map((totals) => (
        <Compared key={totals.unit} totals={totals} />
      ))}
    </Card>
  );
}

function Compared({ totals }: { totals: Totals }) {
  const format = useFormat();
  return (
    <Table
      label={t.preview}
      rows={[
        { name: t.present, ...totals.present },
        { name: t.proposed, ...totals.proposed },
      ]}
      keyOf={({ name }) => name}
      columns={[
        { name: "", cell: ({ name }) => name },
        { name: t.planMembers, isNumber: true, cell: ({ members }) => format.number(members) },
        { name: t.planGranted, isNumber: true, cell: ({ granted }) => format.money(granted) },
        { name: t.planCarried, isNumber: true, cell: ({ carried }) => format.money(carried) },
        { name: t.planLapsed, isNumber: true, cell: ({ lapsed }) => format.money(lapsed) },
      ]}
    />
  );
}
