import { expect, it } from "vitest";
import { faultsIn, faultsOf } from "./refusals";

const DETAIL =
  "locks: BKS-BT-0007 to DT01: it stands in an alley where a dump_truck does not get in; " +
  "forbid: BKS-BT-0003 is served by MS01 before the plan takes over; if it is not, say what MS01 has `served`; " +
  "underway, at: 2026-11-23 05:00 to 13:00 is the shift, 2026-11-23 23:00 is outside; and 3 more";

it("each thing that is wrong is a fault of its own, whatever punctuation is in its sentence", () => {
  expect(faultsIn(DETAIL).map(({ field }) => field)).toEqual(["locks", "forbid", "underway, at"]);
  expect(faultsIn("something else")).toEqual([{ field: "", text: "something else" }]);
});

it("a fault is that of the change that it names", () => {
  const faults = faultsIn(DETAIL);
  const texts = faultsOf({ kind: "forbid", bin: "BKS-BT-0003" }, faults).map(({ text }) => text);
  expect(texts).toEqual([
    "BKS-BT-0003 is served by MS01 before the plan takes over; if it is not, say what MS01 has `served`",
  ]);
  expect(faultsOf({ kind: "forbid", bin: "BKS-BT-0009" }, faults)).toEqual([]);
  expect(faultsOf({ kind: "lock", bin: "BKS-BT-0007", vehicle: "DT01", position: null }, faults)).toHaveLength(1);
  expect(faultsOf({ kind: "underway", at: null }, faults)).toHaveLength(1);
});
