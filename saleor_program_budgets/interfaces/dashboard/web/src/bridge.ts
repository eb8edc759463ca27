// The line to the Dashboard that shows us: it says who asks, how to look, and where to go.

import { actions, AppBridge } from "@saleor/app-sdk/app-bridge";
import { useSyncExternalStore } from "react";

const isFramed = window.parent !== window && document.referrer !== "";

/**
 * Null outside of a frame. It tells the Dashboard that we are ready only once something below
 * listens, or the handshake would be missed.
 */
export const bridge = isFramed ? new AppBridge({ autoNotifyReady: false }) : null;

type State = ReturnType<AppBridge["getState"]>;

const events = ["handshake", "theme", "localeChanged", "tokenRefresh"] as const;

function subscribe(changed: () => void): () => void {
  const stops = bridge ? events.map((event) => bridge.subscribe(event, changed)) : [];
  return () => {
    for (const stop of stops) {
      stop();
    }
  };
}

/** The bridge's state, renewed whenever the Dashboard says something; null outside of it. */
export function useBridge(): State | null {
  return useSyncExternalStore(subscribe, () => bridge?.getState() ?? null);
}

/** What the Dashboard's language writes numbers and dates like. */
export function useLocale(): string {
  return useBridge()?.locale ?? "en";
}

export interface Powers {
  /** May read figures. */
  reads: boolean;
  /** May change programs, accounts, caps and budgets. */
  changesPrograms: boolean;
  /** May bring people in, move them and let them leave. */
  changesPeople: boolean;
  readsPeople: boolean;
  /** May issue codes for discounts, beside those of store credit. */
  issuesDiscounts: boolean;
}

/** What the token allows. GraphQL enforces it; pages hide what wouldn't work. */
export function usePowers(): Powers {
  const held = new Set<string>(useBridge()?.appPermissions ?? []);
  const changesPrograms = held.has("MANAGE_GIFT_CARD");
  return {
    reads: changesPrograms || held.has("MANAGE_ORDERS"),
    changesPrograms,
    changesPeople: changesPrograms || held.has("MANAGE_USERS"),
    readsPeople: changesPrograms || held.has("MANAGE_USERS"),
    issuesDiscounts: changesPrograms && held.has("MANAGE_DISCOUNTS"),
  };
}

/** Have the Dashboard show a note in its corner. */
export function notify(status: "success" | "error", title: string, text?: string): void {
  dispatch(actions.Notification({ status, title, ...(text ? { text } : {}) }));
}

/** Let the Dashboard's own address say where we are, so that a reload comes back here. */
export function reportRoute(route: string): void {
  dispatch(actions.UpdateRouting({ newRoute: route }));
}

/** Go to one of the Dashboard's own pages. */
export function openInDashboard(path: string): void {
  dispatch(actions.Redirect({ to: path }));
}

function dispatch(action: Parameters<AppBridge["dispatch"]>[0]): void {
  // A Dashboard that doesn't know an action doesn't answer; nothing here depends on it.
  bridge?.dispatch(action).catch(() => undefined);
}
