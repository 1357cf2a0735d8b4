// Which of the changes it is that the service found wrong. Pure functions.

import type { Fault } from "../api";
import type { Change } from "./changes";

/** Where a change stands in what is sent. */
const FIELDS = {
  lock: ["locks"],
  forbid: ["forbid"],
  force: ["force"],
  complaint: ["complaints"],
  hours: ["hours"],
  unlock: ["unlock"],
  keep: ["fixed_first"],
  without: ["without"],
  again: ["again"],
  queue: ["queues"],
  underway: ["underway.at"],
  served: ["underway.served"],
  place: ["underway.vehicles"],
  load: ["underway.vehicles"],
} as const satisfies Record<Change["kind"], readonly string[]>;

/** What is wrong with a change. */
export function faultsOf(change: Change, faults: readonly Fault[]): Fault[] {
  const fields: readonly string[] = FIELDS[change.kind];
  const codes: readonly unknown[] = Object.values(change);
  return faults.filter(
    ({ field, code, why }) =>
      fields.includes(field) &&
      (code === null || codes.includes(code)) &&
      (why !== "off_road" || change.kind === "place"),
  );
}
