import { useEffect } from "react";

const PAUSE_MS = 1500;

/** Ask again a little after each answer, for as long as something is under way. */
export function useAgainWhile(isUnderWay: boolean, again: () => void): void {
  useEffect(() => {
    if (!isUnderWay) {
      return undefined;
    }
    const timer = setTimeout(again, PAUSE_MS);
    return () => clearTimeout(timer);
  });
}
