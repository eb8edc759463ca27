import { useWidgetAutoResize } from "@saleor/app-sdk/app-bridge";
import type { RefObject } from "react";
import { useState } from "react";

/** Fit the widget's frame to its content; returns the id that the Dashboard put into the address. */
export function useWidget(root: RefObject<HTMLElement | null>, parameter: string): string {
  useWidgetAutoResize(root);
  const [id] = useState(() => new URLSearchParams(window.location.search).get(parameter) ?? "");
  return id;
}
