import { Button } from "@saleor/macaw-ui";
import { useEffect, useState } from "react";
import { useClient, type CombinedError, type OperationResult } from "urql";
import { graphql } from "../gql";
import type { ProgramRulesFragment, SetupPeopleQuery } from "../gql/graphql";
import { useAction } from "../parts/action";
import { TextField, type Choice } from "../parts/fields";
import { Card } from "../parts/page";
import { AccountField } from "../parts/pickers";
import { withOwnSlug } from "../parts/slug";
import { Failure, Loading, Notice } from "../parts/states";
import { texts } from "../texts";
import { ImportFile } from "./import-file";

const SetupPeople = graphql(`
  query SetupPeople($after: String) {
    programBudgetRosters(first: 100, after: $after) {
      pageInfo {
        hasNextPage
        endCursor
      }
      edges {
        node {
          ...SetupRoster
        }
      }
    }
  }

  fragment SetupRoster on ProgramBudgetRoster {
    id
    name
    activePeopleCount
    account {
      id
      name
    }
    programs {
      id
    }
    imports(first: 1) {
      edges {
        node {
          id
          status
        }
      }
    }
  }
`);

type Roster = NonNullable<SetupPeopleQuery["programBudgetRosters"]>["edges"][number]["node"];

const t = texts.setup;

export function PeopleStep(props: { program: ProgramRulesFragment; done: () => void }) {
  const { program, done } = props;
  const { rosters, error, refresh } = useRosters();
  if (error) {
    return <Failure error={error} retry={refresh} />;
  }
  if (!rosters) {
    return <Loading />;
  }
  const own = rosters.find(({ programs }) => programs.some(({ id }) => id === program.id));
  return (
    <>
      {own ? (
        <Card title={own.account.name}>
          {own.activePeopleCount > 0 ? (
            <Notice tone="success" title={t.rosterReady(t.people(own.activePeopleCount))} />
          ) : null}
          <ImportFile roster={own.id} pending={pendingOf(own)} changed={refresh} />
        </Card>
      ) : (
        <Organization program={program} rosters={rosters} done={refresh} />
      )}
      <div className="actions end">
        <Button variant={own?.activePeopleCount ? "primary" : "secondary"} onClick={done}>
          {t.forward}
        </Button>
      </div>
    </>
  );
}

/** All rosters, page after page: the API doesn't know them by their programs. */
function useRosters() {
  const client = useClient();
  const [rosters, setRosters] = useState<Roster[] | null>(null);
  const [error, setError] = useState<CombinedError | undefined>();
  const load = async () => {
    const found: Roster[] = [];
    let after: string | null | undefined = null;
    do {
      const answer: OperationResult<SetupPeopleQuery> = await client.query(
        SetupPeople,
        { after },
        { requestPolicy: "network-only" },
      );
      setError(answer.error);
      const list = answer.data?.programBudgetRosters;
      if (!list) {
        return;
      }
      found.push(...list.edges.map(({ node }) => node));
      after = list.pageInfo.hasNextPage ? list.pageInfo.endCursor : null;
    } while (after);
    setRosters(found);
  };
  useEffect(() => {
    void load();
    // Once, and again when something was changed.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, []);
  return { rosters, error, refresh: () => void load() };
}

/** The file that was looked at and not yet applied, when somebody left in between. */
function pendingOf(roster: Roster): string | null {
  const last = roster.imports?.edges[0]?.node;
  return last && (last.status === "DRAFT" || last.status === "APPLYING") ? last.id : null;
}

const CreateOrganization = graphql(`
  mutation CreateOrganization($input: ProgramBudgetAccountCreateInput!) {
    programBudgetAccountCreate(input: $input) {
      account {
        id
        name
      }
      errors {
        field
        message
      }
    }
  }
`);

const CreateRoster = graphql(`
  mutation CreateRoster($input: ProgramBudgetRosterCreateInput!) {
    programBudgetRosterCreate(input: $input) {
      roster {
        id
      }
      errors {
        field
        message
      }
    }
  }
`);

const JoinRoster = graphql(`
  mutation JoinRoster($id: ID!, $input: ProgramBudgetRosterInput!) {
    programBudgetRosterUpdate(id: $id, input: $input) {
      roster {
        id
      }
      errors {
        field
        message
      }
    }
  }
`);

const NEW: Choice = { value: "new", label: t.fresh };

function useOrganization(program: ProgramRulesFragment, rosters: Roster[]) {
  const createAccount = useAction(CreateOrganization, undefined, withOwnSlug);
  const createRoster = useAction(CreateRoster);
  const join = useAction(JoinRoster);
  const withRoster = async (account: { id: string; name: string }) => {
    const known = rosters.find((roster) => roster.account.id === account.id);
    if (known) {
      const programs = [...known.programs.map(({ id }) => id), program.id];
      return join.run({ id: known.id, input: { programs } });
    }
    const input = { name: account.name, account: account.id, programs: [program.id] };
    return createRoster.run({ input });
  };
  return {
    isBusy: createAccount.isBusy || createRoster.isBusy || join.isBusy,
    errors: [createAccount, createRoster, join].flatMap((action) => action.otherErrors()),
    choose: withRoster,
    create: async (name: string) => {
      const data = await createAccount.run({ input: { name, kind: "ORGANIZATION" } });
      const account = data?.programBudgetAccountCreate?.account;
      return account ? withRoster(account) : null;
    },
  };
}

/** Whose people take part: an organization that there is, or a new one. */
function Organization(props: { program: ProgramRulesFragment; rosters: Roster[]; done: () => void }) {
  const organization = useOrganization(props.program, props.rosters);
  const [choice, setChoice] = useState<Choice | null>(NEW);
  const [name, setName] = useState("");
  const isNew = choice?.value === NEW.value;
  const submit = async () => {
    const done = isNew
      ? organization.create(name)
      : choice && organization.choose({ id: choice.value, name: choice.label });
    if (await done) {
      props.done();
    }
  };
  return (
    <Card title={t.organization}>
      <p className="weak">{t.organizationHint}</p>
      <form
        className="fields"
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        <AccountField label={t.organization} value={choice} change={setChoice} isRoot beside={NEW} />
        {isNew ? <TextField label={texts.accounts.name} value={name} change={setName} /> : null}
        {organization.errors.map((error) => (
          <Notice key={error} tone="critical" title={error} />
        ))}
        <div className="actions">
          <Button type="submit" disabled={organization.isBusy || !choice || (isNew && !name.trim())}>
            {t.chooseOrganization}
          </Button>
        </div>
      </form>
    </Card>
  );
}
