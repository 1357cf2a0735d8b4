// What the page knows of the bins, and how it is ordered. Pure functions: nothing here is kept.

import type { BinCollection, BinFeature, FillClass } from "./api";

/** By code. A change makes a new map, so that views see that something changed. */
export type Bins = ReadonlyMap<string, BinFeature>;

/** From the most to the least urgent; `unknown` is not a level and comes last. */
export const FILL_CLASSES: readonly FillClass[] = [
  "full",
  "high",
  "half",
  "low",
  "empty",
  "unknown",
];

export interface Filter {
  /** None: every class. */
  classes: readonly FillClass[];
  /** Empty: every kelurahan. */
  area: string;
  /** Words of the code, the place or the kelurahan. */
  search: string;
}

export interface Groups {
  /** Fullest first. */
  known: BinFeature[];
  /** Silent for longest first; those that never spoke, most of them without a sensor, last. */
  unknown: BinFeature[];
}

export function fromState(state: BinCollection): Bins {
  return new Map(state.features.map((bin) => [bin.properties.code, bin]));
}

export function applyChanges(bins: Bins, changes: BinCollection): Bins {
  if (changes.features.length === 0) return bins;
  const next = new Map(bins);
  for (const bin of changes.features) next.set(bin.properties.code, bin);
  return next;
}

/** Turn the bins whose level has grown too old to `unknown`; the same map when there are none. */
export function expire(bins: Bins, nowMs: number): Bins {
  let next: Map<string, BinFeature> | null = null;
  for (const [code, bin] of bins) {
    const { fill_class, unknown_after } = bin.properties;
    if (fill_class === "unknown" || unknown_after === null) continue;
    if (Date.parse(unknown_after) > nowMs) continue;
    next ??= new Map(bins);
    next.set(code, { ...bin, properties: { ...bin.properties, fill_class: "unknown" } });
  }
  return next ?? bins;
}

export function countClasses(bins: Iterable<BinFeature>): Record<FillClass, number> {
  const counts = { full: 0, high: 0, half: 0, low: 0, empty: 0, unknown: 0 };
  for (const bin of bins) counts[bin.properties.fill_class] += 1;
  return counts;
}

export function matching(bins: Bins, filter: Filter): BinFeature[] {
  const words = fold(filter.search).split(/\s+/).filter(Boolean);
  return [...bins.values()].filter(({ properties }) => {
    if (filter.classes.length > 0 && !filter.classes.includes(properties.fill_class)) return false;
    if (filter.area !== "" && properties.area_code !== filter.area) return false;
    const text = fold(`${properties.code} ${properties.site_name} ${properties.area_name}`);
    return words.every((word) => text.includes(word));
  });
}

export function byUrgency(bins: readonly BinFeature[]): Groups {
  const known = bins.filter((bin) => bin.properties.fill_class !== "unknown");
  const unknown = bins.filter((bin) => bin.properties.fill_class === "unknown");
  known.sort((a, b) => level(b) - level(a) || byCode(a, b));
  unknown.sort((a, b) => ascending(silentSince(a), silentSince(b)) || byCode(a, b));
  return { known, unknown };
}

/** The other bins at the same collection point; they stand so close that they look like one. */
export function neighboursOf(bin: BinFeature, bins: Bins): BinFeature[] {
  const { area_code, site_name } = bin.properties;
  return [...bins.values()].filter(
    (one) =>
      one !== bin &&
      one.properties.site_name === site_name &&
      one.properties.area_code === area_code,
  );
}

/** What is drawn later lies above: unknown bins lowest, the fullest on top. */
export function drawingOrder({ known, unknown }: Groups): BinFeature[] {
  return [...known, ...unknown].reverse();
}

/** When the last believed level was measured, in milliseconds; infinite when there is none. */
export function silentSince(bin: BinFeature): number {
  const { trusted_at } = bin.properties;
  return trusted_at === null ? Number.POSITIVE_INFINITY : Date.parse(trusted_at);
}

function level(bin: BinFeature): number {
  return bin.properties.fill_pct ?? -1;
}

function byCode(a: BinFeature, b: BinFeature): number {
  return ascending(a.properties.code, b.properties.code);
}

/** Not by subtraction: infinite times are equal. */
function ascending<T extends number | string>(a: T, b: T): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function fold(text: string): string {
  return text.toLocaleLowerCase("id");
}
