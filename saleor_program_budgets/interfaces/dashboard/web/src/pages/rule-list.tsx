import { useFormat } from "../format";
import type { ProgramRulesFragment } from "../gql/graphql";
import { texts } from "../texts";

const t = texts.rules;

/** A program's rules, to be read. */
export function RuleList({ program }: { program: ProgramRulesFragment }) {
  const format = useFormat();
  const carries = program.carriesForward
    ? [
        t.yes,
        program.carryLimit ? `${t.carryLimit} ${format.money(program.carryLimit)}` : null,
        program.carryDays ? `${t.carryDays} ${format.number(program.carryDays)}` : null,
      ]
        .filter(Boolean)
        .join(", ")
    : t.no;
  const rules: [string, string | null][] = [
    [t.allotment, program.allotment ? format.money(program.allotment) : null],
    [t.items, program.allotmentItems ? format.number(program.allotmentItems) : null],
    [t.length, program.cycleLength ? t.lengths[program.cycleLength] : null],
    [t.dates, program.cycleDates?.map(format.time).join(", ") ?? null],
    [t.proration, program.proration ? t.prorations[program.proration] : null],
    [t.carriesShort, carries],
    [t.overage, t.overages[program.overagePolicy]],
    [
      t.reminded,
      program.reminderDays?.length ? t.daysBefore(program.reminderDays.join(", ")) : texts.common.never,
    ],
    [
      t.holdMinutes,
      program.holdTtlMinutes ? format.number(program.holdTtlMinutes) : null,
    ],
    [t.refund, program.refundPolicy ? t.refunds[program.refundPolicy] : null],
    [t.returnsCodes, program.returnsCodes ? t.yes : t.no],
    [t.shipping, program.includesShipping ? t.yes : t.no],
    [t.tax, program.includesTax ? t.yes : t.no],
    [t.opensAt, program.opensAt ? format.time(program.opensAt) : null],
    [t.closesAt, program.closesAt ? format.time(program.closesAt) : null],
    [t.timeZone, program.timeZone],
    [t.channels, program.channels?.map(({ name }) => name).join(", ") || texts.common.none],
  ];
  return (
    <dl className="rules">
      {rules.map(([name, value]) =>
        value ? (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ) : null,
      )}
    </dl>
  );
}
