// Changes to a plan that a person collects before they are sent. Pure functions.

import type { PlanChanges } from "../api";

export type Change =
  /** This vehicle serves it, perhaps as its n-th bin. */
  | { kind: "lock"; bin: string; vehicle: string; position: number | null }
  /** It stays. */
  | { kind: "forbid"; bin: string }
  /** It is served, by whomever the planner finds best. */
  | { kind: "force"; bin: string }
  /** The same, because somebody complained. */
  | { kind: "complaint"; bin: string }
  /** It can be reached from, until or both: moments as ISO 8601. */
  | { kind: "hours"; bin: string; after: string | null; before: string | null }
  /** What was said of it in earlier plans is taken back. */
  | { kind: "unlock"; bin: string }
  /** The first stops of a vehicle stay the first, in their order. */
  | { kind: "keep"; vehicle: string; stops: number }
  /** It does not drive, or not on. */
  | { kind: "without"; vehicle: string }
  /** It does again. */
  | { kind: "again"; vehicle: string }
  /** At a disposal site one waits so many minutes longer than usual; 0: as usual again. */
  | { kind: "queue"; site: string; minutes: number }
  /** Replan in the shift: from a moment, or from when it is sent (null). */
  | { kind: "underway"; at: string | null }
  /** By then its vehicle has served it, or has not, other than the plan says. */
  | { kind: "served"; bin: string; vehicle: string; isServed: boolean }
  /** The vehicle is there, other than the plan says; `at`: the bin, disposal site or depot there. */
  | { kind: "place"; vehicle: string; lon: number; lat: number; at: string | null }
  /** It carries that much, other than the plan says. */
  | { kind: "load"; vehicle: string; load_kg: number; load_l: number };

export type Draft = readonly Change[];

/** Drafts from the first to the present one: each change is a step that can be taken back. */
export type Steps = readonly [Draft, ...Draft[]];

export const NO_STEPS: Steps = [[]];

/** What is reported of a vehicle in the shift: one that has broken down has it, too. */
const REPORTS: ReadonlySet<Change["kind"]> = new Set(["served", "place", "load"]);

/** What may be said of one bin side by side. */
const TOGETHER: ReadonlySet<string> = new Set([
  "complaint hours",
  "complaint lock",
  "force hours",
  "hours lock",
]);

export function present(steps: Steps): Draft {
  return steps.at(-1) ?? [];
}

export function add(steps: Steps, change: Change): Steps {
  return [...steps, withChange(present(steps), change)];
}

/** In one step, to be undone at once: some are taken back, others are added. */
export function exchange(steps: Steps, gone: ReadonlySet<Change>, changes: readonly Change[]): Steps {
  const rest = present(steps).filter((one) => !gone.has(one));
  return [...steps, changes.reduce(withChange, rest)];
}

export function drop(steps: Steps, change: Change): Steps {
  const rest = present(steps).filter((one) => one !== change);
  // Reports count in a replanning in the shift only.
  return [...steps, change.kind === "underway" ? rest.filter((one) => !REPORTS.has(one.kind)) : rest];
}

export function undo(steps: Steps): Steps {
  const [first, ...rest] = steps;
  return rest.length === 0 ? steps : [first, ...rest.slice(0, -1)];
}

/** The draft with the change, without what contradicts it: the last word counts. */
function withChange(draft: Draft, change: Change): Change[] {
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

export function changesOfBin(draft: Draft, code: string): Change[] {
  return draft.filter((one) => "bin" in one && one.bin === code);
}

export function changesOfVehicle(draft: Draft, vehicle: string): Change[] {
  return draft.filter((one) => "vehicle" in one && !("bin" in one) && one.vehicle === vehicle);
}

/** As people read them: what is said of several bins of a vehicle in the shift is one line. */
export function linesOf(draft: Draft): Change[][] {
  const lines = new Map<string, Change[]>();
  for (const one of draft) {
    const key = one.kind === "served" ? `${one.isServed} ${one.vehicle}` : JSON.stringify(one);
    lines.set(key, [...(lines.get(key) ?? []), one]);
  }
  return [...lines.values()];
}

/** All of a kind. */
export function ofKind<Kind extends Change["kind"]>(
  draft: Draft,
  kind: Kind,
): Extract<Change, { kind: Kind }>[] {
  return draft.filter((one): one is Extract<Change, { kind: Kind }> => one.kind === kind);
}

/** What is told of a vehicle that is out; undefined: the plan counts. */
export function toldOf<Kind extends "place" | "load">(draft: Draft, kind: Kind, vehicle: string) {
  return ofKind(changesOfVehicle(draft, vehicle), kind)[0];
}

/** As the service takes them; `underway` needs the plan too (`underwayBody`). */
export function toBody(draft: Draft, underway: PlanChanges["underway"] = null): PlanChanges {
  const binsOf = (kind: "forbid" | "force" | "complaint" | "unlock") =>
    ofKind(draft, kind).map(({ bin }) => bin);
  const vehiclesOf = (kind: "without" | "again") =>
    ofKind(draft, kind).map(({ vehicle }) => vehicle);
  return {
    locks: ofKind(draft, "lock").map(({ bin, vehicle, position }) =>
      position === null ? { bin, vehicle } : { bin, vehicle, position },
    ),
    forbid: binsOf("forbid"),
    force: binsOf("force"),
    complaints: binsOf("complaint"),
    hours: ofKind(draft, "hours").map(({ bin, after, before }) => ({ bin, after, before })),
    unlock: binsOf("unlock"),
    fixed_first: ofKind(draft, "keep").map(({ vehicle, stops }) => ({ vehicle, stops })),
    without: vehiclesOf("without"),
    again: vehiclesOf("again"),
    queues: ofKind(draft, "queue").map(({ site, minutes }) => ({
      disposal_site: site,
      extra_min: minutes,
    })),
    underway,
  };
}

/** Whether a later word takes the place of an earlier one. */
function isAnswered(earlier: Change, later: Change): boolean {
  if ("bin" in earlier && "bin" in later) {
    return earlier.bin === later.bin && !isTogether(earlier, later);
  }
  if (earlier.kind === "queue" && later.kind === "queue") return earlier.site === later.site;
  if (earlier.kind === "underway") return later.kind === "underway";
  if (!("vehicle" in earlier && "vehicle" in later) || earlier.vehicle !== later.vehicle) return false;
  if (earlier.kind === later.kind) return true;
  if (REPORTS.has(earlier.kind) || REPORTS.has(later.kind)) return false;
  // A vehicle that does not drive serves nothing, and one that serves something drives.
  return earlier.kind === "without" || later.kind === "without";
}

function isTogether(one: Change, other: Change): boolean {
  if (one.kind === other.kind) return false;
  for (const said of [one, other]) if (said.kind === "served") return !said.isServed;
  return TOGETHER.has([one.kind, other.kind].sort().join(" "));
}
