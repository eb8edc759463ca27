// Groups of members with terms of their own: an allotment, and whether it is carried forward.

import { Button } from "@saleor/macaw-ui";
import { useState } from "react";
import { Link } from "wouter";
import { useQuery } from "urql";
import { usePowers } from "../bridge";
import { useFormat, type Format } from "../format";
import { graphql } from "../gql";
import type { GroupFactsFragment } from "../gql/graphql";
import { useAction } from "../parts/action";
import { addressOf } from "../parts/address";
import { ChoiceField } from "../parts/fields";
import { Card } from "../parts/page";
import { ALL } from "../parts/pickers";
import { Empty, Notice } from "../parts/states";
import { Table } from "../parts/table";
import { texts } from "../texts";
import { DeleteGroupDialog, GroupDialog } from "./group-dialogs";

graphql(`
  fragment GroupFacts on ProgramBudgetGroup {
    id
    name
    allotment {
      amount
      currency
    }
    allotmentItems
    carriesForward
    carryLimit {
      amount
      currency
    }
    carryDays
    memberCount
  }
`);

const GroupNames = graphql(`
  query GroupNames($program: ID!) {
    programBudgetProgram(id: $program) {
      id
      groups {
        id
        name
      }
    }
  }
`);

const Reorder = graphql(`
  mutation ReorderGroups($program: ID!, $groups: [ID!]!) {
    programBudgetGroupReorder(program: $program, groups: $groups) {
      groups {
        id
        position
      }
      errors {
        field
        message
      }
    }
  }
`);

type Group = GroupFactsFragment;

interface Program {
  id: string;
  currency: string;
  groups?: Group[] | null;
}

interface Task {
  kind: "edit" | "remove";
  /** None for one that is to be made. */
  group: Group | null;
}

const t = texts.groups;

/** A program's groups in order: of several that a member is in, the first one counts. */
export function Groups({ program }: { program: Program }) {
  const [task, setTask] = useState<Task | null>(null);
  const powers = usePowers();
  const reorder = useAction(Reorder);
  const groups = program.groups ?? [];
  const close = () => setTask(null);
  const lift = (index: number) => {
    const ids = groups.map(({ id }) => id);
    ids.splice(index - 1, 0, ...ids.splice(index, 1));
    void reorder.run({ program: program.id, groups: ids });
  };
  return (
    <Card
      title={t.title}
      actions={
        powers.changesPrograms ? (
          <Button variant="secondary" size="small" onClick={() => setTask({ kind: "edit", group: null })}>
            {t.create}
          </Button>
        ) : null
      }
    >
      {reorder.otherErrors().map((error) => (
        <Notice key={error} tone="critical" title={error} />
      ))}
      {groups.length === 0 ? (
        <Empty title={t.empty} text={t.emptyHint} />
      ) : (
        <GroupTable program={program} groups={groups} start={setTask} lift={lift} />
      )}
      {task?.kind === "edit" ? <GroupDialog program={program} group={task.group} close={close} /> : null}
      {task?.kind === "remove" && task.group ? <DeleteGroupDialog group={task.group} close={close} /> : null}
    </Card>
  );
}

function GroupTable(props: {
  program: Program;
  groups: Group[];
  start: (task: Task) => void;
  lift: (index: number) => void;
}) {
  const format = useFormat();
  const powers = usePowers();
  const actions = (group: Group, index: number) => (
    <span className="actions end">
      {index > 0 ? (
        <Button
          variant="tertiary"
          size="small"
          aria-label={t.liftName(group.name)}
          onClick={() => props.lift(index)}
        >
          {t.lift}
        </Button>
      ) : null}
      <Button
        variant="tertiary"
        size="small"
        aria-label={t.editName(group.name)}
        onClick={() => props.start({ kind: "edit", group })}
      >
        {t.edit}
      </Button>
      <Button
        variant="tertiary"
        size="small"
        aria-label={t.removeName(group.name)}
        onClick={() => props.start({ kind: "remove", group })}
      >
        {texts.common.remove}
      </Button>
    </span>
  );
  return (
    <Table
      label={t.title}
      rows={props.groups.map((group, index) => ({ group, index }))}
      keyOf={({ group }) => group.id}
      columns={[
        { name: t.columns.name, cell: ({ group }) => group.name },
        {
          name: t.columns.allotment,
          isNumber: true,
          cell: ({ group }) => (group.allotment ? format.money(group.allotment) : t.asProgram),
        },
        {
          name: t.columns.items,
          isNumber: true,
          cell: ({ group }) =>
            typeof group.allotmentItems === "number" ? format.number(group.allotmentItems) : t.asProgram,
        },
        { name: t.columns.carries, cell: ({ group }) => carriesOf(group, format) },
        {
          name: t.columns.members,
          isNumber: true,
          cell: ({ group }) => (
            <Link
              className="link"
              href={addressOf("/members", { program: props.program.id, group: group.id })}
            >
              {format.number(group.memberCount)}
            </Link>
          ),
        },
        ...(powers.changesPrograms
          ? [
              {
                name: t.columns.actions,
                isNumber: true,
                cell: ({ group, index }: { group: Group; index: number }) => actions(group, index),
              },
            ]
          : []),
      ]}
    />
  );
}

function carriesOf(group: Group, format: Format): string {
  if (typeof group.carriesForward !== "boolean") {
    return t.asProgram;
  }
  if (!group.carriesForward) {
    return texts.rules.no;
  }
  return [
    texts.rules.yes,
    group.carryLimit ? `${texts.rules.carryLimit} ${format.money(group.carryLimit)}` : null,
    group.carryDays ? `${texts.rules.carryDays} ${format.number(group.carryDays)}` : null,
  ]
    .filter(Boolean)
    .join(", ");
}

/** Which group of a program a list is about; empty for all its members. */
export function GroupField(props: { program: string; value: string; change: (group: string) => void }) {
  const groups = useGroups(props.program);
  return (
    <ChoiceField
      label={texts.groups.one}
      value={props.value || ALL}
      change={(value) => props.change(value === ALL ? "" : value)}
      options={[
        { value: ALL, label: texts.common.all },
        ...groups.map(({ id, name }) => ({ value: id, label: name })),
      ]}
    />
  );
}

export function useGroups(program: string): { id: string; name: string }[] {
  const [{ data }] = useQuery({
    query: GroupNames,
    variables: { program },
    pause: !program,
    context: OF_GROUPS,
  });
  return data?.programBudgetProgram?.groups ?? [];
}

/** A program without groups has some once one is made. */
export const OF_GROUPS = { additionalTypenames: ["ProgramBudgetGroup"] };
