import { instantsOf } from "../format";
import type { ProgramBudgetPostingKind } from "../gql/graphql";
import { addressOf, useAsked } from "../parts/address";
import { ChoiceField, TextField } from "../parts/fields";
import { Card, Head } from "../parts/page";
import { AccountField, ALL, ProgramField, useAccount, useProgram } from "../parts/pickers";
import { texts } from "../texts";
import { EntryList } from "./entry-list";

const t = texts.member;

/** The journal behind a figure. */
export default function EntriesPage() {
  const { asked, ask } = useAsked("program", "account", "kind", "from", "to");
  const { program, account, kind, from, to } = asked;
  const cap = useAccount(account);
  const zone = useProgram(program)?.timeZone ?? "UTC";
  const at = instantsOf(from, to, zone);
  const filter = {
    ...(program ? { program } : {}),
    ...(account ? { account } : {}),
    ...(kind ? { kind: kind as ProgramBudgetPostingKind } : {}),
    ...(from || to ? { at } : {}),
  };
  return (
    <>
      <Head
        title={texts.utilization.entries}
        back={{ href: addressOf("/utilization", { program }), label: texts.utilization.title }}
      />
      <Card>
        <div className="filters">
          <ProgramField value={program} change={(id) => ask({ program: id })} />
          <ChoiceField
            label={t.historyColumns.kind}
            value={kind || ALL}
            change={(value) => ask({ kind: value === ALL ? "" : value })}
            options={[
              { value: ALL, label: texts.common.all },
              ...Object.entries(t.kinds).map(([value, label]) => ({ value, label })),
            ]}
          />
          <AccountField
            label={t.onCapOf}
            value={cap}
            change={(choice) => ask({ account: choice?.value ?? "" })}
          />
          <TextField
            label={texts.utilization.from}
            type="date"
            value={from}
            change={(value) => ask({ from: value })}
          />
          <TextField
            label={texts.utilization.to}
            type="date"
            value={to}
            change={(value) => ask({ to: value })}
          />
        </div>
        <EntryList key={JSON.stringify(filter)} filter={filter} />
      </Card>
    </>
  );
}
