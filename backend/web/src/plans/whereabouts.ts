// Places where a vehicle can be said to be. Pure functions.

import type { BinFeature, PlanRecord } from "../api";
import type { Stop } from "./drives";
import type { Routed } from "./underway";

/** A vehicle is near what the plan knows; a click farther away is a slip. Degrees, some 11 km. */
const MARGIN = 0.1;

/** `TPS 9` before `TPS 10`. */
const BY_NAME = new Intl.Collator("id", { numeric: true });

export interface Spot {
  /** Bins of one collection point are one place. */
  codes: readonly string[];
  name: string;
  lon: number;
  lat: number;
}

export interface Spots {
  /** Depots and where vehicles unload. */
  sites: Spot[];
  /** On the vehicle's route, in its order; those of one collection point in a row are one. */
  route: Spot[];
  /** The other collection points, by name. */
  others: Spot[];
}

type Bins = ReadonlyMap<string, BinFeature>;

export function spotsOf(
  { stops }: Routed,
  { problem }: PlanRecord,
  bins: Bins,
  nameOf: (site: string) => string,
): Spots {
  const own = new Set(stops.map(({ bin }) => bin));
  const others = new Map<string, { codes: string[]; lon: number; lat: number }>();
  for (const { code, lon, lat } of problem.bins) {
    if (own.has(code)) continue;
    const name = placeOf(code, bins);
    const known = others.get(name);
    if (known === undefined) others.set(name, { codes: [code], lon, lat });
    else known.codes.push(code);
  }
  return {
    sites: [...problem.disposal_sites, ...problem.depots].map(({ code, lon, lat }) => ({
      codes: [code],
      name: nameOf(code),
      lon,
      lat,
    })),
    route: runsOf(stops, bins),
    others: [...others]
      .map(([name, spot]) => ({ name, ...spot }))
      .sort((a, b) => BY_NAME.compare(a.name, b.name)),
  };
}

/** The spot at which such a code is; undefined: none. */
export function spotAt(code: string | null, spots: Spots): Spot | undefined {
  const all = [...spots.sites, ...spots.route, ...spots.others];
  return code === null ? undefined : all.find(({ codes }) => codes.includes(code));
}

/** Whether a place is among what the plan knows, or not far from it. */
export function isNear(lon: number, lat: number, { problem }: PlanRecord): boolean {
  const known = [...problem.bins, ...problem.depots, ...problem.disposal_sites];
  const lons = known.map((one) => one.lon);
  const lats = known.map((one) => one.lat);
  const isWithin = (value: number, all: number[]) =>
    value >= Math.min(...all) - MARGIN && value <= Math.max(...all) + MARGIN;
  return known.length > 0 && isWithin(lon, lons) && isWithin(lat, lats);
}

function runsOf(stops: readonly Stop[], bins: Bins): Spot[] {
  const runs: { first: Stop; last: Stop; place: string; codes: string[]; lon: number; lat: number }[] = [];
  for (const stop of stops) {
    if (stop.facts === undefined) continue;
    const { lon, lat } = stop.facts;
    const place = placeOf(stop.bin, bins);
    const run = runs.at(-1);
    if (run?.place === place) {
      run.last = stop;
      run.codes.push(stop.bin);
    } else runs.push({ first: stop, last: stop, place, codes: [stop.bin], lon, lat });
  }
  return runs.map(({ first, last, place, codes, lon, lat }) => {
    const numbers = first === last ? `${first.position}` : `${first.position}–${last.position}`;
    return { codes, name: `${numbers} · ${place}`, lon, lat };
  });
}

/** The name of its collection point; its own code until that is known. */
function placeOf(code: string, bins: Bins): string {
  return bins.get(code)?.properties.site_name ?? code;
}
