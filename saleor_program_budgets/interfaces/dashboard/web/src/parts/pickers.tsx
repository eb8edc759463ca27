// Fields that find one of many: an account, a program.

import { DynamicCombobox } from "@saleor/macaw-ui";
import { useEffect, useId, useRef, useState } from "react";
import { useQuery } from "urql";
import { graphql } from "../gql";
import { texts } from "../texts";
import type { Choice } from "./fields";

/** How many are offered at once; typing finds the others. */
const OFFERED = 20;
const PAUSE_MS = 250;
/** Made once: urql takes another object for another query, and asks without end. */
const OF_PROGRAMS = { additionalTypenames: ["ProgramBudgetProgram"] };

/** The value once it has rested, so that not each key asks the server. */
export function useRested(value: string): string {
  const [rested, setRested] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setRested(value), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [value]);
  return rested;
}

interface SearchProps<Found extends Choice> {
  label: string;
  placeholder: string;
  value: Found | null;
  change: (choice: Found | null) => void;
  options: Found[];
  /** How many there are; those that aren't offered are said to be there. */
  total: number;
  search: (words: string) => void;
  isBusy: boolean;
  error?: string | undefined;
}

/** Choose one of many: the first are offered, and typing finds the others. */
export function SearchField<Found extends Choice>(props: SearchProps<Found>) {
  const id = useId();
  const root = useNamedArrow(props.placeholder);
  const isMore = props.total > props.options.length;
  return (
    <div ref={root}>
      <DynamicCombobox
        id={id}
        label={props.label}
        placeholder={props.placeholder}
        value={props.value}
        options={props.options}
        loading={props.isBusy}
        onInputValueChange={props.search}
        onChange={(choice: Found | null) => props.change(choice)}
        error={Boolean(props.error)}
        helperText={props.error ?? (isMore ? texts.common.offered(props.options.length, props.total) : undefined)}
      />
    </div>
  );
}

/** Say that the component's arrow is the button it acts as: it has the attributes of one alone. */
function useNamedArrow(name: string) {
  const root = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const arrow = root.current?.querySelector("svg[id$=toggle-button]");
    arrow?.setAttribute("role", "button");
    arrow?.setAttribute("aria-label", name);
  });
  return root;
}

const FoundAccounts = graphql(`
  query FoundAccounts($first: Int!, $search: String, $filter: ProgramBudgetAccountFilterInput) {
    programBudgetAccounts(first: $first, search: $search, filter: $filter) {
      totalCount
      edges {
        node {
          id
          name
          parent {
            id
            name
          }
        }
      }
    }
  }
`);

export function AccountField(props: {
  label: string;
  value: Choice | null;
  change: (account: Choice | null) => void;
  error?: string | undefined;
  except?: string;
  isRoot?: boolean;
  /** What can be chosen beside accounts that there are. */
  beside?: Choice;
}) {
  const [words, setWords] = useState("");
  const [{ data, fetching }] = useQuery({
    query: FoundAccounts,
    variables: {
      first: OFFERED,
      search: useRested(words) || null,
      filter: props.isRoot ? { isRoot: true } : {},
    },
    context: OF_ACCOUNTS,
  });
  const list = data?.programBudgetAccounts;
  const found = (list?.edges ?? []).map(({ node }) => ({
    value: node.id,
    label: node.parent ? `${node.parent.name} / ${node.name}` : node.name,
  }));
  const beside = props.beside ? [props.beside] : [];
  return (
    <SearchField
      label={props.label}
      placeholder={texts.accounts.pick}
      value={props.value}
      change={props.change}
      options={[...found.filter(({ value }) => value !== props.except), ...beside]}
      // Whoever is left out is no account that typing would find.
      total={(list?.totalCount ?? 0) - found.filter(({ value }) => value === props.except).length + beside.length}
      search={setWords}
      isBusy={fetching}
      error={props.error}
    />
  );
}

const AccountById = graphql(`
  query AccountById($id: ID!) {
    programBudgetAccount(id: $id) {
      id
      name
    }
  }
`);

/** The account that an id stands for, under its name; null without one. */
export function useAccount(id: string): Choice | null {
  const [{ data }] = useQuery({ query: AccountById, variables: { id }, pause: !id });
  return id ? { value: id, label: data?.programBudgetAccount?.name ?? "…" } : null;
}

/** A list without accounts is one of accounts all the same: a new one changes it. */
export const OF_ACCOUNTS = { additionalTypenames: ["ProgramBudgetAccount"] };

graphql(`
  fragment FoundProgram on ProgramBudgetProgram {
    id
    name
    currency
    timeZone
  }
`);

const FoundPrograms = graphql(`
  query FoundPrograms($first: Int!, $search: String) {
    programBudgetPrograms(first: $first, search: $search, sortBy: { field: NAME, direction: ASC }) {
      totalCount
      edges {
        node {
          ...FoundProgram
        }
      }
    }
  }
`);

const ProgramById = graphql(`
  query ProgramById($id: ID!) {
    programBudgetProgram(id: $id) {
      ...FoundProgram
    }
  }
`);

/** The program that an id stands for; null without one, or while it is looked for. */
export function useProgram(id: string) {
  const [{ data }] = useQuery({ query: ProgramById, variables: { id }, pause: !id });
  return (id && data?.programBudgetProgram) || null;
}

export function ProgramField(props: {
  value: string;
  change: (program: string) => void;
  /** Whether there is no choosing none: the only one is then chosen by itself. */
  isNeeded?: boolean;
  error?: string | undefined;
}) {
  const { value, change, isNeeded } = props;
  const chosen = useProgram(value);
  const [words, setWords] = useState("");
  const [{ data, fetching }] = useQuery({
    query: FoundPrograms,
    variables: { first: OFFERED, search: useRested(words) || null },
    context: OF_PROGRAMS,
  });
  const list = data?.programBudgetPrograms;
  const found = (list?.edges ?? []).map(({ node }) => ({ value: node.id, label: node.name }));
  const only = isNeeded && !value && !words && list?.totalCount === 1 ? found[0]?.value : undefined;
  useEffect(() => {
    if (only) {
      change(only);
    }
    // What can be chosen calls for it, and nothing else.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [only]);
  return (
    <SearchField
      label={texts.common.program}
      placeholder={isNeeded ? texts.programs.pick : texts.common.all}
      value={value ? { value, label: chosen?.name ?? "…" } : null}
      change={(choice) => change(choice?.value ?? "")}
      options={found}
      total={list?.totalCount ?? 0}
      search={setWords}
      isBusy={fetching}
      error={props.error}
    />
  );
}

/** A select can't hold an empty value. */
export const ALL = "all";
