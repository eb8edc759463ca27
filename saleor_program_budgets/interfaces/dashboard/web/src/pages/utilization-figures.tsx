import type { ReactNode } from "react";
import { Link } from "wouter";
import { useFormat, type Format } from "../format";
import type { FigureLineFragment } from "../gql/graphql";
import { addressOf } from "../parts/address";
import { Bar } from "../parts/bar";
import { Card, Figures } from "../parts/page";
import { Notice } from "../parts/states";
import { texts } from "../texts";
import type { Board } from "./utilization";

/** What the board is asked to show; empty for everything. */
export interface Chosen {
  program: string;
  account: string;
  from: string;
  to: string;
}

interface Props {
  line: FigureLineFragment;
  board: Board;
  chosen: Chosen;
}

const t = texts.utilization;

/** What there is and what happened, in one unit; each figure leads to what is behind it. */
export function Totals({ line, board, chosen }: Props) {
  const format = useFormat();
  return (
    <Card title={line.unit === "ITEM" ? t.pieces : line.unit}>
      <Figures items={stock(line, board, chosen, format)} />
      <Bar spent={line.redeemed} held={line.held} ceiling={line.allocated} label={t.used(line.unit)} />
      {line.runsOutInCycle ? <Notice tone="warning" title={t.runsOutEarly} /> : null}
      <h3 className="small weak">
        {t.between(day(board.periodFrom, format), day(board.periodTo, format))}
      </h3>
      <Figures items={flows(line, board, chosen, format)} />
    </Card>
  );
}

type Items = [string, ReactNode][];

/** As of now: of the open cycles. */
function stock(line: FigureLineFragment, board: Board, chosen: Chosen, format: Format): Items {
  const { program, account } = chosen;
  const members = (text: string) => <To href={addressOf("/members", { program, account })}>{text}</To>;
  const purchases = (state: string, text: string) => (
    <To href={addressOf("/purchases", { program, account, from: begunOn(board), state })}>{text}</To>
  );
  return [
    [t.allocated, members(format.money(line.allocated))],
    [t.redeemed, purchases("APPROVED", format.money(line.redeemed))],
    [
      t.held,
      <To key="held" href={addressOf("/purchases", { program, account, state: "PENDING" })}>
        {format.money(line.held)}
      </To>,
    ],
    [t.remaining, members(format.money(line.remaining))],
    [t.spendable, <To key="caps" href="/accounts">{format.money(line.spendable)}</To>],
    [t.burnRate, purchases("APPROVED", t.aDay(format.money(line.burnRate)))],
    [t.runsOut, line.runsOutAt ? format.date(line.runsOutAt) : texts.common.never],
    [
      t.active,
      <To key="active" href={addressOf("/members", { program, account, state: "active" })}>
        {format.number(line.activeMembers)}
      </To>,
    ],
    [t.spenders, members(format.number(line.spenders))],
    [t.overspent, <To key="proof" href="/accounts">{format.money(line.overspent)}</To>],
  ];
}

/** Of the period that is shown. */
function flows(line: FigureLineFragment, board: Board, chosen: Chosen, format: Format): Items {
  const { program, account } = chosen;
  const span = { from: board.periodFrom, to: chosen.to };
  const purchases = (state: string, text: string) => (
    <To href={addressOf("/purchases", { program, account, ...span, state })}>{text}</To>
  );
  // The journal knows of an account what its caps count. What a member is given isn't part of that:
  // it stands in each member's own history.
  const entries = (kind: string, text: string) => (
    <To
      href={
        account
          ? addressOf("/members", { program, account })
          : addressOf("/entries", { program, kind, ...span })
      }
    >
      {text}
    </To>
  );
  return [
    [t.granted, entries("GRANT", format.money(line.granted))],
    [t.captured, purchases("APPROVED", format.money(line.captured))],
    [
      t.refunded,
      account
        ? purchases("REFUNDED", format.money(line.refunded))
        : entries("REFUND", format.money(line.refunded)),
    ],
    [t.lapsed, entries("LAPSE", format.money(line.lapsed))],
    [t.withdrawn, entries("CLAWBACK", format.money(line.withdrawn))],
    [t.redemptions, purchases("APPROVED", format.number(line.redemptions))],
    [t.refusals, purchases("REFUSED", format.number(line.refusals))],
  ];
}

function To(props: { href: string; children: string }) {
  return (
    <Link className="link" href={props.href}>
      {props.children}
    </Link>
  );
}

/** The day on which the first of the open cycles that are shown began. */
function begunOn({ programs, periodFrom }: Board): string {
  const begun = programs.flatMap(({ cycleStartsAt }) => cycleStartsAt ?? []).sort()[0];
  return begun?.slice(0, 10) ?? periodFrom;
}

function day(date: string, format: Format): string {
  return format.date(`${date}T00:00`);
}

/** What the figures are, for whoever sees them for the first time. */
export function Meaning() {
  return (
    <details className="meaning">
      <summary>{t.meaning}</summary>
      <dl className="rules">
        {Object.entries(t.meanings).map(([name, meaning]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
    </details>
  );
}
