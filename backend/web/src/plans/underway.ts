// A plan in the middle of its shift: how far each vehicle is, as the service will take it to be
// (`planning/progress.py`). Pure functions.

import type { PlanChanges, PlanStep } from "../api";
import { type Draft, ofKind } from "./changes";
import type { Drive, Stop } from "./drives";

export interface Assumed {
  /** At its depot or where the plan took it over; at a step; on its way to one; home again. */
  where: "start" | "at" | "to" | "end";
  step: PlanStep;
  /** Bins that it has served or is working at, in the order of its route. */
  served: readonly string[];
  load_kg: number;
}

/** What people say of bins by then: served or not, whatever the plan says. */
export type Told = ReadonlyMap<string, boolean>;

export function toldIn(draft: Draft): Told {
  return new Map(ofKind(draft, "served").map(({ bin, isServed }) => [bin, isServed]));
}

/** The moment at which the plan is to take over, milliseconds; null: it is not to. */
export function takeoverMs(draft: Draft, now_ms: number): number | null {
  const [word] = ofKind(draft, "underway");
  if (word === undefined) return null;
  return word.at === null ? now_ms : Date.parse(word.at);
}

/** How far a vehicle is, so many seconds into the shift. */
export function assumedAt(drive: Drive, at_s: number, told: Told): Assumed | null {
  const [start] = drive.steps;
  if (start === undefined) return null;
  return drive.stops.some(({ bin }) => told.has(bin))
    ? byWord(drive, start, servedAt(drive, at_s, told))
    : byTime(drive, start, at_s);
}

/** Its bins that are served by then. */
export function servedAt(drive: Drive, at_s: number, told: Told): Stop[] {
  return drive.stops.filter(({ bin, step }) => told.get(bin) ?? isBegun(drive, step, at_s));
}

/** The report that is sent; null: the plan is not to take over in its shift. */
export function underwayOf(
  draft: Draft,
  drives: readonly Drive[],
  shiftStart_ms: number,
  now_ms: number,
): PlanChanges["underway"] {
  const at_ms = takeoverMs(draft, now_ms);
  if (at_ms === null) return null;
  const told = toldIn(draft);
  const vehicles = drives
    .filter(({ stops }) => stops.some(({ bin }) => told.has(bin)))
    .map((drive) => ({
      vehicle: drive.vehicle,
      served: servedAt(drive, (at_ms - shiftStart_ms) / 1000, told).map(({ bin }) => bin),
    }));
  return { at: new Date(at_ms).toISOString(), vehicles };
}

function byTime({ steps, stops }: Drive, start: PlanStep, at_s: number): Assumed {
  if (at_s <= start.leave_s) return { where: "start", step: start, served: [], load_kg: start.load_kg };
  const begun = steps.findLastIndex((step) => step.arrive_s <= at_s);
  const last = steps[begun] ?? start;
  const next = steps[begun + 1];
  const done = new Set(steps.slice(0, begun + 1));
  const served = stops.filter(({ step }) => done.has(step)).map(({ bin }) => bin);
  const { load_kg } = last;
  if (next === undefined) return { where: "end", step: last, served, load_kg };
  const isDriving = last.leave_s <= at_s;
  return { where: isDriving ? "to" : "at", step: isDriving ? next : last, served, load_kg };
}

/** It is where it served last, as far as one knows. */
function byWord({ steps, stops }: Drive, start: PlanStep, done: readonly Stop[]): Assumed {
  const served = done.map(({ bin }) => bin);
  const last = done.at(-1)?.step;
  if (last === undefined) return { where: "start", step: start, served, load_kg: start.load_kg };
  const before = steps.slice(0, steps.indexOf(last));
  const unloaded = before.findLastIndex(({ kind }) => kind === "unload");
  const since = new Set(steps.slice(unloaded + 1));
  const aboard = stops.filter((stop) => done.includes(stop) && since.has(stop.step));
  const load_kg = aboard.reduce(
    (sum, { facts }) => sum + (facts?.load_kg ?? 0),
    unloaded === -1 ? start.load_kg : 0,
  );
  return { where: "at", step: last, served, load_kg };
}

/** A stop that a vehicle has come to is brought to its end. */
function isBegun({ steps }: Drive, step: PlanStep, at_s: number): boolean {
  const leaves_s = steps[0]?.leave_s ?? 0;
  return at_s > leaves_s && step.arrive_s <= at_s;
}
