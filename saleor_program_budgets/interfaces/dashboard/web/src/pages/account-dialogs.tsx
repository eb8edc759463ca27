import { useState } from "react";
import { useQuery } from "urql";
import { instantOf, useFormat } from "../format";
import { graphql } from "../gql";
import type { AccountRowFragment, ProgramBudgetAccountKind } from "../gql/graphql";
import { useAction } from "../parts/action";
import { Dialog } from "../parts/dialog";
import { AmountField, ChoiceField, TextField, type Choice } from "../parts/fields";
import { AccountField, ProgramField, useProgram, useRested } from "../parts/pickers";
import { withOwnSlug } from "../parts/slug";
import { Notice } from "../parts/states";
import { texts } from "../texts";

type Account = AccountRowFragment;
type Cap = Account["caps"][number];

const t = texts.accounts;

const Create = graphql(`
  mutation CreateAccount($input: ProgramBudgetAccountCreateInput!) {
    programBudgetAccountCreate(input: $input) {
      account {
        id
      }
      errors {
        field
        message
      }
    }
  }
`);

export function CreateDialog(props: { parent: Account | null; close: () => void }) {
  const [name, setName] = useState("");
  const [kind, setKind] = useState<string>(props.parent ? "TEAM" : "ORGANIZATION");
  const action = useAction(Create, t.created, withOwnSlug);
  return (
    <Dialog
      title={t.create}
      submitLabel={t.create}
      isBusy={action.isBusy}
      isReady={name.trim() !== ""}
      errors={action.otherErrors("name", "kind")}
      close={props.close}
      submit={async () => {
        const input = { name, kind: kind as ProgramBudgetAccountKind, parent: props.parent?.id ?? null };
        return (await action.run({ input })) !== null;
      }}
    >
      <p className="weak">
        {t.parent}: {props.parent?.name ?? t.noParent}
      </p>
      <TextField label={t.name} value={name} change={setName} error={action.errorOf("name")} />
      <ChoiceField
        label={t.kind}
        value={kind}
        change={setKind}
        options={Object.entries(t.kinds).map(([value, label]) => ({ value, label }))}
        error={action.errorOf("kind")}
      />
    </Dialog>
  );
}

const Rename = graphql(`
  mutation RenameAccount($id: ID!, $name: String!) {
    programBudgetAccountUpdate(id: $id, name: $name) {
      account {
        ...AccountRow
      }
      errors {
        field
        message
      }
    }
  }
`);

export function RenameDialog(props: { account: Account; close: () => void }) {
  const [name, setName] = useState(props.account.name);
  const action = useAction(Rename, t.renamed);
  return (
    <Dialog
      title={t.renameTitle(props.account.name)}
      submitLabel={t.rename}
      isBusy={action.isBusy}
      isReady={name.trim() !== ""}
      errors={action.otherErrors("name")}
      close={props.close}
      submit={async () => (await action.run({ id: props.account.id, name })) !== null}
    >
      <TextField label={t.name} value={name} change={setName} error={action.errorOf("name")} />
    </Dialog>
  );
}

const Move = graphql(`
  mutation MoveAccount($id: ID!, $parent: ID) {
    programBudgetAccountMove(id: $id, parent: $parent) {
      account {
        ...AccountRow
      }
      errors {
        field
        message
      }
    }
  }
`);

export function MoveDialog(props: { account: Account; close: () => void }) {
  const [parent, setParent] = useState<Choice | null>(null);
  const action = useAction(Move, t.moved);
  return (
    <Dialog
      title={t.moveTitle(props.account.name)}
      submitLabel={t.move}
      isBusy={action.isBusy}
      isReady={parent !== null}
      errors={action.otherErrors("parent")}
      close={props.close}
      submit={async () =>
        (await action.run({ id: props.account.id, parent: parent?.value ?? null })) !== null
      }
    >
      <p className="weak">{t.moveHint}</p>
      <AccountField
        label={t.parent}
        value={parent}
        change={setParent}
        except={props.account.id}
        error={action.errorOf("parent")}
      />
    </Dialog>
  );
}

const SetCap = graphql(`
  mutation SetCap($account: ID!, $program: ID!, $amount: PositiveDecimal!, $reason: String!) {
    programBudgetCapSet(account: $account, program: $program, amount: $amount, reason: $reason) {
      cap {
        id
        account {
          ...AccountRow
        }
      }
      errors {
        field
        message
      }
    }
  }
`);

