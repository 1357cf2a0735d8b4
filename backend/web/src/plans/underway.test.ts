import { expect, it } from "vitest";
import type { PlanRecord } from "../api";
import { plan, SHIFT_START, step } from "../testing/plan";
import type { Draft } from "./changes";
import { type Drive, drivesOf } from "./drives";
import { assumedAt, type Told, underwayOf } from "./underway";

const START = Date.parse(SHIFT_START);
const NOTHING: Told = new Map();

/** DT01: B-1, B-2, unloading, a break, B-3; every bin holds 20 kg. */
function drives(): Drive[] {
  const route: PlanRecord["plan"]["routes"][number] = {
    vehicle: "X-Y-DT01",
    steps: [
      step("start", "POOL", { leave_s: 600 }),
      step("stop", "B-1", { arrive_s: 900, leave_s: 1000, load_kg: 20 }),
      step("stop", "B-2", { arrive_s: 1500, leave_s: 1600, load_kg: 40 }),
      step("unload", "TPA", { arrive_s: 3000, begin_s: 3600, leave_s: 4000 }),
      step("break", "", { arrive_s: 4000, leave_s: 5800, trip: 2 }),
      step("stop", "B-3", { arrive_s: 7000, leave_s: 7100, load_kg: 20, trip: 2 }),
      step("end", "POOL", { arrive_s: 9000, leave_s: 9000, load_kg: 20, trip: 2 }),
    ],
  };
  const { plan: whole, ...rest } = plan();
  return drivesOf({ ...rest, plan: { ...whole, routes: [route] } });
}

function assumed(at_s: number, told: Told = NOTHING) {
  const [drive] = drives();
  const found = drive && assumedAt(drive, at_s, told);
  return found && [found.where, found.step.code, found.served.length, found.load_kg];
}

it("as long as nobody says otherwise a vehicle is where the plan has it", () => {
  expect(assumed(600)).toEqual(["start", "POOL", 0, 0]);
  expect(assumed(601)).toEqual(["to", "B-1", 0, 0]);
  // What it has come to it brings to an end.
  expect(assumed(900)).toEqual(["at", "B-1", 1, 20]);
  expect(assumed(1000)).toEqual(["to", "B-2", 1, 20]);
  expect(assumed(2000)).toEqual(["to", "TPA", 2, 40]);
  expect(assumed(3100)).toEqual(["at", "TPA", 2, 0]);
  expect(assumed(5000)).toEqual(["at", "", 2, 0]);
  expect(assumed(6000)).toEqual(["to", "B-3", 2, 0]);
  expect(assumed(9000)).toEqual(["end", "POOL", 3, 20]);
});

it("a stop that is said to be done, or not, moves the vehicle and its load", () => {
  expect(assumed(1000, new Map([["B-2", true]]))).toEqual(["at", "B-2", 2, 40]);
  expect(assumed(2000, new Map([["B-2", false]]))).toEqual(["at", "B-1", 1, 20]);
  expect(assumed(1000, new Map([["B-1", false]]))).toEqual(["start", "POOL", 0, 0]);
  // It has left B-2 out and unloaded all the same: B-1 is at the landfill.
  expect(assumed(8000, new Map([["B-2", false]]))).toEqual(["at", "B-3", 2, 20]);
});

it("nothing is sent of vehicles that are as planned, and nothing at all before the shift", () => {
  const at: Draft = [{ kind: "underway", at: "2026-11-22T22:20:00Z" }];
  expect(underwayOf([], drives(), START, START)).toBeNull();
  expect(underwayOf(at, drives(), START, START)).toEqual({
    at: "2026-11-22T22:20:00.000Z",
    vehicles: [],
  });
});

it("what is sent of a vehicle is all that it has served by then", () => {
  const draft: Draft = [
    { kind: "underway", at: null },
    { kind: "served", bin: "B-2", vehicle: "X-Y-DT01", isServed: true },
  ];
  expect(underwayOf(draft, drives(), START, START + 1_000_000)).toEqual({
    at: "2026-11-22T22:16:40.000Z",
    vehicles: [{ vehicle: "X-Y-DT01", served: ["B-1", "B-2"] }],
  });
});
