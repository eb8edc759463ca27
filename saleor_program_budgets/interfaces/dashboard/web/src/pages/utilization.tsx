// The live board. It asks every second whether anything has changed, which costs next to nothing,
// and for the figures when it has.

import { Button } from "@saleor/macaw-ui";
import { useEffect } from "react";
import { useQuery } from "urql";
import { useFormat } from "../format";
import { graphql } from "../gql";
import type { FigureLineFragment, UtilizationQuery } from "../gql/graphql";
import { useAsked } from "../parts/address";
import { download } from "../parts/download";
import { TextField } from "../parts/fields";
import { Badge, Card, Head } from "../parts/page";
import { ProgramField } from "../parts/pickers";
import { Empty, Failure, Loading } from "../parts/states";
import { texts } from "../texts";
import { Accounts } from "./utilization-accounts";
import { Meaning, Totals, type Chosen } from "./utilization-figures";
import { Place } from "./utilization-place";
import { Closest, Recent } from "./utilization-people";
import { SpendChart } from "./utilization-chart";

graphql(`
  fragment FigureLine on ProgramBudgetFiguresLine {
    unit
    allocated {
      amount
      currency
    }
    held {
      amount
      currency
    }
    redeemed {
      amount
      currency
    }
    remaining {
      amount
      currency
    }
    spendable {
      amount
      currency
    }
    overspent {
      amount
      currency
    }
    burnRate {
      amount
      currency
    }
    activeMembers
    spenders
    runsOutAt
    runsOutInCycle
    granted {
      amount
      currency
    }
    captured {
      amount
      currency
    }
    refunded {
      amount
      currency
    }
    lapsed {
      amount
      currency
    }
    withdrawn {
      amount
      currency
    }
    redemptions
    refusals
    caps {
      id
      ceiling {
        amount
        currency
      }
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
      coverageRatio
    }
  }
`);

graphql(`
  fragment RedemptionRow on ProgramBudgetRedemption {
    cursor
    at
    state
    code
    memberId
    memberName
    memberEmail
    accountName
    amount {
      amount
      currency
    }
    captured {
      amount
      currency
    }
    refunded {
      amount
      currency
    }
    available {
      amount
      currency
    }
    orderId
  }
`);

const Utilization = graphql(`
  query Utilization($programs: [ID!], $account: ID, $from: Date, $to: Date) {
    programBudgetFigures(programIds: $programs, accountId: $account, periodFrom: $from, periodTo: $to) {
      asOf
      version
      periodFrom
      periodTo
      totals {
        ...FigureLine
      }
      programs {
        id
        name
        cycleStartsAt
        cycleEndsAt
      }
      accounts {
        id
        name
        kind
        hasChildren
        lines {
          ...FigureLine
        }
      }
      days {
        date
        unit
        captured {
          amount
          currency
        }
        refunded {
          amount
          currency
        }
        refusals
      }
      recent(first: 12) {
        nodes {
          ...RedemptionRow
        }
      }
      closest(first: 8) {
        memberId
        memberName
        memberEmail
        accountName
        allocated {
          amount
          currency
        }
        held {
          amount
          currency
        }
        redeemed {
          amount
          currency
        }
        remaining {
          amount
          currency
        }
        used
      }
      csv
    }
  }
`);

const FiguresVersion = graphql(`
  query FiguresVersion {
    programBudgetFiguresVersion
  }
`);

export type Board = UtilizationQuery["programBudgetFigures"];

const t = texts.utilization;
const PULSE_MS = 1000;

export default function UtilizationPage() {
  const { asked: chosen, ask } = useAsked("program", "account", "from", "to");
  const [{ data, error }, again] = useQuery({
    query: Utilization,
    variables: {
      programs: chosen.program ? [chosen.program] : null,
      account: chosen.account || null,
      from: chosen.from || null,
      to: chosen.to || null,
    },
  });
  const board = data?.programBudgetFigures;
  const refresh = () => again({ requestPolicy: "network-only" });
  usePulse(board?.version, refresh);
  const enter = (account: string) => ask({ account }, true);
  return (
    <>
      <BoardHead board={board} />
      <div className="filters">
        <ProgramField value={chosen.program} change={(program) => ask({ program })} />
        <TextField label={t.from} type="date" value={chosen.from} change={(from) => ask({ from })} />
        <TextField label={t.to} type="date" value={chosen.to} change={(to) => ask({ to })} />
      </div>
      <Place account={chosen.account} enter={enter} />
      {error ? <Failure error={error} retry={refresh} /> : null}
      {board ? (
        <Shown board={board} chosen={chosen} enter={enter} />
      ) : error ? null : (
        <Loading />
      )}
    </>
  );
}

function BoardHead({ board }: { board: Board | undefined }) {
  const format = useFormat();
  return (
    <Head
      title={t.title}
      badge={board ? <Badge tone="success">{t.live(format.time(board.asOf))}</Badge> : null}
    >
      <Button
        variant="secondary"
        disabled={!board}
        onClick={() => {
          if (board) {
            download(`utilization-${board.periodTo}.csv`, board.csv);
          }
        }}
      >
        {t.csv}
      </Button>
    </Head>
  );
}

/** Ask every second whether the figures are still those, for as long as somebody looks. */
function usePulse(version: string | undefined, changed: () => void): void {
  const [{ data }, ask] = useQuery({
    query: FiguresVersion,
    pause: true,
    requestPolicy: "network-only",
  });
  const current = data?.programBudgetFiguresVersion;
  useEffect(() => {
    const timer = setInterval(() => {
      if (!document.hidden) {
        ask();
      }
    }, PULSE_MS);
    return () => clearInterval(timer);
  }, [ask]);
  useEffect(() => {
    if (version && current && version !== current) {
      changed();
    }
    // A change is what calls for figures; that they are being asked for is not.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [current]);
}

function Shown(props: { board: Board; chosen: Chosen; enter: (account: string) => void }) {
  const { board, chosen } = props;
  const totals = inUse(board.totals);
  if (totals.length === 0) {
    return <Empty title={t.empty} text={t.emptyHint} />;
  }
  return (
    <>
      {totals.map((line) => (
        <Totals key={line.unit} line={line} board={board} chosen={chosen} />
      ))}
      <Meaning />
      <Card title={t.accounts}>
        <Accounts accounts={board.accounts} chosen={chosen} enter={props.enter} />
      </Card>
      <div className="columns">
        {totals.map((line) => (
          <SpendChart key={line.unit} board={board} line={line} />
        ))}
      </div>
      <Card title={t.recent}>
        <Recent redemptions={board.recent.nodes} chosen={chosen} />
      </Card>
      <Card title={t.closest}>
        <Closest members={board.closest} />
      </Card>
    </>
  );
}

/** Units that anything is in, the one of most members first. */
function inUse(lines: FigureLineFragment[]): FigureLineFragment[] {
  return lines
    .filter(({ allocated, redeemed, held }) => allocated.amount + redeemed.amount + held.amount > 0)
    .sort((one, other) => other.activeMembers - one.activeMembers);
}
