// Which of the changes it is that the service found wrong. Pure functions.

import type { Fault, FaultField } from "../api";
import type { Change } from "./changes";

/** Where a change stands in what is sent. */
const FIELDS: Record<Change["kind"], FaultField> = {
  lock: "locks",
  forbid: "forbid",
  force: "force",
  complaint: "complaints",
  hours: "hours",
  unlock: "unlock",
  keep: "fixed_first",
  without: "without",
  again: "again",
  queue: "queues",
  underway: "underway.at",
  served: "underway.served",
  place: "underway.vehicles",
  load: "underway.vehicles",
};

/** What is wrong with a change. */
export function faultsOf(change: Change, faults: readonly Fault[]): Fault[] {
  const codes: readonly unknown[] = Object.values(change);
  return faults.filter(
    ({ field, code, why }) =>
      field === FIELDS[change.kind] &&
      (code === null || codes.includes(code)) &&
      (why !== "off_road" || change.kind === "place"),
  );
}

/** What is wrong with none of these changes. */
export function faultsBeside(changes: readonly Change[], faults: readonly Fault[]): Fault[] {
  const theirs = new Set(changes.flatMap((one) => faultsOf(one, faults)));
  return faults.filter((fault) => !theirs.has(fault));
}
