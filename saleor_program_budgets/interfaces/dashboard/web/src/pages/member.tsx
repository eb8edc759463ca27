import { Button } from "@saleor/macaw-ui";
import { useQuery } from "urql";
import { useParams } from "wouter";
import { openInDashboard, usePowers } from "../bridge";
import { useFormat } from "../format";
import { graphql } from "../gql";
import type { MemberFactsFragment } from "../gql/graphql";
import { useDialog } from "../parts/dialog";
import { Card, Figures, Head } from "../parts/page";
import { Empty, Failure, Loading, Notice } from "../parts/states";
import { Table } from "../parts/table";
import { texts } from "../texts";
import { AdjustDialog, DeactivateDialog, GroupsDialog, MoveDialog, useReactivation } from "./member-dialogs";
import { EntryList } from "./entry-list";
import { useGroups } from "./groups";
import { MemberBadge, nameOf } from "./members";

graphql(`
  fragment MemberFacts on ProgramBudgetMember {
    id
    name
    email
    userReference
    isActive
    joinedAt
    program {
      id
      name
      currency
    }
    account {
      id
      name
    }
    groups {
      id
      name
    }
    nextReset {
      at
      allotment {
        amount
        currency
      }
    }
    balance {
      granted {
        amount
        currency
      }
      available {
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
      lapsed {
        amount
        currency
      }
      withdrawn {
        amount
        currency
      }
    }
    lots {
      id
      origin
      amount {
        amount
        currency
      }
      available {
        amount
        currency
      }
      spent {
        amount
        currency
      }
      expiresAt
      reason
    }
  }
`);

const MemberById = graphql(`
  query MemberById($id: ID!) {
    programBudgetMember(id: $id) {
      ...MemberFacts
    }
  }
`);

type Member = MemberFactsFragment;

const t = texts.member;

export default function MemberPage() {
  const { id } = useParams<{ id: string }>();
  const [{ data, error, fetching }, again] = useQuery({ query: MemberById, variables: { id } });
  const member = data?.programBudgetMember;
  if (error) {
    return <Failure error={error} retry={() => again({ requestPolicy: "network-only" })} />;
  }
  if (!member) {
    return fetching ? <Loading /> : <Notice tone="info" title={texts.frame.unknownPage} />;
  }
  return (
    <>
      <MemberHead member={member} refresh={() => again({ requestPolicy: "network-only" })} />
      <Balance member={member} />
      <Lots member={member} />
      <Card title={t.history}>
        <EntryList filter={{ member: member.id }} />
      </Card>
    </>
  );
}

function MemberHead({ member, refresh }: { member: Member; refresh: () => void }) {
  const powers = usePowers();
  const dialog = useDialog<"adjust" | "move" | "groups" | "deactivate">();
  const groups = useGroups(member.program.id);
  const reactivation = useReactivation();
  return (
    <Head
      title={nameOf(member)}
      back={{ href: "/members", label: t.back }}
      badge={<MemberBadge isActive={member.isActive} />}
    >
      {powers.readsPeople && member.userReference ? (
        <Button
          variant="tertiary"
          onClick={() => openInDashboard(`/customers/${customerOf(member)}`)}
        >
          {t.customer}
        </Button>
      ) : null}
      {powers.changesPeople && member.isActive ? (
        <>
          <Button variant="secondary" onClick={() => dialog.show("deactivate")}>
            {t.deactivate}
          </Button>
          <Button variant="secondary" onClick={() => dialog.show("move")}>
            {t.move}
          </Button>
        </>
      ) : null}
      {powers.changesPeople && groups.length > 0 ? (
        <Button variant="secondary" onClick={() => dialog.show("groups")}>
          {t.groups}
        </Button>
      ) : null}
      {powers.changesPeople && !member.isActive ? (
        <Button variant="secondary" disabled={reactivation.isBusy} onClick={() => void reactivation.run({ id: member.id })}>
          {t.reactivate}
        </Button>
      ) : null}
      {powers.changesPrograms ? (
        <Button onClick={() => dialog.show("adjust")}>{t.adjust}</Button>
      ) : null}
      {dialog.open === "adjust" ? <AdjustDialog member={member} close={dialog.close} /> : null}
      {dialog.open === "move" ? <MoveDialog member={member} close={dialog.close} /> : null}
      {dialog.open === "groups" ? (
        <GroupsDialog member={member} close={dialog.close} done={refresh} />
      ) : null}
      {dialog.open === "deactivate" ? <DeactivateDialog member={member} close={dialog.close} /> : null}
    </Head>
  );
}

/** The id that Saleor's own API knows the user by. */
function customerOf({ userReference }: Member): string {
  return encodeURIComponent(btoa(`User:${userReference}`));
}

function Balance({ member }: { member: Member }) {
  const format = useFormat();
  const { balance } = member;
  const reset = member.nextReset;
  return (
    <Card title={t.balance}>
      <Figures
        items={[
          [t.available, format.money(balance.available)],
          [t.held, format.money(balance.held)],
          [t.spent, format.money(balance.spent)],
          [t.granted, format.money(balance.granted)],
          [t.lapsed, format.money(balance.lapsed)],
          [t.withdrawn, format.money(balance.withdrawn)],
        ]}
      />
      <p className="weak">
        {[
          member.email,
          member.program.name,
          member.account.name,
          ...member.groups.map(({ name }) => name),
          `${t.joined} ${format.date(member.joinedAt)}`,
          reset ? `${t.reset}: ${t.resetTo(format.money(reset.allotment), format.date(reset.at))}` : null,
        ]
          .filter(Boolean)
          .join(" · ")}
      </p>
    </Card>
  );
}

function Lots({ member }: { member: Member }) {
  const format = useFormat();
  return (
    <Card title={t.lots}>
      {member.lots.length === 0 ? (
        <Empty title={t.noLots} />
      ) : (
        <Table
          label={t.lots}
          rows={member.lots}
          keyOf={({ id }) => id}
          columns={[
            { name: t.lotColumns.origin, cell: ({ origin }) => t.origins[origin] },
            { name: t.lotColumns.amount, isNumber: true, cell: ({ amount }) => format.money(amount) },
            {
              name: t.lotColumns.available,
              isNumber: true,
              cell: ({ available }) => format.money(available),
            },
            { name: t.lotColumns.spent, isNumber: true, cell: ({ spent }) => format.money(spent) },
            {
              name: t.lotColumns.expires,
              cell: ({ expiresAt }) => (expiresAt ? format.time(expiresAt) : texts.common.never),
            },
            { name: t.lotColumns.reason, cell: ({ reason }) => reason },
          ]}
        />
      )}
    </Card>
  );
}
