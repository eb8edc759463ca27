// A program's rules as a form holds them: for the set-up, and for changing them later.

import { useState } from "react";
import { localOf, instantOf } from "../format";
import { graphql } from "../gql";
import type { ProgramBudgetProgramInput, ProgramRulesFragment } from "../gql/graphql";

graphql(`
  fragment ProgramRules on ProgramBudgetProgram {
    id
    name
    slug
    currency
    status
    isOpen
    overagePolicy
    opensAt
    closesAt
    timeZone
    allotment {
      amount
      currency
    }
    allotmentItems
    cycleLength
    cycleDates
    proration
    carriesForward
    carryLimit {
      amount
      currency
    }
    carryDays
    reminderDays
    includesShipping
    includesTax
    holdTtlMinutes
    refundPolicy
    refundGraceDays
    returnsCodes
    channels {
      id
      name
    }
  }
`);

export interface Rules {
  name: string;
  currency: string;
  allotment: string;
  allotmentItems: string;
  cycleLength: NonNullable<ProgramRulesFragment["cycleLength"]>;
  /** Where periods of given dates are cut, as the program's own clocks show it. */
  cycleDates: string[];
  proration: NonNullable<ProgramRulesFragment["proration"]>;
  overagePolicy: ProgramRulesFragment["overagePolicy"];
  carriesForward: boolean;
  carryLimit: string;
  carryDays: string;
  /** Numbers of days, in one text. */
  reminderDays: string;
  holdTtlMinutes: string;
  refundPolicy: NonNullable<ProgramRulesFragment["refundPolicy"]>;
  refundGraceDays: string;
  returnsCodes: boolean;
  timeZone: string;
  opensAt: string;
  closesAt: string;
  includesShipping: boolean;
  includesTax: boolean;
  channels: string[];
}

const FRESH: Rules = {
  name: "",
  currency: "",
  allotment: "",
  allotmentItems: "0",
  cycleLength: "ANNUAL",
  cycleDates: ["", ""],
  proration: "FULL",
  overagePolicy: "BLOCK",
  carriesForward: false,
  carryLimit: "",
  carryDays: "",
  reminderDays: "30, 7",
  holdTtlMinutes: "60",
  refundPolicy: "FORFEIT",
  refundGraceDays: "30",
  returnsCodes: true,
  timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
  opensAt: "",
  closesAt: "",
  includesShipping: true,
  includesTax: true,
  channels: [],
};

/** The rules of a program, or those that a new one begins with. */
export function useRules(program: ProgramRulesFragment | null) {
  const [rules, setRules] = useState(program ? rulesOf(program) : FRESH);
  return { rules, change: (part: Partial<Rules>) => setRules((now) => ({ ...now, ...part })) };
}

function rulesOf(program: ProgramRulesFragment): Rules {
  return {
    name: program.name,
    currency: program.currency,
    allotment: textOf(program.allotment),
    allotmentItems: String(program.allotmentItems ?? 0),
    cycleLength: program.cycleLength ?? FRESH.cycleLength,
    cycleDates: program.cycleDates?.length
      ? program.cycleDates.map((date) => localOf(date, program.timeZone))
      : FRESH.cycleDates,
    proration: program.proration ?? FRESH.proration,
    overagePolicy: program.overagePolicy,
    carriesForward: program.carriesForward ?? false,
    carryLimit: textOf(program.carryLimit),
    carryDays: program.carryDays ? String(program.carryDays) : "",
    reminderDays: program.reminderDays?.join(", ") ?? FRESH.reminderDays,
    holdTtlMinutes: String(program.holdTtlMinutes ?? FRESH.holdTtlMinutes),
    refundPolicy: program.refundPolicy ?? FRESH.refundPolicy,
    refundGraceDays: String(program.refundGraceDays ?? FRESH.refundGraceDays),
    returnsCodes: program.returnsCodes ?? FRESH.returnsCodes,
    timeZone: program.timeZone,
    opensAt: localOf(program.opensAt, program.timeZone),
    closesAt: localOf(program.closesAt, program.timeZone),
    includesShipping: program.includesShipping ?? true,
    includesTax: program.includesTax ?? true,
    channels: program.channels?.map(({ id }) => id) ?? [],
  };
}

/** What the API takes; the currency goes beside it, when the program is created. */
export function inputOf(rules: Rules): ProgramBudgetProgramInput {
  return {
    name: rules.name,
    overagePolicy: rules.overagePolicy,
    allotment: rules.allotment || "0",
    allotmentItems: Number(rules.allotmentItems || 0),
    cycleLength: rules.cycleLength,
    cycleDates:
      rules.cycleLength === "CUSTOM"
        ? rules.cycleDates.flatMap((date) => instantOf(date, rules.timeZone) ?? [])
        : [],
    proration: rules.proration,
    carriesForward: rules.carriesForward,
    carryLimit: rules.carriesForward && rules.carryLimit ? rules.carryLimit : null,
    carryDays: rules.carriesForward && rules.carryDays ? Number(rules.carryDays) : null,
    reminderDays: numbersIn(rules.reminderDays),
    holdTtlMinutes: Number(rules.holdTtlMinutes || FRESH.holdTtlMinutes),
    refundPolicy: rules.refundPolicy,
    refundGraceDays: Number(rules.refundGraceDays || FRESH.refundGraceDays),
    returnsCodes: rules.returnsCodes,
    timeZone: rules.timeZone,
    opensAt: instantOf(rules.opensAt, rules.timeZone),
    closesAt: instantOf(rules.closesAt, rules.timeZone),
    includesShipping: rules.includesShipping,
    includesTax: rules.includesTax,
    channels: rules.channels,
  };
}

export const RULE_FIELDS = [
  "name",
  "currency",
  "allotment",
  "allotmentItems",
  "cycleLength",
  "cycleDates",
  "proration",
  "carryLimit",
  "carryDays",
  "reminderDays",
  "holdTtlMinutes",
  "refundGraceDays",
  "timeZone",
  "opensAt",
  "closesAt",
];

function numbersIn(text: string): number[] {
  return (text.match(/\d+/g) ?? []).map(Number);
}

function textOf(money: { amount: number } | null | undefined): string {
  return money ? String(money.amount) : "";
}