export function CapDialog(props: { account: Account; close: () => void }) {
  const { caps } = props.account;
  const [program, setProgram] = useState(caps[0]?.program?.id ?? "");
  const [typed, setAmount] = useState<string | null>(null);
  const amount = typed ?? textOf(caps.find((cap) => cap.program?.id === program));
  const currency = useProgram(program)?.currency ?? "";
  const [reason, setReason] = useState("");
  const action = useAction(SetCap, t.capSaved);
  return (
    <Dialog
      title={t.capTitle(props.account.name)}
      submitLabel={t.setCap}
      isBusy={action.isBusy}
      isReady={amount !== "" && reason.trim() !== "" && program !== ""}
      errors={action.otherErrors("amount", "reason", "program")}
      close={props.close}
      submit={async () => {
        const variables = { account: props.account.id, program, amount, reason };
        return (await action.run(variables)) !== null;
      }}
    >
      <ProgramField value={program} change={setProgram} isNeeded error={action.errorOf("program")} />
      <AmountField
        label={t.capAmount}
        value={amount}
        change={setAmount}
        currency={currency}
        hint={t.capHint}
        error={action.errorOf("amount")}
      />
      <TextField
        label={texts.common.reason}
        value={reason}
        change={setReason}
        hint={texts.common.reasonHint}
        error={action.errorOf("reason")}
      />
      <CapPreview account={props.account.id} program={program} amount={amount} />
    </Dialog>
  );
}

/** The ceiling that a cap was set to, raises apart. */
function textOf(cap: Cap | undefined): string {
  return cap ? (cap.ceiling.amount - cap.raised.amount).toFixed(2) : "";
}

const PreviewCap = graphql(`
  query PreviewCap($account: ID!, $program: ID!, $amount: Decimal!) {
    programBudgetCapPreview(account: $account, program: $program, amount: $amount) {
      members
      allotted {
        amount
        currency
      }
      ratio
      held {
        amount
        currency
      }
      spent {
        amount
        currency
      }
      overhang {
        amount
        currency
      }
    }
  }
`);

/** What the cap would mean, before it is set. */
function CapPreview(props: { account: string; program: string; amount: string }) {
  const format = useFormat();
  const amount = useRested(props.amount);
  const [{ data }] = useQuery({
    query: PreviewCap,
    variables: { account: props.account, program: props.program, amount },
    pause: !props.program || !/^\d+(\.\d+)?$/.test(amount),
  });
  const preview = data?.programBudgetCapPreview;
  if (!preview) {
    return null;
  }
  const used = { ...preview.spent, amount: preview.spent.amount + preview.held.amount };
  const isOver = preview.overhang.amount > 0;
  return (
    <Notice
      tone={isOver ? "warning" : "info"}
      title={t.capPreview(format.money(preview.allotted), texts.members.noun(preview.members))}
      text={
        isOver
          ? t.capPreviewOver(format.money(preview.overhang))
          : t.capPreviewUsed(format.money(used))
      }
    />
  );
}

const Raise = graphql(`
  mutation RaiseCap($cap: ID!, $amount: PositiveDecimal!, $endsAt: DateTime!, $reason: String!) {
    programBudgetCapRaise(cap: $cap, amount: $amount, endsAt: $endsAt, reason: $reason) {
      cap {
        id
        account {
          ...AccountRow
        }
      }
      errors {
        field
        message
      }
    }
  }
`);

export function RaiseDialog(props: { account: Account; cap: Cap; close: () => void }) {
  const [amount, setAmount] = useState("");
  const [until, setUntil] = useState("");
  const [reason, setReason] = useState("");
  const action = useAction(Raise, t.raised);
  const endsAt = instantOf(until);
  return (
    <Dialog
      title={t.raiseTitle(props.account.name)}
      submitLabel={t.raise}
      isBusy={action.isBusy}
      isReady={amount !== "" && endsAt !== null && reason.trim() !== ""}
      errors={action.otherErrors("amount", "endsAt", "reason")}
      close={props.close}
      submit={async () => {
        if (!endsAt) {
          return false;
        }
        return (await action.run({ cap: props.cap.id, amount, endsAt, reason })) !== null;
      }}
    >
      <AmountField
        label={t.raiseAmount}
        value={amount}
        change={setAmount}
        currency={props.cap.ceiling.currency}
        error={action.errorOf("amount")}
      />
      <TextField
        label={t.raiseUntil}
        type="datetime-local"
        value={until}
        change={setUntil}
        error={action.errorOf("endsAt")}
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
