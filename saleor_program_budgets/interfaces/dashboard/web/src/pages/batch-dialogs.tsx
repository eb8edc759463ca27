import { useState } from "react";
import { graphql } from "../gql";
import type { BatchRowFragment } from "../gql/graphql";
import { useAction } from "../parts/action";
import { Dialog } from "../parts/dialog";
import { download } from "../parts/download";
import { TextField } from "../parts/fields";
import { Notice } from "../parts/states";
import { texts } from "../texts";

interface Props {
  batch: BatchRowFragment;
  close: () => void;
}

const t = texts.batch;

const HandOut = graphql(`
  mutation HandOutCodes($id: ID!) {
    programBudgetCodeBatchHandOut(id: $id) {
      csv
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

export function HandOutDialog({ batch, close }: Props) {
  const action = useAction(HandOut, t.handedOut);
  return (
    <Dialog
      title={t.handOutTitle}
      submitLabel={t.handOut}
      isBusy={action.isBusy}
      errors={action.otherErrors()}
      close={close}
      submit={async () => {
        const data = await action.run({ id: batch.id });
        const csv = data?.programBudgetCodeBatchHandOut?.csv;
        if (csv) {
          download(`${batch.name}.csv`, csv);
        }
        return Boolean(csv);
      }}
    >
      {batch.kind === "STORE_CREDIT" ? <Notice tone="warning" title={t.handOutHint} /> : null}
    </Dialog>
  );
}

const Revoke = graphql(`
  mutation RevokeBatch($id: ID!, $reason: String!) {
    programBudgetCodeBatchRevoke(id: $id, reason: $reason) {
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

export function RevokeDialog({ batch, close }: Props) {
  const [reason, setReason] = useState("");
  const action = useAction(Revoke, t.revoked);
  return (
    <Dialog
      title={t.revokeTitle(batch.name)}
      submitLabel={t.revoke}
      isDangerous
      isBusy={action.isBusy}
      isReady={reason.trim() !== ""}
      errors={action.otherErrors("reason")}
      close={close}
      submit={async () => (await action.run({ id: batch.id, reason })) !== null}
    >
      <p className="weak">{t.revokeHint}</p>
      <TextField
        label={texts.common.reason}
        value={reason}
        change={setReason}
        error={action.errorOf("reason")}
      />
    </Dialog>
  );
}

const Reissue = graphql(`
  mutation ReissueBatch($id: ID!) {
    programBudgetCodeBatchReissue(id: $id) {
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

export function ReissueDialog({ batch, close, done }: Props & { done: (id: string) => void }) {
  const action = useAction(Reissue, t.reissued);
  return (
    <Dialog
      title={t.reissueTitle(batch.name)}
      submitLabel={t.reissue}
      isBusy={action.isBusy}
      errors={action.otherErrors()}
      close={close}
      submit={async () => {
        const data = await action.run({ id: batch.id });
        const id = data?.programBudgetCodeBatchReissue?.batch?.id;
        if (id) {
          done(id);
        }
        return Boolean(id);
      }}
    >
      <p className="weak">{t.reissueHint}</p>
    </Dialog>
  );
}
