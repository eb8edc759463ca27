import { Link } from "wouter";
import { useFormat } from "../format";
import type { RedemptionRowFragment } from "../gql/graphql";
import { Bar } from "../parts/bar";
import { Badge } from "../parts/page";
import { Empty } from "../parts/states";
import { Table } from "../parts/table";
import { texts } from "../texts";
import { addressOf } from "../parts/address";
import { OrderLink } from "./entry-list";
import { nameOf } from "./members";
import type { Board } from "./utilization";
import type { Chosen } from "./utilization-figures";

const t = texts.utilization;

/** Purchases and refusals as they come in. */
export function Recent(props: { redemptions: RedemptionRowFragment[]; chosen: Chosen }) {
  if (props.redemptions.length === 0) {
    return <Empty title={t.noRecent} />;
  }
  const { program, account } = props.chosen;
  return (
    <>
      <PurchaseTable label={t.recent} rows={props.redemptions} />
      <Link className="link" href={addressOf("/purchases", { program, account })}>
        {t.allPurchases}
      </Link>
    </>
  );
}

export function PurchaseTable(props: { label: string; rows: RedemptionRowFragment[] | undefined }) {
  const format = useFormat();
  return (
    <Table
      label={props.label}
      rows={props.rows}
      keyOf={({ cursor }) => cursor}
      columns={[
        { name: t.at, cell: ({ at }) => format.time(at) },
        { name: texts.common.state, cell: (redemption) => <State redemption={redemption} /> },
        { name: t.member, cell: (redemption) => <Who {...redemption} /> },
        { name: texts.common.account, cell: ({ accountName }) => accountName },
        {
          name: t.amount,
          isNumber: true,
          cell: ({ amount }) => (amount ? format.money(amount) : texts.common.none),
        },
        {
          name: t.spentColumn,
          isNumber: true,
          cell: ({ state, captured }) =>
            state === "APPROVED" ? format.money(captured) : texts.common.none,
        },
        {
          name: t.refunded,
          isNumber: true,
          cell: ({ refunded }) => (refunded.amount > 0 ? format.money(refunded) : texts.common.none),
        },
        {
          name: t.left,
          isNumber: true,
          cell: ({ available }) => (available ? format.money(available) : texts.common.none),
        },
        { name: t.order, cell: ({ orderId }) => <OrderLink id={orderId} /> },
      ]}
    />
  );
}

function State({ redemption: { state, code } }: { redemption: RedemptionRowFragment }) {
  const tone = { APPROVED: "success", PENDING: "info", REFUSED: "critical" } as const;
  return (
    <Badge tone={tone[state]}>{(code && t.codes[code]) ?? t.states[state]}</Badge>
  );
}

function Who(props: { memberId?: string | null; memberName: string; memberEmail: string }) {
  const name = nameOf({ name: props.memberName, email: props.memberEmail });
  return props.memberId ? (
    <Link className="link" href={`/members/${props.memberId}`}>
      {name}
    </Link>
  ) : (
    <>{name}</>
  );
}

/** Who has used most of what they have. */
export function Closest({ members }: { members: Board["closest"] }) {
  const format = useFormat();
  if (members.length === 0) {
    return <Empty title={t.noClosest} />;
  }
  return (
    <Table
      label={t.closest}
      rows={members}
      keyOf={({ memberId }) => memberId}
      columns={[
        { name: t.member, cell: (member) => <Who {...member} /> },
        { name: texts.common.account, cell: ({ accountName }) => accountName },
        { name: t.remaining, isNumber: true, cell: ({ remaining }) => format.money(remaining) },
        {
          name: t.usedColumn,
          cell: (member) => (
            <Bar
              spent={member.redeemed}
              held={member.held}
              ceiling={member.allocated}
              label={texts.programs.used(nameOf({ name: member.memberName, email: member.memberEmail }))}
            />
          ),
        },
      ]}
    />
  );
}
