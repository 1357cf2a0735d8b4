import { expect, it } from "vitest";
import type { Readings } from "./api";
import { gapSeconds, toCurve } from "./curve";
import { bin, minutesFromNoon, NOON } from "./testing/sample";

const HALF_HOURLY = bin("A").properties; // unknown 90 minutes after a reading
const noon_s = NOON / 1000;

function readings(...minutes: number[]): Readings {
  const points = minutes.map((minute) => ({
    t: minutesFromNoon(minute),
    mean: 50,
    min: 45,
    max: 55,
    n: 2,
  }));
  return { code: "A", bucket_s: 600, points };
}

it("three missed reports are a gap, as they make a bin unknown", () => {
  expect(gapSeconds(HALF_HOURLY, readings(0, 30))).toBe(90 * 60 + 600);
});

it("a bin that says nothing of its interval gets the gap from the usual spacing", () => {
  const silent = { ...HALF_HOURLY, unknown_after: null };
  expect(gapSeconds(silent, readings(0, 30, 60, 90, 600))).toBe(3 * 30 * 60 + 600);
});

it("regular points make one line", () => {
  const [time, mean] = toCurve(readings(0, 30, 60), 6000);
  expect(time).toEqual([noon_s, noon_s + 1800, noon_s + 3600]);
  expect(mean).toEqual([50, 50, 50]);
});

it("a gap is a break in line and band, not a straight line across it", () => {
  const [time, mean, min, max] = toCurve(readings(0, 300, 330), 6000);
  expect(time).toEqual([noon_s, noon_s + 1, noon_s + 18_000, noon_s + 19_800]);
  expect(mean).toEqual([50, null, 50, 50]);
  expect(min).toEqual([45, null, 45, 45]);
  expect(max).toEqual([55, null, 55, 55]);
});

it("no readings make an empty curve", () => {
  expect(toCurve(readings(), 6000)).toEqual([[], [], [], []]);
});
