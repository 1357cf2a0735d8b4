import { expect, it } from "vitest";
import { bin, plan, vehicleAt } from "../testing/plan";
import { add, type Change, type Draft, exchange, NO_STEPS, present, undo } from "./changes";
import { drivesOf } from "./drives";
import {
  asTold,
  litresFor,
  reportsOf,
  routedOf,
  servedAs,
  servedBy,
  takeoverMs,
  wholeNumber,
} from "./underway";

const TRUCK = "X-Y-DT01";
const PLANNED = [vehicleAt(TRUCK, { served: ["B-1"] }), vehicleAt("X-Y-MS01", { served: ["B-3"] })];
const DRIVES = drivesOf(plan());

function isServed(code: string, vehicle: string, is: boolean): Change {
  return { kind: "served", bin: code, vehicle, isServed: is };
}

function truck() {
  const [found] = DRIVES;
  if (found === undefined) throw new Error("the plan of the tests has a truck");
  return found;
}

it("nothing is reported of vehicles that are as planned", () => {
  expect(reportsOf([], PLANNED, DRIVES)).toEqual([]);
});

it("of a vehicle of which something is said all is reported that it has served, in its order", () => {
  expect(reportsOf([isServed("B-2", TRUCK, true)], PLANNED, DRIVES)).toEqual([
    { vehicle: TRUCK, served: ["B-1", "B-2"] },
  ]);
  expect(reportsOf([isServed("B-3", "X-Y-MS01", false)], PLANNED, DRIVES)).toEqual([
    { vehicle: "X-Y-MS01", served: [] },
  ]);
});

it("place and load are reported alone: what a vehicle has served stays as the plan has it", () => {
  const place: Change = { kind: "place", vehicle: TRUCK, lon: 107.02, lat: -6.23, at: "TPA" };
  const load: Change = { kind: "load", vehicle: TRUCK, load_kg: 0, load_l: 0 };
  expect(reportsOf([place], PLANNED, DRIVES)).toEqual([{ vehicle: TRUCK, lon: 107.02, lat: -6.23 }]);
  expect(reportsOf([place, load, isServed("B-2", TRUCK, true)], PLANNED, DRIVES)).toEqual([
    { vehicle: TRUCK, lon: 107.02, lat: -6.23, load_kg: 0, load_l: 0, served: ["B-1", "B-2"] },
  ]);
});

it("a vehicle on the road without a route can be reported, one in its depot need not be", () => {
  const others = [...PLANNED, vehicleAt("X-Y-DT02"), vehicleAt("X-Y-DT03", { has_left: false })];
  const routed = routedOf(DRIVES, others);
  expect(routed.map(({ vehicle }) => vehicle)).toEqual([TRUCK, "X-Y-MS01", "X-Y-DT02"]);
  const place: Change = { kind: "place", vehicle: "X-Y-DT02", lon: 107, lat: -6.2, at: null };
  expect(reportsOf([place], others, routed)).toEqual([{ vehicle: "X-Y-DT02", lon: 107, lat: -6.2 }]);
});

it("what people say of a bin counts at once, before the service has answered", () => {
  const draft = [isServed("B-2", TRUCK, true), isServed("B-3", "X-Y-MS01", false)];
  expect([...servedBy(draft, PLANNED)]).toEqual(["B-1", "B-2"]);
});

it("a place that is told is where the vehicle is, wherever it was driving", () => {
  const heading = vehicleAt(TRUCK, { is_driving: true, step: { kind: "stop", code: "B-2" }, load_kg: 70 });
  const home = vehicleAt("X-Y-MS01", { has_left: false });
  const place = { kind: "place", lon: 107.1, lat: -6.3, at: null } as const;
  const load: Change = { kind: "load", vehicle: "X-Y-MS01", load_kg: 9, load_l: 30 };
  const told = asTold([heading, home], [{ ...place, vehicle: TRUCK }, load]);
  expect(told[0]).toMatchObject({ lon: 107.1, lat: -6.3, step: null, is_driving: false, load_kg: 70 });
  expect(told[1]).toEqual({ ...home, load_kg: 9, load_l: 30 });
});

it("served up to a number is one step, says only what the plan does not, and can be undone", () => {
  const forward = servedAs(() => true, truck(), [], PLANNED);
  expect(forward.changes).toEqual([isServed("B-2", TRUCK, true)]);
  const steps = exchange(NO_STEPS, forward.gone, forward.changes);
  const back = servedAs(({ position }) => position <= 0, truck(), present(steps), PLANNED);
  const less = exchange(steps, back.gone, back.changes);
  expect(present(less)).toEqual([isServed("B-1", TRUCK, false)]);
  expect(present(undo(less))).toEqual([isServed("B-2", TRUCK, true)]);
  const usual = servedAs(({ position }) => position <= 1, truck(), present(less), PLANNED);
  expect(present(exchange(less, usual.gone, usual.changes))).toEqual([]);
});

it("the last word on place and load counts, beside a vehicle that has broken down", () => {
  const at = (lon: number): Change => ({ kind: "place", vehicle: TRUCK, lon, lat: -6.2, at: null });
  const load: Change = { kind: "load", vehicle: TRUCK, load_kg: 5, load_l: 20 };
  const without: Change = { kind: "without", vehicle: TRUCK };
  const steps = [at(107), load, without, at(107.1)].reduce(add, NO_STEPS);
  expect(present(steps)).toEqual([load, without, at(107.1)]);
});

it("whole numbers are read as people write them, and nothing else is", () => {
  const typed = ["0", " 1200 ", "1.200", "1,200", "1 200", "12.34", "1.5", "-3", "", "1e3", "99999999"];
  expect(typed.map(wholeNumber)).toEqual([
    0, 1200, 1200, 1200, 1200, null, null, null, null, null, null,
  ]);
});

it("litres go with kilograms as on board, else as on the route, else as in a full vehicle", () => {
  const vehicle = plan().problem.vehicles[0];
  const on = vehicleAt(TRUCK, { load_kg: 100, load_l: 400 });
  expect(litresFor(50, on, truck(), vehicle)).toBe(200);
  // 20 kg in 100 litres.
  expect(bin("B")).toMatchObject({ load_kg: 20, load_l: 100 });
  expect(litresFor(50, vehicleAt(TRUCK), truck(), vehicle)).toBe(250);
  expect(litresFor(50, vehicleAt(TRUCK), { vehicle: TRUCK, stops: [] }, vehicle)).toBe(50);
  expect(litresFor(900, on, truck(), vehicle)).toBe(1000);
  expect(litresFor(0, on, truck(), vehicle)).toBe(0);
});

it("a plan takes over when it is sent, at a time that was said, or not at all", () => {
  const at: Draft = [{ kind: "underway", at: "2026-11-23T02:30:00Z" }];
  expect(takeoverMs([], 5)).toBeNull();
  expect(takeoverMs([{ kind: "underway", at: null }], 5)).toBe(5);
  expect(takeoverMs(at, 5)).toBe(Date.parse("2026-11-23T02:30:00Z"));
});
