import { DAY_MS, useFormat } from "../format";
import type { FigureLineFragment } from "../gql/graphql";
import { Card } from "../parts/page";
import { Empty } from "../parts/states";
import { texts } from "../texts";
import type { Board } from "./utilization";

const t = texts.utilization;
const WIDTH = 560;
const HEIGHT = 180;

interface Point {
  at: number;
  amount: number;
}

/** Spend over time against an even pace, where one cycle gives the pace. */
export function SpendChart({ board, line }: { board: Board; line: FigureLineFragment }) {
  const format = useFormat();
  const spent = spentBy(board, line.unit);
  const last = spent.at(-1);
  if (!last) {
    return (
      <Card title={t.overTime(unitOf(line))}>
        <Empty title={t.noSpend} />
      </Card>
    );
  }
  const even = evenPace(board, line);
  const from = Math.min(spent[0]?.at ?? last.at, even?.[0].at ?? last.at);
  const to = Math.max(last.at, from + DAY_MS);
  const pace = even ? paceAt(even, to) : null;
  const top = Math.max(...spent.map(({ amount }) => amount), pace ?? 0, 1);
  const x = (at: number) => ((at - from) / (to - from)) * WIDTH;
  const y = (amount: number) => HEIGHT - (Math.max(amount, 0) / top) * (HEIGHT - 8);
  const path = spent
    .map(({ at, amount }, index) => `${index ? "L" : "M"}${x(at).toFixed(1)} ${y(amount).toFixed(1)}`)
    .join(" ");
  const money = (amount: number) => format.money({ ...line.redeemed, amount });
  const told = [
    t.spentSoFar(money(last.amount)),
    pace === null ? null : t.evenPace(money(pace)),
  ].filter(Boolean);
  return (
    <Card title={t.overTime(unitOf(line))}>
      <svg className="chart" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={told.join(" ")}>
        <line className="axis" x1={0} x2={WIDTH} y1={HEIGHT} y2={HEIGHT} />
        {pace === null ? null : (
          <line className="pace" x1={x(even?.[0].at ?? from)} y1={HEIGHT} x2={WIDTH} y2={y(pace)} />
        )}
        <path className="area" d={`${path} L${x(last.at)} ${HEIGHT} L${x(spent[0]?.at ?? from)} ${HEIGHT} Z`} />
        <path className="curve" d={path} />
      </svg>
      <p className="weak small">
        {format.date(new Date(from).toISOString())} – {format.date(new Date(to).toISOString())} ·{" "}
        {told.join(" · ")}
      </p>
    </Card>
  );
}

function unitOf({ unit }: FigureLineFragment): string {
  return unit === "ITEM" ? t.pieces : unit;
}

/** What was spent, less refunds, up to the end of each day. */
function spentBy(board: Board, unit: string): Point[] {
  let amount = 0;
  const start = { at: Date.parse(board.periodFrom), amount: 0 };
  const days = board.days
    .filter((day) => day.unit === unit)
    .map((day) => {
      amount += day.captured.amount - day.refunded.amount;
      return { at: Date.parse(day.date) + DAY_MS, amount };
    });
  return days.length > 0 ? [start, ...days] : [];
}

/** From nothing to all that is allocated, over the one cycle that is shown. */
function evenPace(board: Board, line: FigureLineFragment): [Point, Point] | null {
  const [program, ...others] = board.programs;
  if (!program?.cycleStartsAt || !program.cycleEndsAt || others.length > 0) {
    return null;
  }
  return [
    { at: Date.parse(program.cycleStartsAt), amount: 0 },
    { at: Date.parse(program.cycleEndsAt), amount: line.allocated.amount },
  ];
}

function paceAt([start, end]: [Point, Point], at: number): number {
  return Math.min(1, Math.max(0, (at - start.at) / (end.at - start.at))) * end.amount;
}
