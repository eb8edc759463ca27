import { useState } from "react";
import { useQuery } from "urql";
import { usePowers } from "../bridge";
import { instantOf } from "../format";
import { graphql } from "../gql";
import type { ProgramBudgetCodeBatchInput } from "../gql/graphql";
import { useAction } from "../parts/action";
import { Dialog } from "../parts/dialog";
import { AmountField, ChoiceField, TextField, type Choice } from "../parts/fields";
import { AccountField, ProgramField, SearchField, useProgram, useRested } from "../parts/pickers";
import { texts } from "../texts";

const Issue = graphql(`
  mutation IssueCodes($program: ID!, $input: ProgramBudgetCodeBatchInput!) {
    programBudgetCodeBatchCreate(program: $program, input: $input) {
      batch {
        ...BatchRow
      }
      errors {
        field
        message
      }
    }
  }
`);

const Vouchers = graphql(`
  query Vouchers($search: String) {
    vouchers(first: 20, filter: { search: $search }) {
      totalCount
      edges {
        node {
          id
          name
        }
      }
    }
  }
`);

const t = texts.codes;

interface Draft {
  program: string;
  name: string;
  kind: "DISCOUNT" | "STORE_CREDIT";
  amount: string;
  voucher: Choice | null;
  account: Choice | null;
  delivery: "DOWNLOAD" | "EMAIL";
  prefix: string;
  expires: string;
  creditDays: string;
}

/** Issue codes; with a program given, for that one. */
export function IssueDialog(props: {
  program: string;
  close: () => void;
  done: (batch: string) => void;
}) {
  const [draft, setDraft] = useState<Draft>({
    program: props.program,
    name: "",
    kind: "STORE_CREDIT",
    amount: "",
    voucher: null,
    account: null,
    delivery: "DOWNLOAD",
    prefix: "",
    expires: "",
    creditDays: "",
  });
  const action = useAction(Issue, t.created);
  const { program } = draft;
  const currency = useProgram(program)?.currency ?? "";
  const change = (part: Partial<Draft>) => setDraft((now) => ({ ...now, ...part }));
  const isWorth = draft.kind === "DISCOUNT" ? draft.voucher !== null : draft.amount !== "";
  return (
    <Dialog
      title={t.create}
      submitLabel={t.create}
      isBusy={action.isBusy}
      isReady={program !== "" && draft.name.trim() !== "" && isWorth}
      errors={action.otherErrors("name", "amount", "voucher", "prefix", "expiresAt", "creditDays", "account")}
      close={props.close}
      submit={async () => {
        const data = await action.run({ program, input: inputOf(draft) });
        const batch = data?.programBudgetCodeBatchCreate?.batch;
        if (batch) {
          props.done(batch.id);
        }
        return Boolean(batch);
      }}
    >
      {props.program ? null : (
        <ProgramField value={program} change={(value) => change({ program: value })} isNeeded />
      )}
      <TextField
        label={t.name}
        value={draft.name}
        change={(name) => change({ name })}
        error={action.errorOf("name")}
      />
      <Worth draft={draft} change={change} currency={currency} errorOf={action.errorOf} />
      <Audience draft={draft} change={change} errorOf={action.errorOf} />
    </Dialog>
  );
}

interface PartProps {
  draft: Draft;
  change: (part: Partial<Draft>) => void;
  errorOf: (field: string) => string | undefined;
}

function Worth(props: PartProps & { currency: string }) {
  const { draft, change, errorOf } = props;
  const powers = usePowers();
  return (
    <>
      {powers.issuesDiscounts ? (
        <ChoiceField
          label={t.kind}
          value={draft.kind}
          change={(kind) => change({ kind: kind as Draft["kind"] })}
          options={choices(t.kinds)}
        />
      ) : null}
      {draft.kind === "DISCOUNT" ? (
        <VoucherField value={draft.voucher} change={(voucher) => change({ voucher })} error={errorOf("voucher")} />
      ) : (
        <div className="fields two">
          <AmountField
            label={t.amount}
            value={draft.amount}
            change={(amount) => change({ amount })}
            currency={props.currency}
            error={errorOf("amount")}
          />
          <TextField
            label={t.creditDays}
            type="number"
            value={draft.creditDays}
            change={(creditDays) => change({ creditDays })}
            hint={t.creditDaysHint}
            error={errorOf("creditDays")}
          />
        </div>
      )}
    </>
  );
}

function VoucherField(props: {
  value: Choice | null;
  change: (voucher: Choice | null) => void;
  error: string | undefined;
}) {
  const [words, setWords] = useState("");
  const search = useRested(words);
  const [{ data, fetching }] = useQuery({ query: Vouchers, variables: { search } });
  const options = (data?.vouchers?.edges ?? []).map(({ node }) => ({
    value: node.id,
    label: node.name ?? node.id,
  }));
  return (
    <SearchField
      label={t.voucher}
      placeholder={t.pickVoucher}
      value={props.value}
      change={props.change}
      options={options}
      total={data?.vouchers?.totalCount ?? 0}
      search={setWords}
      isBusy={fetching}
      error={props.error ?? (data && !search && options.length === 0 ? t.noVouchers : undefined)}
    />
  );
}

function Audience({ draft, change, errorOf }: PartProps) {
  return (
    <>
      <AccountField
        label={`${t.audience}: ${draft.account ? t.underAccount : t.everyone}`}
        value={draft.account}
        change={(account) => change({ account })}
        error={errorOf("account")}
      />
      <ChoiceField
        label={t.delivery}
        value={draft.delivery}
        change={(delivery) => change({ delivery: delivery as Draft["delivery"] })}
        options={choices(t.deliveries)}
      />
      <div className="fields two">
        <TextField
          label={t.prefix}
          value={draft.prefix}
          change={(prefix) => change({ prefix: prefix.toUpperCase() })}
          hint={t.prefixHint}
          error={errorOf("prefix")}
        />
        <TextField
          label={t.expiresAt}
          type="datetime-local"
          value={draft.expires}
          change={(expires) => change({ expires })}
          hint={t.expiresHint}
          error={errorOf("expiresAt")}
        />
      </div>
    </>
  );
}

function choices(labels: Record<string, string>): Choice[] {
  return Object.entries(labels).map(([value, label]) => ({ value, label }));
}

function inputOf(draft: Draft): ProgramBudgetCodeBatchInput {
  const isDiscount = draft.kind === "DISCOUNT";
  return {
    name: draft.name,
    kind: draft.kind,
    account: draft.account?.value ?? null,
    delivery: draft.delivery,
    prefix: draft.prefix || null,
    amount: isDiscount ? null : draft.amount,
    creditDays: !isDiscount && draft.creditDays ? Number(draft.creditDays) : null,
    voucher: isDiscount ? (draft.voucher?.value ?? null) : null,
    expiresAt: instantOf(draft.expires),
  };
}
