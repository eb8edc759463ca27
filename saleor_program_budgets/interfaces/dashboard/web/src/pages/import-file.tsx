// A file of people: chosen, looked at, and applied as it was looked at.

import { Button } from "@saleor/macaw-ui";
import { useEffect, useId, useState } from "react";
import { useQuery } from "urql";
import { useFormat } from "../format";
import { graphql } from "../gql";
import type { ImportFactsFragment, ProgramBudgetRosterImportMode } from "../gql/graphql";
import { useAction } from "../parts/action";
import { useAgainWhile } from "../parts/again";
import { Bar } from "../parts/bar";
import { CheckField, ChoiceField } from "../parts/fields";
import { Badge, Figures } from "../parts/page";
import { Failure, Loading, Notice } from "../parts/states";
import { Table } from "../parts/table";
import { texts } from "../texts";

graphql(`
  fragment ImportFacts on ProgramBudgetRosterImport {
    id
    status
    mode
    fileName
    leavers
    rejectedCount
    counts {
      action
      lines
    }
    mapping {
      column
      field
    }
    departments {
      name
      people
      isNew
    }
    rejected {
      line
      field
      message
    }
    progress {
      done
      total
    }
  }
`);

const ImportById = graphql(`
  query ImportById($id: ID!) {
    programBudgetRosterImport(id: $id) {
      ...ImportFacts
    }
  }
`);

type Import = ImportFactsFragment;

const t = texts.setup;

/** With the id of a file that was looked at before, goes on with that. */
export function ImportFile(props: { roster: string; pending: string | null; changed: () => void }) {
  const [chosen, setChosen] = useState<string | null>(props.pending);
  const [isDone, setDone] = useState(false);
  if (!chosen) {
    return (
      <>
        {isDone ? <Notice tone="success" title={t.applied} /> : null}
        <Choose roster={props.roster} done={setChosen} />
      </>
    );
  }
  return (
    <Looked
      id={chosen}
      again={() => setChosen(null)}
      applied={props.changed}
      done={() => {
        setChosen(null);
        setDone(true);
      }}
    />
  );
}

const PreviewImport = graphql(`
  mutation PreviewImport(
    $roster: ID!
    $file: Upload!
    $fileName: String
    $mode: ProgramBudgetRosterImportMode
    $createDepartments: Boolean
  ) {
    programBudgetRosterImportPreview(
      roster: $roster
      file: $file
      fileName: $fileName
      mode: $mode
      createDepartments: $createDepartments
    ) {
      import {
        ...ImportFacts
      }
      errors {
        field
        message
      }
    }
  }
`);

function Choose(props: { roster: string; done: (id: string) => void }) {
  const id = useId();
  const [file, setFile] = useState<File | null>(null);
  const [mode, setMode] = useState<ProgramBudgetRosterImportMode>("PARTIAL");
  const [createDepartments, setCreateDepartments] = useState(true);
  const action = useAction(PreviewImport);
  const look = async () => {
    if (!file) {
      return;
    }
    const variables = { roster: props.roster, file, fileName: file.name, mode, createDepartments };
    const found = (await action.run(variables))?.programBudgetRosterImportPreview?.import;
    if (found) {
      props.done(found.id);
    }
  };
  return (
    <form
      className="fields"
      onSubmit={(event) => {
        event.preventDefault();
        void look();
      }}
    >
      <div className="file">
        <label htmlFor={id}>{t.file}</label>
        <p className="weak small">{t.fileHint}</p>
        <input
          id={id}
          type="file"
          accept=".csv,.txt,.xlsx"
          onChange={(event) => setFile(event.target.files?.[0] ?? null)}
        />
      </div>
      <ChoiceField
        label={t.mode}
        value={mode}
        change={(value) => setMode(value as ProgramBudgetRosterImportMode)}
        options={Object.entries(t.modes).map(([value, label]) => ({ value, label }))}
      />
      <CheckField label={t.departments} isChecked={createDepartments} change={setCreateDepartments} />
      {action.otherErrors().map((error) => (
        <Notice key={error} tone="critical" title={error} />
      ))}
      <div className="actions">
        <Button type="submit" disabled={!file || action.isBusy}>
          {t.preview}
        </Button>
      </div>
    </form>
  );
}

const ApplyImport = graphql(`
  mutation ApplyImport($id: ID!, $confirmedLeavers: Int) {
    programBudgetRosterImportApply(id: $id, confirmedLeavers: $confirmedLeavers) {
      import {
        ...ImportFacts
      }
      errors {
        field
        message
      }
    }
  }
`);

const DiscardImport = graphql(`
  mutation DiscardImport($id: ID!) {
    programBudgetRosterImportDiscard(id: $id) {
      import {
        id
      }
      errors {
        field
        message
      }
    }
  }
`);

