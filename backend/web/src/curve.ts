// A bin's readings in the shape that uPlot draws.

import type { BinProperties, Readings } from "./api";

/** Seconds since 1970, then the mean, lowest and highest level; null where nothing was heard. */
export type Curve = [time: number[], mean: Level[], min: Level[], max: Level[]];
export type Level = number | null;

/** So many missed reports are a gap, by the same rule that turns a bin `unknown`. */
const MISSED_REPORTS = 3;

/**
 * Seconds of silence that are a gap. A bin is `unknown` after three intervals, so the bin itself
 * says it; one that never spoke gets it from the spacing of its points.
 */
export function gapSeconds(bin: BinProperties, readings: Readings): number {
  if (bin.trusted_at !== null && bin.unknown_after !== null) {
    const seconds = (Date.parse(bin.unknown_after) - Date.parse(bin.trusted_at)) / 1000;
    if (seconds > 0) return seconds + readings.bucket_s;
  }
  const times = readings.points.map((point) => Date.parse(point.t) / 1000);
  const steps = times.slice(1).map((time, i) => time - (times[i] ?? time));
  steps.sort((a, b) => a - b);
  const median = steps[Math.floor(steps.length / 2)] ?? readings.bucket_s;
  return MISSED_REPORTS * median + readings.bucket_s;
}

export function toCurve(readings: Readings, gap_s: number): Curve {
  const curve: Curve = [[], [], [], []];
  let previous: number | null = null;
  for (const point of readings.points) {
    const time = Date.parse(point.t) / 1000;
    if (previous !== null && time - previous > gap_s) push(curve, previous + 1, null, null, null);
    push(curve, time, point.mean, point.min, point.max);
    previous = time;
  }
  return curve;
}

function push(curve: Curve, time: number, mean: Level, min: Level, max: Level): void {
  curve[0].push(time);
  curve[1].push(mean);
  curve[2].push(min);
  curve[3].push(max);
}
