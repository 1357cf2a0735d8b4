import { expect, it } from "vitest";
import { plan, vehicleAt } from "../testing/plan";
import type { Draft } from "./changes";
import { drivesOf } from "./drives";
import { reportsOf, takeoverMs, toldIn } from "./underway";

const PLANNED = [
  vehicleAt("X-Y-DT01", { served: ["B-1"] }),
  vehicleAt("X-Y-MS01", { served: ["B-3"] }),
];

it("nothing is reported of vehicles that are as planned", () => {
  expect(reportsOf(new Map(), PLANNED, drivesOf(plan()))).toEqual([]);
});

it("of a vehicle of which something is said all is reported that it has served, in its order", () => {
  const more = toldIn([{ kind: "served", bin: "B-2", vehicle: "X-Y-DT01", isServed: true }]);
  expect(reportsOf(more, PLANNED, drivesOf(plan()))).toEqual([
    { vehicle: "X-Y-DT01", served: ["B-1", "B-2"] },
  ]);
  const less = toldIn([{ kind: "served", bin: "B-3", vehicle: "X-Y-MS01", isServed: false }]);
  expect(reportsOf(less, PLANNED, drivesOf(plan()))).toEqual([{ vehicle: "X-Y-MS01", served: [] }]);
});

it("a plan takes over when it is sent, at a time that was said, or not at all", () => {
  const at: Draft = [{ kind: "underway", at: "2026-11-23T02:30:00Z" }];
  expect(takeoverMs([], 5)).toBeNull();
  expect(takeoverMs([{ kind: "underway", at: null }], 5)).toBe(5);
  expect(takeoverMs(at, 5)).toBe(Date.parse("2026-11-23T02:30:00Z"));
});
