// Replanning in the shift: what is said of the vehicles. Pure functions.

import type { PlannedVehicle, Underway, VehicleAt } from "../api";
import { type Change, type Draft, ofKind, toldOf } from "./changes";
import type { Stop } from "./drives";

type Report = NonNullable<Underway["vehicles"]>[number];

/** A vehicle with the bins that the plan has for it, in its order; it may have none. */
export interface Routed {
  vehicle: string;
  stops: readonly Stop[];
}

/** Vehicles that may be out: those that the plan has a route for, then others on the road. */
export function routedOf(drives: readonly Routed[], vehicles: readonly VehicleAt[]): Routed[] {
  const own = new Set(drives.map(({ vehicle }) => vehicle));
  const others = vehicles.filter(({ vehicle, has_left }) => has_left && !own.has(vehicle));
  return [...drives, ...others.map(({ vehicle }) => ({ vehicle, stops: [] }))];
}

/** The moment at which the next plan is to take over, milliseconds; null: it is not to. */
export function takeoverMs(draft: Draft, now_ms: number): number | null {
  const [word] = ofKind(draft, "underway");
  if (word === undefined) return null;
  return word.at === null ? now_ms : Date.parse(word.at);
}

/** What people say of bins by then: served or not, whatever the plan says. */
export function toldIn(draft: Draft): ReadonlyMap<string, boolean> {
  return new Map(ofKind(draft, "served").map(({ bin, isServed }) => [bin, isServed]));
}

/** Bins that count as served: as people say, else as the plan has it. */
export function servedBy(draft: Draft, planned: readonly VehicleAt[]): Set<string> {
  const served = new Set(planned.flatMap((one) => one.served));
  for (const [bin, isServed] of toldIn(draft)) {
    if (isServed) served.add(bin);
    else served.delete(bin);
  }
  return served;
}

/** Reports of the vehicles of which something is said; where nothing is, the plan counts. */
export function reportsOf(
  draft: Draft,
  planned: readonly VehicleAt[],
  routes: readonly Routed[],
): Report[] {
  const told = toldIn(draft);
  const served = servedBy(draft, planned);
  return routes.flatMap(({ vehicle, stops }): Report[] => {
    const bins = stops.map(({ bin }) => bin);
    const place = toldOf(draft, "place", vehicle);
    const load = toldOf(draft, "load", vehicle);
    const isServedTold = bins.some((bin) => told.has(bin));
    if (!isServedTold && place === undefined && load === undefined) return [];
    return [
      {
        vehicle,
        ...(place && { lon: place.lon, lat: place.lat }),
        ...(load && { load_kg: load.load_kg, load_l: load.load_l }),
        // All that it has served: who names some of it says that the rest is not.
        ...(isServedTold && { served: bins.filter((bin) => served.has(bin)) }),
      },
    ];
  });
}

/** Vehicles with the places and loads that people tell, before the service has answered. */
export function asTold(vehicles: readonly VehicleAt[], draft: Draft): VehicleAt[] {
  return vehicles.map((then) => {
    const place = toldOf(draft, "place", then.vehicle);
    const load = toldOf(draft, "load", then.vehicle);
    return {
      ...then,
      ...(place && { lon: place.lon, lat: place.lat, has_left: true, step: null, is_driving: false }),
      ...(load && { load_kg: load.load_kg, load_l: load.load_l }),
    };
  });
}

/** What to add to a draft, and what to take back, so that just these of a vehicle's bins count. */
export function servedAs(
  wanted: (stop: Stop) => boolean,
  { vehicle, stops }: Routed,
  draft: Draft,
  planned: readonly VehicleAt[],
): { gone: ReadonlySet<Change>; changes: Change[] } {
  const usual = servedBy([], planned);
  const own = new Set(stops.map(({ bin }) => bin));
  const before = ofKind(draft, "served").filter(({ bin }) => own.has(bin));
  const changes = stops
    .filter((stop) => wanted(stop) !== usual.has(stop.bin))
    .map((stop) => ({ kind: "served", bin: stop.bin, vehicle, isServed: wanted(stop) }) as const);
  // What is said already keeps its place among the changes.
  const isSame = (one: (typeof changes)[number], other: (typeof before)[number]) =>
    one.bin === other.bin && one.isServed === other.isServed;
  return {
    gone: new Set(before.filter((one) => !changes.some((other) => isSame(other, one)))),
    changes: changes.filter((one) => !before.some((other) => isSame(one, other))),
  };
}

/** A whole number as people type it, `1.200` and `1,200` for thousands too; null: it is none. */
export function wholeNumber(typed: string): number | null {
  const text = typed.trim();
  return /^(\d{1,7}|\d{1,3}([., ]\d{3})+)$/.test(text) ? Number(text.replace(/[., ]/g, "")) : null;
}

/** The litres that go with a load in kilograms: waste as dense as what is, or will be, on board. */
export function litresFor(
  load_kg: number,
  then: VehicleAt,
  { stops }: Routed,
  vehicle: PlannedVehicle | undefined,
): number {
  const route_kg = stops.reduce((sum, { facts }) => sum + (facts?.load_kg ?? 0), 0);
  const route_l = stops.reduce((sum, { facts }) => sum + (facts?.load_l ?? 0), 0);
  const pairs: [number, number][] = [
    [then.load_l, then.load_kg],
    [route_l, route_kg],
    [vehicle?.volume_l ?? 0, vehicle?.payload_kg ?? 0],
  ];
  const [litres, kg] = pairs.find(([l, k]) => l > 0 && k > 0) ?? [0, 1];
  const found = Math.round((load_kg * litres) / kg);
  return vehicle === undefined ? found : Math.min(found, vehicle.volume_l);
}
