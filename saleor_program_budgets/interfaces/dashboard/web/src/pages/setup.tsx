// Setting a program up in four steps. Each is saved as it is left: the draft program, its roster and
// its codes are all that is remembered, so that anybody can go on from anywhere.

import { Button } from "@saleor/macaw-ui";
import { useLocation, useParams, Link } from "wouter";
import { useQuery } from "urql";
import { usePowers } from "../bridge";
import { graphql } from "../gql";
import type { ProgramRulesFragment } from "../gql/graphql";
import { useAction } from "../parts/action";
import { Head } from "../parts/page";
import { withOwnSlug } from "../parts/slug";
import { Failure, Loading, Notice } from "../parts/states";
import { texts } from "../texts";
import { UpdateProgram } from "./program";
import { inputOf, RULE_FIELDS, useRules } from "./rules";
import { RulesForm } from "./rules-form";
import { CodesStep } from "./setup-codes";
import { PeopleStep } from "./setup-people";
import { ReviewStep } from "./setup-review";

const STEPS = ["rules", "people", "codes", "review"] as const;

type Step = (typeof STEPS)[number];

const SetupProgram = graphql(`
  query SetupProgram($id: ID!) {
    programBudgetProgram(id: $id) {
      ...ProgramRules
    }
  }
`);

const t = texts.setup;

export default function SetupPage() {
  const { id, step } = useParams<{ id?: string; step?: string }>();
  const [{ data, error, fetching }, again] = useQuery({
    query: SetupProgram,
    variables: { id: id ?? "" },
    pause: !id,
  });
  const powers = usePowers();
  const program = data?.programBudgetProgram ?? null;
  if (!powers.changesPrograms) {
    return <Notice tone="info" title={texts.frame.forbidden} />;
  }
  if (error) {
    return <Failure error={error} retry={() => again({ requestPolicy: "network-only" })} />;
  }
  if (id && !program) {
    return fetching ? <Loading /> : <Notice tone="info" title={texts.frame.unknownPage} />;
  }
  const current = STEPS.find((each) => each === step) ?? "rules";
  return (
    <>
      <Head
        title={program ? t.titleOf(program.name) : t.title}
        back={{ href: "/programs", label: t.back }}
      />
      <Steps program={program} current={current} />
      <CurrentStep program={program} step={current} />
    </>
  );
}

function CurrentStep({ program, step }: { program: ProgramRulesFragment | null; step: Step }) {
  const [, navigate] = useLocation();
  if (!program || step === "rules") {
    return <RulesStep key={program?.id} program={program} done={(id) => navigate(pathOf(id, "people"))} />;
  }
  const go = (to: Step) => () => navigate(pathOf(program.id, to));
  switch (step) {
    case "people":
      return <PeopleStep program={program} done={go("codes")} />;
    case "codes":
      return <CodesStep program={program} done={go("review")} />;
    case "review":
      return <ReviewStep program={program} done={() => navigate(`/programs/${program.id}`)} />;
  }
}

function pathOf(program: string, step: Step): string {
  return `/setup/${program}/${step}`;
}

function Steps({ program, current }: { program: ProgramRulesFragment | null; current: Step }) {
  const at = STEPS.indexOf(current);
  return (
    <ol className="steps" aria-label={t.title}>
      {STEPS.map((step, index) => {
        const label = `${index + 1}. ${t.steps[index] ?? ""}`;
        return (
          <li key={step} className={index < at ? "done" : undefined}>
            {program ? (
              <Link href={pathOf(program.id, step)} aria-current={step === current ? "step" : undefined}>
                {label}
              </Link>
            ) : (
              <span aria-current={step === current ? "step" : undefined}>{label}</span>
            )}
          </li>
        );
      })}
    </ol>
  );
}

const CreateProgram = graphql(`
  mutation CreateProgram($input: ProgramBudgetProgramCreateInput!) {
    programBudgetProgramCreate(input: $input) {
      program {
        ...ProgramRules
      }
      errors {
        field
        message
      }
    }
  }
`);

function RulesStep(props: { program: ProgramRulesFragment | null; done: (id: string) => void }) {
  const { program } = props;
  const { rules, change } = useRules(program);
  const create = useAction(CreateProgram, undefined, withOwnSlug);
  const update = useAction(UpdateProgram);
  const action = program ? update : create;
  const save = async () => {
    const input = inputOf(rules);
    const saved = program
      ? (await update.run({ id: program.id, input }))?.programBudgetProgramUpdate?.program
      : (await create.run({ input: { ...input, name: rules.name, currency: rules.currency } }))
          ?.programBudgetProgramCreate?.program;
    if (saved) {
      props.done(saved.id);
    }
  };
  return (
    <form
      className="page-form"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
    >
      <p className="weak">{t.rulesHint}</p>
      <RulesForm rules={rules} change={change} errorOf={action.errorOf} isNew={!program} />
      {action.otherErrors(...RULE_FIELDS).map((error) => (
        <Notice key={error} tone="critical" title={error} />
      ))}
      <div className="actions end">
        <Button type="submit" disabled={action.isBusy || !rules.name.trim() || rules.currency.length !== 3}>
          {t.next}
        </Button>
      </div>
    </form>
  );
}
