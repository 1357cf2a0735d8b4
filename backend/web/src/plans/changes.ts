// Changes to a plan that a person collects before they are sent. Pure functions.

import type { PlanChanges } from "../api";

export type Change =
  /** This vehicle serves it, perhaps as its n-th bin. */
  | { kind: "lock"; bin: string; vehicle: string; position: number | null }
  /** It stays. */
  | { kind: "forbid"; bin: string }
  /** It is served, by whomever the planner finds best. */
  | { kind: "force"; bin: string }
  /** What was said of it in earlier plans is taken back. */
  | { kind: "unlock"; bin: string }
  /** The first stops of a vehicle stay the first, in their order. */
  | { kind: "keep"; vehicle: string; stops: number }
  /** It does not drive. */
  | { kind: "without"; vehicle: string };

export type Draft = readonly Change[];

/** Drafts from the first to the present one: each change is a step that can be taken back. */
export type Steps = readonly [Draft, ...Draft[]];

export const NO_STEPS: Steps = [[]];

export function present(steps: Steps): Draft {
  return steps.at(-1) ?? [];
}

export function add(steps: Steps, change: Change): Steps {
  return [...steps, withChange(present(steps), change)];
}

export function drop(steps: Steps, change: Change): Steps {
  return [...steps, present(steps).filter((one) => one !== change)];
}

export function undo(steps: Steps): Steps {
  const [first, ...rest] = steps;
  return rest.length === 0 ? steps : [first, ...rest.slice(0, -1)];
}

/** The draft with the change, without what contradicts it: the last word counts. */
export function withChange(draft: Draft, change: Change): Draft {
  const kept = draft.filter((one) => !isAnswered(one, change));
  if (change.kind !== "lock" || change.position === null) return [...kept, change];
  // One place holds one bin: whoever was to be there goes to that vehicle, anywhere.
  const moved = kept.map((one) =>
    one.kind === "lock" && one.vehicle === change.vehicle && one.position === change.position
      ? { ...one, position: null }
      : one,
  );
  return [...moved, change];
}

export function changeOf(draft: Draft, code: string): Change | undefined {
  return draft.find((one) => "bin" in one && one.bin === code);
}

export function changesOfVehicle(draft: Draft, vehicle: string): Change[] {
  return draft.filter((one) => !("bin" in one) && one.vehicle === vehicle);
}

/** As the service takes them. */
export function toBody(draft: Draft): PlanChanges {
  const of = <Kind extends Change["kind"]>(kind: Kind) =>
    draft.filter((one): one is Extract<Change, { kind: Kind }> => one.kind === kind);
  return {
    locks: of("lock").map(({ bin, vehicle, position }) =>
      position === null ? { bin, vehicle } : { bin, vehicle, position },
    ),
    forbid: of("forbid").map(({ bin }) => bin),
    force: of("force").map(({ bin }) => bin),
    unlock: of("unlock").map(({ bin }) => bin),
    fixed_first: of("keep").map(({ vehicle, stops }) => ({ vehicle, stops })),
    without: of("without").map(({ vehicle }) => vehicle),
  };
}

/** Steps as they were kept in the browser; none when they cannot be read. */
export function parseDraft(text: string | null): Draft {
  try {
    const found: unknown = JSON.parse(text ?? "[]");
    return Array.isArray(found) ? found.filter(isChange) : [];
  } catch {
    return [];
  }
}

/** Whether a later word takes the place of an earlier one. */
function isAnswered(earlier: Change, later: Change): boolean {
  if ("bin" in earlier && "bin" in later) return earlier.bin === later.bin;
  if (!("vehicle" in earlier) || !("vehicle" in later)) return false;
  if (earlier.vehicle !== later.vehicle) return false;
  // A vehicle that does not drive serves nothing, and one that serves something drives.
  return earlier.kind === later.kind || earlier.kind === "without" || later.kind === "without";
}

function isChange(value: unknown): value is Change {
  if (typeof value !== "object" || value === null) return false;
  const { kind, bin, vehicle, position, stops } = value as Record<string, unknown>;
  switch (kind) {
    case "lock":
      return (
        typeof bin === "string" &&
        typeof vehicle === "string" &&
        (position === null || typeof position === "number")
      );
    case "forbid":
    case "force":
    case "unlock":
      return typeof bin === "string";
    case "keep":
      return typeof vehicle === "string" && typeof stops === "number";
    case "without":
      return typeof vehicle === "string";
    default:
      return false;
  }
}
