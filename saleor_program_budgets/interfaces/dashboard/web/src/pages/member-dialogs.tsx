import { useState } from "react";
import { notify } from "../bridge";
import { instantOf } from "../format";
import { graphql } from "../gql";
import type { MemberFactsFragment } from "../gql/graphql";
import { useAction } from "../parts/action";
import { Dialog } from "../parts/dialog";
import { AmountField, CheckField, TextField, type Choice } from "../parts/fields";
import { AccountField } from "../parts/pickers";
import { texts } from "../texts";
import { useGroups } from "./groups";
import { nameOf } from "./members";

interface Props {
  member: MemberFactsFragment;
  close: () => void;
}

const t = texts.member;

const Adjust = graphql(`
  mutation AdjustMember(
    $member: ID!
    $amount: Decimal!
    $expiresAt: DateTime
    $reason: String!
    $key: String!
  ) {
    programBudgetAdjust(
      member: $member
      amount: $amount
      expiresAt: $expiresAt
      reason: $reason
      idempotencyKey: $key
    ) {
      member {
        ...MemberFacts
      }
      errors {
        field
        message
      }
    }
  }
`);

export function AdjustDialog({ member, close }: Props) {
  const [amount, setAmount] = useState("");
  const [expires, setExpires] = useState("");
  const [reason, setReason] = useState("");
  // One key for one opened form: sending it twice corrects once.
  const [key] = useState(() => crypto.randomUUID());
  const action = useAction(Adjust, t.adjusted);
  return (
    <Dialog
      title={t.adjustTitle(nameOf(member))}
      submitLabel={t.adjust}
      isBusy={action.isBusy}
      isReady={/\d/.test(amount) && reason.trim() !== ""}
      errors={action.otherErrors("amount", "expiresAt", "reason")}
      close={close}
      submit={async () => {
        const expiresAt = instantOf(expires);
        return (await action.run({ member: member.id, amount, expiresAt, reason, key })) !== null;
      }}
    >
      <AmountField
        label={t.adjustAmount}
        value={amount}
        change={setAmount}
        currency={member.program.currency}
        isSigned
        hint={t.adjustHint}
        error={action.errorOf("amount")}
      />
      <TextField
        label={t.adjustExpires}
        type="datetime-local"
        value={expires}
        change={setExpires}
        hint={t.adjustExpiresHint}
        error={action.errorOf("expiresAt")}
      />
      <TextField
        label={texts.common.reason}
        value={reason}
        change={setReason}
        hint={texts.common.reasonHint}
        error={action.errorOf("reason")}
      />
    </Dialog>
  );
}

const Move = graphql(`
  mutation MoveMember($id: ID!, $account: ID!) {
    programBudgetMemberMove(id: $id, account: $account) {
      member {
        ...MemberFacts
      }
      errors {
        field
        message
      }
    }
  }
`);

export function MoveDialog({ member, close }: Props) {
  const [account, setAccount] = useState<Choice | null>(null);
  const action = useAction(Move, t.moved);
  return (
    <Dialog
      title={t.moveTitle(nameOf(member))}
      submitLabel={t.move}
      isBusy={action.isBusy}
      isReady={account !== null}
      errors={action.otherErrors("account")}
      close={close}
      submit={async () =>
        account !== null && (await action.run({ id: member.id, account: account.value })) !== null
      }
    >
      <p className="weak">{t.moveHint}</p>
      <AccountField
        label={texts.common.account}
        value={account}
        change={setAccount}
        except={member.account.id}
        error={action.errorOf("account")}
      />
    </Dialog>
  );
}

const SetGroup = graphql(`
  mutation SetGroup($id: ID!, $add: [ID!], $remove: [ID!]) {
    programBudgetGroupMembersSet(id: $id, add: $add, remove: $remove) {
      group {
        id
        memberCount
      }
      errors {
        field
        message
      }
    }
  }
`);

/** Which of the program's groups a member is in: what is ticked and what isn't is made so. */
export function GroupsDialog({ member, close, done }: Props & { done: () => void }) {
  const groups = useGroups(member.program.id);
  const present = member.groups.map(({ id }) => id);
  const [chosen, setChosen] = useState(present);
  const action = useAction(SetGroup);
  const submit = async () => {
    for (const { id } of groups) {
      const [isIn, wasIn] = [chosen.includes(id), present.includes(id)];
      const change = { add: isIn && !wasIn ? [member.id] : [], remove: !isIn && wasIn ? [member.id] : [] };
      if (isIn !== wasIn && !(await action.run({ id, ...change }))) {
        return false;
      }
    }
    notify("success", t.groupsSaved);
    done();
    return true;
  };
  return (
    <Dialog
      title={t.groupsTitle(nameOf(member))}
      submitLabel={texts.common.save}
      isBusy={action.isBusy}
      errors={action.otherErrors()}
      close={close}
      submit={submit}
    >
      <p className="weak">{t.groupsHint}</p>
      {groups.map(({ id, name }) => (
        <CheckField
          key={id}
          label={name}
          isChecked={chosen.includes(id)}
          change={(isChecked) =>
            setChosen(isChecked ? [...chosen, id] : chosen.filter((each) => each !== id))
          }
        />
      ))}
    </Dialog>
  );
}

const Deactivate = graphql(`
  mutation DeactivateMember($id: ID!) {
    programBudgetMemberDeactivate(id: $id) {
      member {
        ...MemberFacts
      }
      errors {
        field
        message
      }
    }
  }
`);

export function DeactivateDialog({ member, close }: Props) {
  const action = useAction(Deactivate, t.deactivated);
  return (
    <Dialog
      title={t.deactivateTitle(nameOf(member))}
      submitLabel={t.deactivate}
      isDangerous
      isBusy={action.isBusy}
      errors={action.otherErrors()}
      close={close}
      submit={async () => (await action.run({ id: member.id })) !== null}
    >
      <p className="weak">{t.deactivateHint}</p>
    </Dialog>
  );
}

const Reactivate = graphql(`
  mutation ReactivateMember($id: ID!) {
    programBudgetMemberReactivate(id: $id) {
      member {
        ...MemberFacts
      }
      errors {
        field
        message
      }
    }
  }
`);

export function useReactivation() {
  return useAction(Reactivate, t.reactivated);
}
