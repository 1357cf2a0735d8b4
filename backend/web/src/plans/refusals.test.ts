import { expect, it } from "vitest";
import type { Fault } from "../api";
import { faultsBeside, faultsOf } from "./refusals";

function fault(field: Fault["field"], code: string | null): Fault {
  return { field, code, why: "unknown", detail: "" };
}

it("a fault is that of the change that it names, and of no other", () => {
  const faults = [fault("locks", "B-7"), fault("forbid", "B-3"), fault("locks", "V")];
  expect(faultsOf({ kind: "forbid", bin: "B-3" }, faults)).toEqual([faults[1]]);
  expect(faultsOf({ kind: "force", bin: "B-3" }, faults)).toEqual([]);
  const lock = { kind: "lock", bin: "B-7", vehicle: "V", position: null } as const;
  expect(faultsOf(lock, faults)).toEqual([faults[0], faults[2]]);
  expect(faultsOf({ ...lock, bin: "B-8", vehicle: "W" }, faults)).toEqual([]);
});

it("a time that is outside of the shift is a fault of the replanning in the shift", () => {
  const faults = [fault("underway.at", null)];
  expect(faultsOf({ kind: "underway", at: null }, faults)).toEqual(faults);
  expect(faultsOf({ kind: "served", bin: "B-1", vehicle: "V", isServed: true }, faults)).toEqual([]);
});

it("a place without a road is a fault of the place that was reported, not of the load", () => {
  const faults: Fault[] = [{ ...fault("underway.vehicles", "V"), why: "off_road" }];
  const place = { kind: "place", vehicle: "V", lon: 107, lat: -6, at: null } as const;
  expect(faultsOf(place, faults)).toEqual(faults);
  expect(faultsOf({ ...place, vehicle: "W" }, faults)).toEqual([]);
  expect(faultsOf({ kind: "load", vehicle: "V", load_kg: 1, load_l: 1 }, faults)).toEqual([]);
});

it("what is wrong with none of the changes is left over", () => {
  const faults = [fault("locks", "B-7"), fault("forbid", "B-3"), fault("underway.at", null)];
  const changes = [{ kind: "forbid", bin: "B-3" }, { kind: "underway", at: null }] as const;
  expect(faultsBeside(changes, faults)).toEqual([faults[0]]);
  expect(faultsBeside([], faults)).toEqual(faults);
});
