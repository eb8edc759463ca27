// What stands where content isn't: not yet, none, or none for a reason.

import { Button, Skeleton } from "@saleor/macaw-ui";
import type { ReactNode } from "react";
import type { CombinedError } from "urql";
import { texts } from "../texts";

export function Loading() {
  return (
    <div className="loading" role="status" aria-label={texts.states.loading}>
      <Skeleton height={6} />
      <Skeleton height={6} />
      <Skeleton height={6} />
    </div>
  );
}

export type Tone = "info" | "success" | "warning" | "critical";

export function Notice(props: { tone: Tone; title: string; text?: ReactNode; children?: ReactNode }) {
  return (
    <div className={`notice ${props.tone}`} role={props.tone === "critical" ? "alert" : undefined}>
      <strong>{props.title}</strong>
      {props.text ? <p>{props.text}</p> : null}
      {props.children}
    </div>
  );
}

export function Empty(props: { title: string; text?: string; children?: ReactNode }) {
  return (
    <div className="empty">
      <strong>{props.title}</strong>
      {props.text ? <p>{props.text}</p> : null}
      {props.children}
    </div>
  );
}

export function Failure(props: { error: CombinedError; retry: () => void }) {
  const message = props.error.networkError
    ? texts.states.unreachable
    : props.error.graphQLErrors.map((error) => error.message).join(" ");
  return (
    <Notice tone="critical" title={texts.states.failed} text={message}>
      <Button variant="secondary" size="small" onClick={props.retry}>
        {texts.states.retry}
      </Button>
    </Notice>
  );
}
