import { texts } from "../texts";
import { Badge } from "./page";

export type ProgramStatus = "DRAFT" | "OPEN" | "CLOSED";

/** How a program stands; one that is open may still be outside its window. */
export function StatusBadge(props: { status: ProgramStatus | null | undefined; isOpen: boolean }) {
  if (!props.status) {
    return null;
  }
  if (props.status === "OPEN" && !props.isOpen) {
    return <Badge tone="warning">{texts.programs.waiting}</Badge>;
  }
  const tone = { DRAFT: "info", OPEN: "success", CLOSED: "neutral" } as const;
  return <Badge tone={tone[props.status]}>{texts.programs.states[props.status]}</Badge>;
}
