import { Button } from "@saleor/macaw-ui";
import { useQuery } from "urql";
import { useFormat } from "../format";
import { graphql } from "../gql";
import type { ProgramRulesFragment } from "../gql/graphql";
import { useAction } from "../parts/action";
import { Card, Figures } from "../parts/page";
import { Failure, Notice } from "../parts/states";
import { texts } from "../texts";
import { OpenProgram } from "./program";
import { RuleList } from "./rule-list";

const SetupReview = graphql(`
  query SetupReview($program: ID!) {
    programBudgetMembers(first: 1, filter: { program: $program, isActive: true }) {
      totalCount
    }
    programBudgetCodes(first: 1, filter: { program: $program, state: ACTIVE }) {
      totalCount
    }
  }
`);

const t = texts.setup;

export function ReviewStep(props: { program: ProgramRulesFragment; done: () => void }) {
  const { program } = props;
  const format = useFormat();
  const [{ data, error }, again] = useQuery({
    query: SetupReview,
    variables: { program: program.id },
    requestPolicy: "network-only",
  });
  const open = useAction(OpenProgram, t.opened);
  const members = data?.programBudgetMembers?.totalCount ?? 0;
  const codes = data?.programBudgetCodes?.totalCount ?? 0;
  const allotment = program.allotment ?? { amount: 0, currency: program.currency };
  const start = async () => {
    if (await open.run({ id: program.id })) {
      props.done();
    }
  };
  return (
    <>
      {error ? <Failure error={error} retry={() => again({ requestPolicy: "network-only" })} /> : null}
      <Card title={t.review}>
        <Figures
          items={[
            [t.reviewMembers, format.number(members)],
            [t.reviewAllotted, format.money({ ...allotment, amount: allotment.amount * members })],
            [texts.codes.title, format.number(codes)],
          ]}
        />
        {data && members === 0 ? <Notice tone="warning" title={t.noMembers} /> : null}
        {program.channels?.length === 0 ? <Notice tone="warning" title={t.noStore} /> : null}
      </Card>
      <Card title={t.reviewRules}>
        <RuleList program={program} />
      </Card>
      {open.otherErrors().map((message) => (
        <Notice key={message} tone="critical" title={message} />
      ))}
      <div className="actions end">
        <span className="weak">{t.openHint}</span>
        <Button disabled={open.isBusy || program.status !== "DRAFT"} onClick={() => void start()}>
          {t.open}
        </Button>
      </div>
    </>
  );
}
