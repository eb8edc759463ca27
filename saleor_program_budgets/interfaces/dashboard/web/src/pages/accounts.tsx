import { Button, Dropdown, List, Text } from "@saleor/macaw-ui";
import { useState } from "react";
import { Link } from "wouter";
import { useQuery } from "urql";
import { usePowers } from "../bridge";
import { useFormat } from "../format";
import { graphql } from "../gql";
import type { AccountRowFragment } from "../gql/graphql";
import { Bar } from "../parts/bar";
import { Badge, Card, Head } from "../parts/page";
import { OF_ACCOUNTS } from "../parts/pickers";
import { Empty, Failure, Loading } from "../parts/states";
import { PAGE_SIZE, Pager, usePaging } from "../parts/table";
import { texts } from "../texts";
import { CapDialog, CreateDialog, MoveDialog, RaiseDialog, RenameDialog } from "./account-dialogs";

graphql(`
  fragment AccountRow on ProgramBudgetAccount {
    id
    name
    kind
    caps {
      id
      program {
        id
        name
      }
      ceiling {
        amount
        currency
      }
      raised {
        amount
        currency
      }
      raiseEndsAt
      held {
        amount
        currency
      }
      spent {
        amount
        currency
      }
      available {
        amount
        currency
      }
      overhang {
        amount
        currency
      }
    }
  }
`);

const Roots = graphql(`
  query RootAccounts($first: Int!, $after: String) {
    programBudgetAccounts(first: $first, after: $after, filter: { isRoot: true }) {
      totalCount
      pageInfo {
        hasNextPage
        endCursor
      }
      edges {
        node {
          ...AccountRow
        }
      }
    }
  }
`);

const Below = graphql(`
  query AccountsBelow($parent: ID!, $first: Int!, $after: String) {
    programBudgetAccounts(first: $first, after: $after, filter: { parent: $parent }) {
      totalCount
      pageInfo {
        hasNextPage
        endCursor
      }
      edges {
        node {
          ...AccountRow
        }
      }
    }
  }
`);

type Account = AccountRowFragment;
type Cap = Account["caps"][number];

interface Task {
  kind: "cap" | "raise" | "move" | "rename" | "create";
  account: Account | null;
  cap?: Cap;
}

const t = texts.accounts;

export default function AccountsPage() {
  const paging = usePaging();
  const [{ data, error }, again] = useQuery({
    query: Roots,
    variables: paging.variables,
    context: OF_ACCOUNTS,
  });
  const [task, setTask] = useState<Task | null>(null);
  const powers = usePowers();
  const list = data?.programBudgetAccounts;
  const create = powers.changesPrograms ? (
    <Button onClick={() => setTask({ kind: "create", account: null })}>{t.create}</Button>
  ) : null;
  return (
    <>
      <Head title={t.title}>{create}</Head>
      {error ? <Failure error={error} retry={() => again({ requestPolicy: "network-only" })} /> : null}
      <Card>
        {list?.edges.length === 0 ? (
          <Empty title={t.empty} text={t.emptyHint} />
        ) : list ? (
          <Tree accounts={list.edges.map(({ node }) => node)} start={setTask} />
        ) : error ? null : (
          <Loading />
        )}
        <Pager paging={paging} info={list?.pageInfo} total={list?.totalCount} noun={t.noun} />
      </Card>
      {task ? <TaskDialog task={task} close={() => setTask(null)} /> : null}
    </>
  );
}

function TaskDialog({ task, close }: { task: Task; close: () => void }) {
  const { account } = task;
  if (task.kind === "create" || !account) {
    return <CreateDialog parent={account} close={close} />;
  }
  if (task.kind === "raise" && task.cap) {
    return <RaiseDialog account={account} cap={task.cap} close={close} />;
  }
  const Form = { cap: CapDialog, raise: CapDialog, move: MoveDialog, rename: RenameDialog }[task.kind];
  return <Form account={account} close={close} />;
}

