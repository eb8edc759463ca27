import { useEffect } from "react";

/**
 * Keep the focus where it can be seen.
 *
 * What has it may be taken away by what it did: a step that is done, a dialog that closes, a button
 * that waits for its answer. Browsers then leave the focus nowhere, and whoever has no mouse begins
 * at the top. Here it goes back to a button that waited, or on to the heading of what stands there
 * now.
 */
export function useKeptFocus(): void {
  useEffect(() => {
    let trail: HTMLElement[] = [];
    const remember = ({ target }: FocusEvent) => {
      trail = aroundOf(target);
    };
    // Who clicks beside everything wants the focus nowhere.
    const forget = () => {
      trail = [];
    };
    const restore = () => {
      // Whoever has left for the Dashboard around us is left alone.
      if (!document.hasFocus() || document.activeElement !== document.body) {
        return;
      }
      placeFor(trail)?.focus();
    };
    const observer = new MutationObserver(restore);
    observer.observe(document.body, {
      attributeFilter: ["disabled"],
      childList: true,
      subtree: true,
    });
    document.addEventListener("focusin", remember);
    document.addEventListener("pointerdown", forget);
    return () => {
      observer.disconnect();
      document.removeEventListener("focusin", remember);
      document.removeEventListener("pointerdown", forget);
    };
  }, []);
}

function aroundOf(target: EventTarget | null): HTMLElement[] {
  const around: HTMLElement[] = [];
  for (let each = target; each instanceof HTMLElement; each = each.parentElement) {
    around.push(each);
  }
  return around;
}

/** Where the focus belongs now that what had it is gone; null while it only waits. */
function placeFor(trail: HTMLElement[]): HTMLElement | null {
  const [last] = trail;
  if (!last) {
    return null;
  }
  if (last.isConnected) {
    return last.matches(":disabled") ? null : last;
  }
  const main = document.querySelector("main");
  const near = trail.find((each) => each.isConnected && main?.contains(each)) ?? main;
  const place = near?.querySelector<HTMLElement>("h1, h2") ?? main?.querySelector<HTMLElement>("h1");
  if (place) {
    place.tabIndex = -1;
  }
  return place ?? null;
}
