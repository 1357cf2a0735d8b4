// A plan as it is driven: vehicles with their trips. Pure functions.

import type { Left, OutReason, PlannedBin, PlanRecord, PlanStep, Route, Served } from "../api";

/**
 * Colours of the vehicles, dark enough for white figures. There are more vehicles than colours
 * that can be told apart: what a line or a stop belongs to is always written beside it too.
 */
const VEHICLE_COLOURS = [
  "#1f5fa8",
  "#a8451b",
  "#2c7a3f",
  "#7b3fa0",
  "#8a6500",
  "#0f7d86",
  "#b02a63",
  "#4c4f8f",
  "#5d6b1c",
  "#7a4b2e",
] as const;

export interface Stop {
  kind: "stop";
  step: PlanStep;
  bin: string;
  /** 1 is the first bin that the vehicle serves: the figure on the map and in a lock. */
  position: number;
  served: Served | undefined;
  facts: PlannedBin | undefined;
}

export interface Pause {
  kind: "unload" | "break";
  step: PlanStep;
}

export interface Trip {
  number: number;
  /** In the order of driving. */
  legs: (Stop | Pause)[];
  /** Collected, kilograms. */
  load_kg: number;
}

export interface Drive {
  vehicle: string;
  /** What is painted on it, such as `DT01`. */
  label: string;
  kind: string;
  colour: string;
  /** All that it does, in order. */
  steps: readonly PlanStep[];
  trips: Trip[];
  stops: Stop[];
  /** Seconds from the start of the shift. */
  begins_s: number;
  ends_s: number;
  distance_m: number;
  queue_s: number;
  load_kg: number;
}

/** The routes of a plan, in its order. */
export function drivesOf(record: PlanRecord): Drive[] {
  const { plan, problem } = record;
  const labels = shortLabels(problem.vehicles.map(({ code }) => code));
  const kinds = new Map(problem.vehicles.map(({ code, kind }) => [code, kind]));
  const served = new Map(plan.served.map((one) => [one.bin, one]));
  const facts = new Map(problem.bins.map((one) => [one.code, one]));
  return plan.routes.map((route, number) => {
    const legs = legsOf(route, served, facts);
    const stops = legs.filter((leg) => leg.kind === "stop");
    const waits = route.steps.filter((step) => step.kind === "unload");
    return {
      vehicle: route.vehicle,
      label: labels.get(route.vehicle) ?? route.vehicle,
      kind: kinds.get(route.vehicle) ?? "",
      colour: VEHICLE_COLOURS[number % VEHICLE_COLOURS.length] ?? VEHICLE_COLOURS[0],
      steps: route.steps,
      trips: tripsOf(legs),
      stops,
      begins_s: route.steps[0]?.leave_s ?? 0,
      ends_s: route.steps.at(-1)?.arrive_s ?? 0,
      distance_m: sum(route.steps.map((step) => step.distance_m)),
      queue_s: sum(waits.map((step) => step.begin_s - step.arrive_s)),
      load_kg: sum(stops.map((stop) => stop.facts?.load_kg ?? 0)),
    };
  });
}

/** What is left of codes without their common beginning up to a hyphen: `BKS-BT-DT01` is `DT01`. */
export function shortLabels(codes: readonly string[]): Map<string, string> {
  const first = codes[0] ?? "";
  let common = first.lastIndexOf("-") + 1;
  while (common > 0 && !codes.every((code) => code.startsWith(first.slice(0, common)))) {
    common = first.lastIndexOf("-", common - 2) + 1;
  }
  return new Map(codes.map((code) => [code, code.slice(common)]));
}

/** Where each served bin is. */
export function stopsByBin(drives: readonly Drive[]): Map<string, { drive: Drive; stop: Stop }> {
  return new Map(
    drives.flatMap((drive) => drive.stops.map((stop) => [stop.bin, { drive, stop }] as const)),
  );
}

export interface LeftFilter {
  /** Empty: all. */
  area: string;
  reason: OutReason | "";
}

/** Bins that should have been served first, then by what leaving them is thought to cost. */
export function leftInOrder(record: PlanRecord, filter: LeftFilter): Left[] {
  const areas = new Map(record.problem.bins.map(({ code, area }) => [code, area]));
  return record.plan.left
    .filter((left) => filter.reason === "" || left.reason === filter.reason)
    .filter((left) => filter.area === "" || areas.get(left.bin) === filter.area)
    .toSorted(
      (a, b) =>
        Number(isMissed(b)) - Number(isMissed(a)) ||
        b.prize_rp - a.prize_rp ||
        (a.bin < b.bin ? -1 : 1),
    );
}

/** It had to be served and is not. */
export function isMissed(left: Left): boolean {
  return left.must !== undefined && left.must !== null;
}

/** Under way it stands in its depot and has nothing left to do. */
export function isHome(drive: Drive): boolean {
  return drive.stops.length === 0 && drive.distance_m === 0;
}

/** Whose fixed rounds decided, in some area at least; null: none did, or one cannot tell. */
export function roundsKept(record: PlanRecord): "registry" | "invented" | null {
  const isKept = record.policy === "fixed" || record.data_trust.some((area) => area.is_fixed);
  const origin: unknown = record.parameters["rounds"];
  return isKept && (origin === "registry" || origin === "invented") ? origin : null;
}

/**
 * Why the day is no trial day; null: it is one. `before`: levels decide from this plan on, but
 * what vehicles drove until then kept to fixed rounds.
 */
export function untreatedBy(record: PlanRecord): "policy" | "areas" | "before" | null {
  if (record.policy === "fixed") return "policy";
  if (record.data_trust.some((area) => area.is_fixed)) return "areas";
  return record.is_treated ? null : "before";
}

export function reasonsOf(record: PlanRecord): { reason: OutReason; n: number }[] {
  const counts = new Map<OutReason, number>();
  for (const { reason } of record.plan.left) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  return [...counts].map(([reason, n]) => ({ reason, n })).sort((a, b) => b.n - a.n);
}

function legsOf(
  route: Route,
  served: ReadonlyMap<string, Served>,
  facts: ReadonlyMap<string, PlannedBin>,
): (Stop | Pause)[] {
  let position = 0;
  return route.steps.flatMap((step): (Stop | Pause)[] => {
    const { kind, code } = step;
    if (kind === "unload" || kind === "break") return [{ kind, step }];
    if (kind !== "stop") return [];
    position += 1;
    return [{ kind, step, bin: code, position, served: served.get(code), facts: facts.get(code) }];
  });
}

function tripsOf(legs: readonly (Stop | Pause)[]): Trip[] {
  const trips: Trip[] = [];
  for (const leg of legs) {
    let trip = trips.at(-1);
    if (trip?.number !== leg.step.trip) {
      trip = { number: leg.step.trip, legs: [], load_kg: 0 };
      trips.push(trip);
    }
    trip.legs.push(leg);
    if (leg.kind === "stop") trip.load_kg += leg.facts?.load_kg ?? 0;
  }
  return trips;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