function Tree(props: { accounts: Account[]; start: (task: Task) => void }) {
  return (
    <div className="table" role="region" aria-label={t.title} tabIndex={0}>
      <table>
        <caption className="unseen">{t.title}</caption>
        <thead>
          <tr>
            <th scope="col">{t.columns.name}</th>
            <th scope="col">{texts.common.program}</th>
            <th scope="col" className="number">
              {t.columns.cap}
            </th>
            <th scope="col" className="number">
              {t.columns.left}
            </th>
            <th scope="col">{t.columns.used}</th>
            <th scope="col">
              <span className="unseen">{t.columns.actions}</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {props.accounts.map((account) => (
            <Branch key={account.id} account={account} level={0} start={props.start} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** An account with its caps and, once it is unfolded, what stands below it. */
function Branch(props: { account: Account; level: number; start: (task: Task) => void }) {
  const { account, level, start } = props;
  const [isUnfolded, setUnfolded] = useState(level === 0);
  const rows = account.caps.length > 0 ? account.caps : [null];
  return (
    <>
      {rows.map((cap, index) => (
        <tr key={cap?.id ?? account.id}>
          <td>
            {index === 0 ? (
              <div className="indent" style={{ paddingInlineStart: level * 24 }}>
                <button
                  type="button"
                  className="fold"
                  aria-expanded={isUnfolded}
                  aria-label={isUnfolded ? t.fold(account.name) : t.unfold(account.name)}
                  onClick={() => setUnfolded(!isUnfolded)}
                >
                  {isUnfolded ? "▾" : "▸"}
                </button>
                <span className="name">
                  <Link className="link" href={`/members?account=${account.id}`}>
                    {account.name}
                  </Link>
                  <span className="small weak">{t.kinds[account.kind]}</span>
                </span>
              </div>
            ) : null}
          </td>
          <CapCells account={account} cap={cap} />
          <td className="number">
            {index === 0 ? <Menu account={account} cap={cap} start={start} /> : null}
          </td>
        </tr>
      ))}
      {isUnfolded ? <Children account={account} level={level + 1} start={start} /> : null}
    </>
  );
}

function CapCells({ account, cap }: { account: Account; cap: Cap | null }) {
  const format = useFormat();
  if (!cap) {
    return (
      <td colSpan={4} className="weak">
        {t.noCap}
      </td>
    );
  }
  const isOver = cap.overhang.amount > 0;
  return (
    <>
      <td>{cap.program?.name ?? t.allPrograms}</td>
      <td className="number">
        <div>{format.money(cap.ceiling)}</div>
        {cap.raiseEndsAt ? (
          <div className="small weak">
            {t.raisedUntil(format.money(cap.raised), format.time(cap.raiseEndsAt))}
          </div>
        ) : null}
      </td>
      <td className="number">
        {isOver ? (
          <Badge tone="critical">{t.overhang(format.money(cap.overhang))}</Badge>
        ) : (
          format.money(cap.available)
        )}
      </td>
      <td>
        <Bar
          spent={cap.spent}
          held={cap.held}
          ceiling={cap.ceiling}
          label={texts.programs.used(account.name)}
        />
      </td>
    </>
  );
}

/** What stands below an account, page after page. */
function Children(props: {
  account: Account;
  level: number;
  start: (task: Task) => void;
  after?: string;
}) {
  const { account, level, start } = props;
  const [isLonger, setLonger] = useState(false);
  const [{ data, fetching }] = useQuery({
    query: Below,
    variables: { parent: account.id, first: PAGE_SIZE, after: props.after ?? null },
    context: OF_ACCOUNTS,
  });
  const list = data?.programBudgetAccounts;
  if (!list) {
    return fetching ? (
      <tr>
        <td colSpan={6}>
          <Loading />
        </td>
      </tr>
    ) : null;
  }
  const { hasNextPage, endCursor } = list.pageInfo;
  return (
    <>
      {list.edges.map(({ node }) => (
        <Branch key={node.id} account={node} level={level} start={start} />
      ))}
      {hasNextPage && endCursor && isLonger ? <Children {...props} after={endCursor} /> : null}
      {hasNextPage && !isLonger ? (
        <tr>
          <td colSpan={6} style={{ paddingInlineStart: level * 24 + 32 }}>
            <button type="button" className="link" onClick={() => setLonger(true)}>
              {texts.common.more}
            </button>
          </td>
        </tr>
      ) : null}
    </>
  );
}

function Menu(props: { account: Account; cap: Cap | null; start: (task: Task) => void }) {
  const powers = usePowers();
  if (!powers.changesPrograms) {
    return null;
  }
  const { account, cap, start } = props;
  const entries: [string, Task][] = [
    [t.setCap, { kind: "cap", account }],
    ...(cap ? [[t.raise, { kind: "raise", account, cap }] as [string, Task]] : []),
    [t.createBelow, { kind: "create", account }],
    [t.move, { kind: "move", account }],
    [t.rename, { kind: "rename", account }],
  ];
  return (
    <Dropdown>
      <Dropdown.Trigger>
        <Button
          variant="tertiary"
          size="small"
          icon={<span aria-hidden="true">⋮</span>}
          aria-label={t.actionsOf(account.name)}
        />
      </Dropdown.Trigger>
      <Dropdown.Content align="end">
        <List
          id={`actions-${account.id}`}
          padding={2}
          borderRadius={4}
          boxShadow="defaultOverlay"
          backgroundColor="default1"
        >
          {entries.map(([label, task]) => (
            <Dropdown.Item key={label}>
              <List.Item
                borderRadius={4}
                paddingX={2}
                paddingY={1.5}
                onClick={() => start(task)}
              >
                <Text>{label}</Text>
              </List.Item>
            </Dropdown.Item>
          ))}
        </List>
      </Dropdown.Content>
    </Dropdown>
  );
}
