import { Button } from "@saleor/macaw-ui";
import { useEffect, useState } from "react";
import { useClient, type CombinedError } from "urql";
import { instantsOf } from "../format";
import { graphql } from "../gql";
import type { RedemptionRowFragment } from "../gql/graphql";
import { addressOf, useAsked } from "../parts/address";
import { ChoiceField, TextField } from "../parts/fields";
import { Card, Head } from "../parts/page";
import { ALL, ProgramField, useProgram } from "../parts/pickers";
import { Empty, Failure } from "../parts/states";
import { PAGE_SIZE } from "../parts/table";
import { texts } from "../texts";
import { Place } from "./utilization-place";
import { PurchaseTable } from "./utilization-people";

const Purchases = graphql(`
  query Purchases($programs: [ID!], $account: ID, $first: Int!, $after: String) {
    programBudgetFigures(programIds: $programs, accountId: $account) {
      recent(first: $first, after: $after) {
        nodes {
          ...RedemptionRow
        }
        hasMore
      }
    }
  }
`);

const t = texts.purchases;
const LARGEST_PAGE = 100;
/** How many pages are looked through at once for those that are asked for. */
const PATIENCE = 10;

/** Purchases and refusals behind a figure of the board, of its program, account and period. */
export default function PurchasesPage() {
  const { asked, ask } = useAsked("program", "account", "from", "to", "state");
  const { program, account, from, to } = asked;
  const state = asked.state || ALL;
  return (
    <>
      <Head
        title={t.title}
        back={{
          href: addressOf("/utilization", { program, account }),
          label: texts.utilization.title,
        }}
      />
      <Place account={account} enter={(id) => ask({ account: id }, true)} />
      <Card>
        <div className="filters">
          <ProgramField value={program} change={(id) => ask({ program: id })} />
          <ChoiceField
            label={texts.common.state}
            value={state}
            change={(value) => ask({ state: value === ALL ? "" : value })}
            options={[
              { value: ALL, label: texts.common.all },
              ...Object.entries(t.states).map(([value, label]) => ({ value, label })),
            ]}
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
        <Found key={Object.values(asked).join(" ")} {...asked} />
      </Card>
    </>
  );
}

interface Wanted {
  program: string;
  account: string;
  from: string;
  to: string;
  state: string;
}

function Found(wanted: Wanted) {
  const { rows, isDone, isBusy, error, more } = usePurchases(wanted);
  return (
    <>
      {error ? <Failure error={error} retry={more} /> : null}
      {rows.length === 0 && isDone ? (
        <Empty title={t.none} />
      ) : rows.length === 0 && !isBusy ? (
        <Empty title={t.noneYet} />
      ) : (
        <PurchaseTable label={t.title} rows={rows.length === 0 ? undefined : rows} />
      )}
      {isDone ? (
        rows.length > 0 ? <p className="weak small">{t.noun(rows.length)}</p> : null
      ) : (
        <div className="actions">
          <Button variant="secondary" size="small" disabled={isBusy} onClick={more}>
            {texts.common.more}
          </Button>
        </div>
      )}
    </>
  );
}

/**
 * Page after page of purchases, newest first, as far as they are wanted. The API knows them by
 * program and account; state and period are looked for here, from where the period ends.
 */
function usePurchases(wanted: Wanted) {
  const client = useClient();
  const zone = useProgram(wanted.program)?.timeZone ?? (wanted.program ? null : "UTC");
  const [rows, setRows] = useState<RedemptionRowFragment[]>([]);
  const [after, setAfter] = useState<string | null>(null);
  const [isDone, setDone] = useState(false);
  const [isBusy, setBusy] = useState(true);
  const [error, setError] = useState<CombinedError | undefined>();
  const look = async () => {
    const span = instantsOf(wanted.from, wanted.to, zone ?? "UTC");
    const found: RedemptionRowFragment[] = [];
    let cursor = after ?? cursorAt(span.lte);
    let isMore = true;
    setBusy(true);
    for (let page = 0; page < PATIENCE && isMore && found.length < PAGE_SIZE; page += 1) {
      const answer = await client.query(
        Purchases,
        {
          programs: wanted.program ? [wanted.program] : null,
          account: wanted.account || null,
          first: wanted.state ? LARGEST_PAGE : PAGE_SIZE,
          after: cursor,
        },
        { requestPolicy: "network-only" },
      );
      setError(answer.error);
      if (!answer.data) {
        break;
      }
      const { nodes, hasMore } = answer.data.programBudgetFigures.recent;
      const since = nodes.filter(({ at }) => !span.gte || Date.parse(at) >= Date.parse(span.gte));
      found.push(...since.filter((node) => isWanted(node, wanted.state)));
      isMore = hasMore && since.length === nodes.length;
      cursor = nodes.at(-1)?.cursor ?? cursor;
    }
    setRows((shown) => [...shown, ...found]);
    setAfter(cursor);
    setDone(!isMore);
    setBusy(false);
  };
  useEffect(() => {
    if (zone) {
      void look();
    }
    // Other wishes are another list, which begins anew.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [zone]);
  return { rows, isDone, isBusy, error, more: () => void look() };
}

function isWanted({ state, refunded }: RedemptionRowFragment, wanted: string): boolean {
  return wanted === "REFUNDED" ? refunded.amount > 0 : !wanted || state === wanted;
}

/** Where a list of purchases begins that are no later than an instant: its cursors name it. */
function cursorAt(instant: string | undefined): string | null {
  return instant ? btoa(`${instant.replace("Z", "+00:00")} ~`) : null;
}
