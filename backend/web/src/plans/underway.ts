// Replanning in the shift: what is said of the vehicles. Pure functions.

import type { Underway, VehicleAt } from "../api";
import { type Draft, ofKind } from "./changes";
import type { Drive } from "./drives";

/** What people say of bins by then: served or not, whatever the plan says. */
export type Told = ReadonlyMap<string, boolean>;

export function toldIn(draft: Draft): Told {
  return new Map(ofKind(draft, "served").map(({ bin, isServed }) => [bin, isServed]));
}

/** The moment at which the next plan is to take over, milliseconds; null: it is not to. */
export function takeoverMs(draft: Draft, now_ms: number): number | null {
  const [word] = ofKind(draft, "underway");
  if (word === undefined) return null;
  return word.at === null ? now_ms : Date.parse(word.at);
}

/** Reports of the vehicles of which something is said: all that they have served by then. */
export function reportsOf(
  told: Told,
  planned: readonly VehicleAt[],
  drives: readonly Drive[],
): Underway["vehicles"] {
  const served = servedIn(planned);
  return drives
    .filter(({ stops }) => stops.some(({ bin }) => told.has(bin)))
    .map(({ vehicle, stops }) => ({
      vehicle,
      served: stops.map(({ bin }) => bin).filter((bin) => told.get(bin) ?? served.has(bin)),
    }));
}

export function servedIn(vehicles: readonly VehicleAt[]): Set<string> {
  return new Set(vehicles.flatMap(({ served }) => served));
}
