import { useState } from "react";
import { graphql } from "../gql";
import type { GroupFactsFragment, ProgramBudgetGroupInput } from "../gql/graphql";
import { useAction } from "../parts/action";
import { Dialog } from "../parts/dialog";
import { AmountField, ChoiceField, TextField } from "../parts/fields";
import { texts } from "../texts";

const CreateGroup = graphql(`
  mutation CreateGroup($program: ID!, $input: ProgramBudgetGroupInput!) {
    programBudgetGroupCreate(program: $program, input: $input) {
      group {
        ...GroupFacts
      }
      errors {
        field
        message
      }
    }
  }
`);

const UpdateGroup = graphql(`
  mutation UpdateGroup($id: ID!, $input: ProgramBudgetGroupInput!) {
    programBudgetGroupUpdate(id: $id, input: $input) {
      group {
        ...GroupFacts
      }
      errors {
        field
        message
      }
    }
  }
`);

const DeleteGroup = graphql(`
  mutation DeleteGroup($id: ID!) {
    programBudgetGroupDelete(id: $id) {
      groupId
      errors {
        field
        message
      }
    }
  }
`);

type Group = GroupFactsFragment;

interface Draft {
  name: string;
  allotment: string;
  items: string;
  carries: "program" | "yes" | "no";
  carryLimit: string;
  carryDays: string;
}

const t = texts.groups;

/** Make a group, or change one. */
export function GroupDialog(props: {
  program: { id: string; currency: string };
  group: Group | null;
  close: () => void;
}) {
  const { program, group } = props;
  const [draft, setDraft] = useState(draftOf(group));
  const create = useAction(CreateGroup, t.created);
  const update = useAction(UpdateGroup, t.saved);
  const action = group ? update : create;
  const change = (part: Partial<Draft>) => setDraft((now) => ({ ...now, ...part }));
  const submit = async () => {
    const input = inputOf(draft);
    const done = group
      ? await update.run({ id: group.id, input })
      : await create.run({ program: program.id, input });
    return done !== null;
  };
  return (
    <Dialog
      title={group ? t.editName(group.name) : t.create}
      submitLabel={texts.common.save}
      isBusy={action.isBusy}
      isReady={draft.name.trim() !== ""}
      errors={action.otherErrors("name", "allotment", "allotmentItems", "carryLimit", "carryDays")}
      close={props.close}
      submit={submit}
    >
      <p className="weak">{t.hint}</p>
      <TextField
        label={texts.rules.name}
        value={draft.name}
        change={(name) => change({ name })}
        error={action.errorOf("name")}
      />
      <div className="fields two">
        <AmountField
          label={texts.rules.allotment}
          value={draft.allotment}
          change={(allotment) => change({ allotment })}
          currency={program.currency}
          hint={t.emptyForProgram}
          error={action.errorOf("allotment")}
        />
        <TextField
          label={texts.rules.items}
          type="number"
          value={draft.items}
          change={(items) => change({ items })}
          hint={t.emptyForProgram}
          error={action.errorOf("allotmentItems")}
        />
      </div>
      <CarryFields draft={draft} change={change} currency={program.currency} errorOf={action.errorOf} />
    </Dialog>
  );
}

function CarryFields(props: {
  draft: Draft;
  change: (part: Partial<Draft>) => void;
  currency: string;
  errorOf: (field: string) => string | undefined;
}) {
  const { draft, change, errorOf } = props;
  return (
    <>
      <ChoiceField
        label={texts.rules.carries}
        value={draft.carries}
        change={(carries) => change({ carries: carries as Draft["carries"] })}
        options={[
          { value: "program", label: t.asProgram },
          { value: "yes", label: texts.rules.yes },
          { value: "no", label: texts.rules.no },
        ]}
      />
      {draft.carries === "yes" ? (
        <div className="fields two">
          <AmountField
            label={texts.rules.carryLimit}
            value={draft.carryLimit}
            change={(carryLimit) => change({ carryLimit })}
            currency={props.currency}
            hint={texts.rules.carryLimitHint}
            error={errorOf("carryLimit")}
          />
          <TextField
            label={texts.rules.carryDays}
            type="number"
            value={draft.carryDays}
            change={(carryDays) => change({ carryDays })}
            hint={texts.rules.carryDaysHint}
            error={errorOf("carryDays")}
          />
        </div>
      ) : null}
    </>
  );
}

function draftOf(group: Group | null): Draft {
  const carries = group?.carriesForward;
  return {
    name: group?.name ?? "",
    allotment: group?.allotment ? String(group.allotment.amount) : "",
    items: typeof group?.allotmentItems === "number" ? String(group.allotmentItems) : "",
    carries: typeof carries === "boolean" ? (carries ? "yes" : "no") : "program",
    carryLimit: group?.carryLimit ? String(group.carryLimit.amount) : "",
    carryDays: group?.carryDays ? String(group.carryDays) : "",
  };
}

function inputOf(draft: Draft): ProgramBudgetGroupInput {
  const carries = draft.carries === "yes";
  return {
    name: draft.name,
    allotment: draft.allotment || null,
    allotmentItems: draft.items ? Number(draft.items) : null,
    carriesForward: draft.carries === "program" ? null : carries,
    carryLimit: carries && draft.carryLimit ? draft.carryLimit : null,
    carryDays: carries && draft.carryDays ? Number(draft.carryDays) : null,
  };
}

export function DeleteGroupDialog({ group, close }: { group: Group; close: () => void }) {
  const action = useAction(DeleteGroup, t.removed);
  return (
    <Dialog
      title={t.removeTitle(group.name)}
      submitLabel={texts.common.remove}
      isDangerous
      isBusy={action.isBusy}
      errors={action.otherErrors()}
      close={close}
      submit={async () => (await action.run({ id: group.id })) !== null}
    >
      <p className="weak">{t.removeHint}</p>
    </Dialog>
  );
}
