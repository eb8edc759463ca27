// Amounts and times as the Dashboard's language writes them.

import { useLocale } from "./bridge";

export interface Money {
  amount: number;
  currency: string;
}

export interface Format {
  money: (money: Money) => string;
  number: (value: number) => string;
  percent: (share: number) => string;
  date: (instant: string) => string;
  time: (instant: string) => string;
}

export function useFormat(): Format {
  return formatFor(useLocale());
}

/** The currency of amounts that count pieces. */
const PIECES = "ITEM";

const known = new Map<string, Format>();

/** Making formatters costs more than using them: one set for each language. */
export function formatFor(locale: string): Format {
  const found = known.get(locale);
  if (found) {
    return found;
  }
  const number = new Intl.NumberFormat(locale);
  const percent = new Intl.NumberFormat(locale, { style: "percent", maximumFractionDigits: 0 });
  const date = new Intl.DateTimeFormat(locale, { dateStyle: "medium" });
  const time = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "short" });
  const monies = new Map<string, Intl.NumberFormat>();
  const format: Format = {
    money: ({ amount, currency }) => {
      if (currency === PIECES) {
        return number.format(amount);
      }
      let money = monies.get(currency);
      if (!money) {
        money = new Intl.NumberFormat(locale, { style: "currency", currency });
        monies.set(currency, money);
      }
      return money.format(amount);
    },
    number: (value) => number.format(value),
    percent: (share) => percent.format(share),
    date: (instant) => date.format(new Date(instant)),
    time: (instant) => time.format(new Date(instant)),
  };
  known.set(locale, format);
  return format;
}

/** The instant of a date and time field's value in a time zone (else the browser's), or null. */
export function instantOf(local: string, timeZone?: string): string | null {
  if (!local) {
    return null;
  }
  const at = timeZone && isZone(timeZone) ? instantAt(Date.parse(`${local}Z`), timeZone) : new Date(local);
  return at.toISOString();
}

/** The value of a date and time field for an instant. */
export function localOf(instant: string | null | undefined, timeZone?: string): string {
  if (!instant) {
    return "";
  }
  const at = new Date(instant);
  const ahead =
    timeZone && isZone(timeZone)
      ? offsetAt(at.getTime(), timeZone)
      : -at.getTimezoneOffset() * 60_000;
  return new Date(at.getTime() + ahead).toISOString().slice(0, 16);
}

/** The instants that days, both ends included, last from and to in a time zone; empty for no end. */
export function instantsOf(from: string, to: string, timeZone: string): { gte?: string; lte?: string } {
  return {
    ...(from ? { gte: instantAt(Date.parse(from), timeZone).toISOString() } : {}),
    ...(to ? { lte: justBefore(instantAt(Date.parse(to) + DAY_MS, timeZone)) } : {}),
  };
}

export const DAY_MS = 86_400_000;

/** The last microsecond before an instant, which is as finely as Saleor tells time. */
function justBefore(instant: Date): string {
  return new Date(instant.getTime() - 1).toISOString().replace("Z", "999Z");
}

/** When clocks in a time zone show what clocks in UTC show at *wall*. */
function instantAt(wall: number, timeZone: string): Date {
  const near = wall - offsetAt(wall, timeZone);
  // Clocks may have changed between the two.
  return new Date(wall - offsetAt(near, timeZone));
}

/** How far a time zone's clocks are ahead of UTC at an instant, in milliseconds. */
function offsetAt(instant: number, timeZone: string): number {
  const clock = new Intl.DateTimeFormat("sv-SE", {
    timeZone,
    dateStyle: "short",
    timeStyle: "medium",
  });
  const shown = Date.parse(`${clock.format(instant).replace(" ", "T")}Z`);
  return shown - Math.floor(instant / 1000) * 1000;
}

function isZone(timeZone: string): boolean {
  try {
    return Boolean(new Intl.DateTimeFormat("en", { timeZone }));
  } catch (error) {
    if (error instanceof RangeError) {
      return false;
    }
    throw error;
  }
}
