// What the service says is wrong with changes, and which change it is. Pure functions.

import type { Change } from "./changes";

/** Words with which the service begins a sentence about a change. */
const FIELDS = {
  lock: ["locks"],
  forbid: ["forbid"],
  force: ["force"],
  complaint: ["complaints", "force"],
  hours: ["hours"],
  unlock: ["unlock"],
  keep: ["fixed_first"],
  without: ["without"],
  again: ["again"],
  queue: ["queues"],
  underway: ["underway, at"],
  served: ["underway, served", "underway"],
} as const satisfies Record<Change["kind"], readonly string[]>;

const NAMES = [...new Set(Object.values(FIELDS).flat())].sort((a, b) => b.length - a.length);
const BEFORE_FIELD = new RegExp(`; (?=(?:${NAMES.join("|")}): )`);

export interface Fault {
  field: string;
  /** The service's sentence, English. */
  text: string;
}

/** One for each thing that is wrong; a sentence may hold semicolons of its own. */
export function faultsIn(detail: string): Fault[] {
  return detail.split(BEFORE_FIELD).map((part) => {
    const field = NAMES.find((name) => part.startsWith(`${name}: `)) ?? "";
    return { field, text: field === "" ? part : part.slice(field.length + 2) };
  });
}

/** What is wrong with a change. */
export function faultsOf(change: Change, faults: readonly Fault[]): Fault[] {
  const fields: readonly string[] = FIELDS[change.kind];
  const code = "bin" in change ? change.bin : "vehicle" in change ? change.vehicle : "site" in change ? change.site : "";
  return faults.filter(({ field, text }) => fields.includes(field) && text.includes(code));
}
