import { Button } from "@saleor/macaw-ui";
import { useState } from "react";
import { Link, useLocation, useParams } from "wouter";
import { useQuery } from "urql";
import { usePowers } from "../bridge";
import { useFormat } from "../format";
import { graphql } from "../gql";
import type { CycleFiguresFragment, ProgramPageQuery } from "../gql/graphql";
import { useAction } from "../parts/action";
import { Bar } from "../parts/bar";
import { Dialog, useDialog } from "../parts/dialog";
import { Card, Figures, Head } from "../parts/page";
import { Failure, Loading, Notice } from "../parts/states";
import { StatusBadge } from "../parts/status";
import { texts } from "../texts";
import { Groups, OF_GROUPS } from "./groups";
import { Preview, usePreview } from "./preview";
import { Cycles } from "./program-cycles";
import { inputOf, RULE_FIELDS, useRules } from "./rules";
import { RulesForm } from "./rules-form";
import { RuleList } from "./rule-list";

const ProgramPageById = graphql(`
  query ProgramPage($id: ID!) {
    programBudgetProgram(id: $id) {
      ...ProgramRules
      groups {
        ...GroupFacts
      }
      cycles(first: 1) {
        totalCount
        edges {
          node {
            ...CycleFigures
          }
        }
      }
    }
    programBudgetMembers(first: 1, filter: { program: $id, isActive: true }) {
      totalCount
    }
  }
`);

type Program = NonNullable<ProgramPageQuery["programBudgetProgram"]>;

const t = texts.program;

export default function ProgramPage() {
  const { id } = useParams<{ id: string }>();
  const [{ data, error, fetching }, again] = useQuery({
    query: ProgramPageById,
    variables: { id },
    context: OF_GROUPS,
  });
  const [isEditing, setEditing] = useState(false);
  const program = data?.programBudgetProgram;
  if (error) {
    return <Failure error={error} retry={() => again({ requestPolicy: "network-only" })} />;
  }
  if (!program) {
    return fetching ? <Loading /> : <Notice tone="info" title={texts.frame.unknownPage} />;
  }
  if (isEditing) {
    return <Edit program={program} close={() => setEditing(false)} />;
  }
  return (
    <>
      <ProgramHead program={program} edit={() => setEditing(true)} />
      <Current cycle={program.cycles?.edges[0]?.node} program={program} members={data.programBudgetMembers?.totalCount ?? 0} />
      <Card title={t.rules}>
        <RuleList program={program} />
      </Card>
      <Groups program={program} />
      {(program.cycles?.totalCount ?? 0) > 1 ? <Cycles program={program.id} /> : null}
    </>
  );
}

export const OpenProgram = graphql(`
  mutation OpenProgram($id: ID!) {
    programBudgetProgramOpen(id: $id) {
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

const CloseProgram = graphql(`
  mutation CloseProgram($id: ID!) {
    programBudgetProgramClose(id: $id) {
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

function ProgramHead({ program, edit }: { program: Program; edit: () => void }) {
  const powers = usePowers();
  const open = useAction(OpenProgram, t.opened);
  const close = useAction(CloseProgram, t.closed);
  const dialog = useDialog<"close">();
  const [, navigate] = useLocation();
  return (
    <>
      <Head
        title={program.name}
        back={{ href: "/programs", label: t.back }}
        badge={<StatusBadge status={program.status} isOpen={program.isOpen} />}
      >
        {powers.changesPrograms ? (
          <>
            {program.status === "OPEN" ? (
              <Button variant="secondary" onClick={() => dialog.show("close")}>
                {t.close}
              </Button>
            ) : null}
            {program.status === "CLOSED" ? (
              <Button
                variant="secondary"
                disabled={open.isBusy}
                onClick={() => void open.run({ id: program.id })}
              >
                {t.open}
              </Button>
            ) : null}
            <Button variant="secondary" onClick={edit}>
              {t.edit}
            </Button>
            {program.status === "DRAFT" ? (
              <Button onClick={() => navigate(`/setup/${program.id}/people`)}>
                {texts.programs.continue}
              </Button>
            ) : null}
          </>
        ) : null}
      </Head>
      {open.otherErrors().map((error) => (
        <Notice key={error} tone="critical" title={error} />
      ))}
      {dialog.open === "close" ? (
        <Dialog
          title={t.closeTitle}
          submitLabel={t.close}
          isDangerous
          isBusy={close.isBusy}
          errors={close.otherErrors()}
          close={dialog.close}
          submit={async () => (await close.run({ id: program.id })) !== null}
        >
          <p className="weak">{t.closeHint}</p>
        </Dialog>
      ) : null}
    </>
  );
}

function Current(props: { cycle: CycleFiguresFragment | undefined; program: Program; members: number }) {
  const format = useFormat();
  const { cycle, program } = props;
  const links = (
    <>
      <Link className="link" href={`/members?program=${program.id}`}>
        {texts.members.noun(props.members)}
      </Link>
    </>
  );
  if (!cycle?.granted || !cycle.spent || !cycle.lapsed || !cycle.withdrawn) {
    return (
      <Card title={t.figures} actions={links}>
        <p className="weak">{t.noCycle}</p>
      </Card>
    );
  }
  const whole = { ...cycle.granted, amount: cycle.granted.amount + (cycle.carriedIn?.amount ?? 0) };
  const left = whole.amount - cycle.spent.amount - cycle.lapsed.amount - cycle.withdrawn.amount;
  return (
    <Card title={t.figures} actions={links}>
      <Figures
        items={[
          [t.granted, format.money(cycle.granted)],
          [t.carriedIn, cycle.carriedIn ? format.money(cycle.carriedIn) : texts.common.none],
          [t.spent, format.money(cycle.spent)],
          [t.left, format.money({ ...whole, amount: left })],
          [t.lapsed, format.money(cycle.lapsed)],
          [t.withdrawn, format.money(cycle.withdrawn)],
        ]}
      />
      <Bar spent={cycle.spent} ceiling={whole} label={texts.programs.used(program.name)} />
      <p className="weak">
        {format.time(cycle.startsAt)} – {format.time(cycle.endsAt)}
      </p>
    </Card>
  );
}

export const UpdateProgram = graphql(`
  mutation UpdateProgram($id: ID!, $input: ProgramBudgetProgramInput!) {
    programBudgetProgramUpdate(id: $id, input: $input) {
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

function Edit({ program, close }: { program: Program; close: () => void }) {
  const { rules, change } = useRules(program);
  const action = useAction(UpdateProgram, t.saved);
  const preview = usePreview(program.id);
  const save = async () => {
    if (await action.run({ id: program.id, input: inputOf(rules) })) {
      close();
    }
  };
  return (
    <>
      <Head title={program.name} badge={<StatusBadge status={program.status} isOpen={program.isOpen} />}>
        <Button variant="secondary" onClick={close}>
          {texts.dialog.cancel}
        </Button>
        <Button variant="secondary" onClick={() => preview.ask(inputOf(rules))}>
          {t.previewAction}
        </Button>
        <Button disabled={action.isBusy} onClick={() => void save()}>
          {texts.common.save}
        </Button>
      </Head>
      {action.otherErrors(...RULE_FIELDS).map((error) => (
        <Notice key={error} tone="critical" title={error} />
      ))}
      <Preview preview={preview} />
      <RulesForm rules={rules} change={change} errorOf={action.errorOf} isNew={false} />
    </>
  );
}
