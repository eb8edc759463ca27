import { Link } from "wouter";
import { useFormat, type Money } from "../format";
import type { FigureLineFragment } from "../gql/graphql";
import { addressOf } from "../parts/address";
import { Bar } from "../parts/bar";
import { Badge } from "../parts/page";
import { Empty } from "../parts/states";
import { Table } from "../parts/table";
import { texts } from "../texts";
import type { Chosen } from "./utilization-figures";
import type { Board } from "./utilization";

type Account = Board["accounts"][number];

interface Row {
  account: Account;
  line: FigureLineFragment;
}

const t = texts.utilization;

/** Departments side by side, each against its cap where it has one. */
export function Accounts(props: {
  accounts: Account[];
  chosen: Chosen;
  enter: (account: string) => void;
}) {
  const format = useFormat();
  const rows = props.accounts.flatMap((account) => account.lines.map((line) => ({ account, line })));
  if (rows.length === 0) {
    return <Empty title={props.chosen.account ? t.noAccounts : texts.accounts.empty} />;
  }
  const { program, from, to } = props.chosen;
  const members = ({ account }: Row, money: Money) => (
    <Behind href={addressOf("/members", { program, account: account.id })} name={account.name}>
      {format.money(money)}
    </Behind>
  );
  const purchases = ({ account }: Row, state: string, money: Money) => (
    <Behind
      href={addressOf("/purchases", { program, account: account.id, from, to, state })}
      name={account.name}
    >
      {format.money(money)}
    </Behind>
  );
  return (
    <Table
      label={t.accounts}
      rows={rows}
      keyOf={({ account, line }) => `${account.id} ${line.unit}`}
      columns={[
        {
          name: texts.common.account,
          cell: ({ account }) => (
            <button type="button" className="link" onClick={() => props.enter(account.id)}>
              {account.name}
            </button>
          ),
        },
        {
          name: t.members,
          isNumber: true,
          cell: ({ account, line }) => (
            <Behind
              href={addressOf("/members", { program, account: account.id, state: "active" })}
              name={account.name}
            >
              {format.number(line.activeMembers)}
            </Behind>
          ),
        },
        { name: t.allocated, isNumber: true, cell: (row) => members(row, row.line.allocated) },
        { name: t.redeemed, isNumber: true, cell: (row) => purchases(row, "APPROVED", row.line.redeemed) },
        { name: t.held, isNumber: true, cell: (row) => purchases(row, "PENDING", row.line.held) },
        { name: t.remaining, isNumber: true, cell: (row) => members(row, row.line.remaining) },
        { name: t.cap, isNumber: true, cell: ({ line }) => <Cap line={line} /> },
        { name: t.usedColumn, cell: (row) => <Used {...row} /> },
      ]}
    />
  );
}

/** A figure that leads to what is behind it, and says of which account it is. */
function Behind(props: { href: string; name: string; children: string }) {
  return (
    <Link className="link" href={props.href} aria-label={t.behind(props.children, props.name)}>
      {props.children}
    </Link>
  );
}

/** Of several caps, the one that leaves least: what its CSV names too. */
function capOf({ caps }: FigureLineFragment) {
  return [...caps].sort((one, other) => one.available.amount - other.available.amount)[0];
}

function Cap({ line }: { line: FigureLineFragment }) {
  const format = useFormat();
  const cap = capOf(line);
  if (!cap) {
    return <span className="weak">{texts.common.none}</span>;
  }
  return (
    <>
      <div>{format.money(cap.ceiling)}</div>
      {cap.overhang.amount > 0 ? (
        <Badge tone="critical">{texts.accounts.overhang(format.money(cap.overhang))}</Badge>
      ) : typeof cap.coverageRatio === "number" ? (
        <div className="small weak">{t.covers(format.percent(cap.coverageRatio))}</div>
      ) : null}
    </>
  );
}

function Used({ account, line }: Row) {
  const cap = capOf(line);
  return (
    <Bar
      spent={cap?.spent ?? line.redeemed}
      held={cap?.held ?? line.held}
      ceiling={cap?.ceiling ?? line.allocated}
      label={texts.programs.used(account.name)}
    />
  );
}