function Looked(props: { id: string; again: () => void; applied: () => void; done: () => void }) {
  const [{ data, error }, ask] = useQuery({ query: ImportById, variables: { id: props.id } });
  const apply = useAction(ApplyImport);
  const discard = useAction(DiscardImport);
  const found = data?.programBudgetRosterImport;
  useAgainWhile(found?.status === "APPLYING", () => ask({ requestPolicy: "network-only" }));
  const isApplied = found?.status === "APPLIED";
  const { applied } = props;
  useEffect(() => {
    if (isApplied) {
      applied();
    }
    // That it is applied is what calls for it.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [isApplied]);
  if (error) {
    return <Failure error={error} retry={() => ask({ requestPolicy: "network-only" })} />;
  }
  if (!found) {
    return <Loading />;
  }
  if (found.status === "APPLYING") {
    return <Progress found={found} />;
  }
  if (isApplied) {
    return <Applied done={props.done} />;
  }
  const lines = found.counts.reduce((sum, count) => sum + changes(count), 0);
  const choose = async () => {
    await discard.run({ id: found.id });
    props.again();
  };
  return (
    <div className="stack">
      {found.status === "STALE" ? <Notice tone="warning" title={t.stale} /> : null}
      <Outcome found={found} />
      {apply.otherErrors().map((message) => (
        <Notice key={message} tone="critical" title={message} />
      ))}
      <div className="actions">
        <Button
          disabled={apply.isBusy || found.status === "STALE" || lines === 0}
          onClick={() =>
            void apply.run({
              id: found.id,
              confirmedLeavers: found.mode === "FULL" ? found.leavers : null,
            })
          }
        >
          {t.apply(t.lines(lines))}
        </Button>
        <Button variant="secondary" disabled={discard.isBusy} onClick={() => void choose()}>
          {t.discard}
        </Button>
      </div>
    </div>
  );
}

function changes({ action, lines }: Import["counts"][number]): number {
  return action === "UNCHANGED" ? 0 : lines;
}

function Applied({ done }: { done: () => void }) {
  return (
    <Notice tone="success" title={t.applied}>
      <Button variant="secondary" size="small" onClick={done}>
        {t.another}
      </Button>
    </Notice>
  );
}

function Progress({ found }: { found: Import }) {
  const of = (amount: number) => ({ amount, currency: "" });
  return (
    <div className="stack" role="status">
      <strong>{t.applying}</strong>
      <Bar spent={of(found.progress.done)} ceiling={of(found.progress.total)} label={t.applying} />
    </div>
  );
}

function Outcome({ found }: { found: Import }) {
  const format = useFormat();
  return (
    <>
      <strong>
        {t.previewTitle}: {found.fileName}
      </strong>
      <Figures
        items={[
          ...found.counts.map(({ action, lines }) => [t.actions[action], format.number(lines)] as const),
          [t.rejected, format.number(found.rejectedCount)],
        ]}
      />
      <div className="columns">
        <Columns found={found} />
        <Departments found={found} />
      </div>
      {found.rejected.length > 0 ? <Rejected found={found} /> : null}
    </>
  );
}

function Columns({ found }: { found: Import }) {
  return (
    <div className="stack">
      <strong>{t.columnsTitle}</strong>
      <Table
        label={t.columnsTitle}
        rows={found.mapping}
        keyOf={({ column }) => column}
        columns={[
          { name: t.columnOf.column, cell: ({ column }) => column },
          {
            name: t.columnOf.field,
            cell: ({ field }) =>
              field ? t.fields[field] ?? field : <span className="weak">{t.ignored}</span>,
          },
        ]}
      />
    </div>
  );
}

function Departments({ found }: { found: Import }) {
  const format = useFormat();
  if (found.departments.length === 0) {
    return null;
  }
  return (
    <div className="stack">
      <strong>{t.departmentsTitle}</strong>
      <Table
        label={t.departmentsTitle}
        rows={found.departments}
        keyOf={({ name }) => name}
        columns={[
          {
            name: t.departmentColumns.name,
            cell: ({ name, isNew }) => (
              <>
                {name} {isNew ? <Badge tone="info">{t.newDepartment}</Badge> : null}
              </>
            ),
          },
          {
            name: t.departmentColumns.people,
            isNumber: true,
            cell: ({ people }) => format.number(people),
          },
        ]}
      />
    </div>
  );
}

function Rejected({ found }: { found: Import }) {
  const format = useFormat();
  return (
    <div className="stack">
      <strong>{t.rejectedTitle}</strong>
      <Table
        label={t.rejectedTitle}
        rows={found.rejected}
        keyOf={({ line, field }) => `${line} ${field}`}
        columns={[
          { name: t.rejectedColumns.line, isNumber: true, cell: ({ line }) => format.number(line) },
          { name: t.rejectedColumns.field, cell: ({ field }) => t.fields[field] ?? field },
          { name: t.rejectedColumns.message, cell: ({ message }) => message },
        ]}
      />
      {found.rejectedCount > found.rejected.length ? (
        <p className="weak small">
          {t.rejectedMore(format.number(found.rejected.length), format.number(found.rejectedCount))}
        </p>
      ) : null}
    </div>
  );
}
