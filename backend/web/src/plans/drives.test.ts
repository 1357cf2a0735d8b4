import { expect, it } from "vitest";
import { plan } from "../testing/plan";
import {
  drivesOf,
  isHome,
  isMissed,
  leftInOrder,
  reasonsOf,
  roundsKept,
  shortLabels,
  stopsByBin,
  untreatedBy,
} from "./drives";

it("a route is told by trips, with bins counted from one over all of them", () => {
  const [truck, cart] = drivesOf(plan());
  expect(truck?.label).toBe("DT01");
  expect(truck?.trips.map((trip) => trip.legs.map((leg) => leg.kind))).toEqual([
    ["stop", "unload"],
    ["break", "stop", "unload"],
  ]);
  expect(truck?.stops.map((stop) => [stop.bin, stop.position])).toEqual([
    ["B-1", 1],
    ["B-2", 2],
  ]);
  expect(truck).toMatchObject({
    begins_s: 60,
    ends_s: 7200,
    distance_m: 5000,
    // 600 s and 300 s before the scales.
    queue_s: 900,
    load_kg: 40,
  });
  expect(truck?.trips.map((trip) => trip.load_kg)).toEqual([20, 20]);
  expect(cart?.colour).not.toBe(truck?.colour);
});

it("a vehicle without a stop and without a way is home, one that only unloads is not", () => {
  const [truck] = drivesOf(plan());
  if (truck === undefined) throw new Error("the plan of the tests has a truck");
  expect(isHome(truck)).toBe(false);
  expect(isHome({ ...truck, stops: [] })).toBe(false);
  expect(isHome({ ...truck, stops: [], distance_m: 0 })).toBe(true);
});

it("each stop is found by its bin", () => {
  const found = stopsByBin(drivesOf(plan()));
  expect(found.get("B-3")).toMatchObject({ drive: { label: "MS01" }, stop: { position: 1 } });
  expect(found.has("B-4")).toBe(false);
});

it.each([
  [["BKS-BT-DT01", "BKS-BT-MS02"], ["DT01", "MS02"]],
  [["BKS-BT-DT01", "BKS-BU-DT01"], ["BT-DT01", "BU-DT01"]],
  [["TRUK", "B-2"], ["TRUK", "B-2"]],
  [["A-1"], ["1"]],
  [[], []],
])("of the codes %s the labels are %s", (codes, labels) => {
  expect([...shortLabels(codes).values()]).toEqual(labels);
});

it("bins that had to be served come first, then the dearest to leave", () => {
  const all = { area: "", reason: "" } as const;
  expect(leftInOrder(plan(), all).map((left) => left.bin)).toEqual(["B-5", "B-6", "B-4"]);
  expect(leftInOrder(plan(), all).map(isMissed)).toEqual([true, false, false]);
  expect(leftInOrder(plan(), { ...all, area: "B" }).map((left) => left.bin)).toEqual(["B-6"]);
  const notWorth = leftInOrder(plan(), { area: "A", reason: "not_worth" });
  expect(notWorth.map((left) => left.bin)).toEqual(["B-4"]);
});

it("reasons are counted, the most frequent first", () => {
  expect(reasonsOf(plan())).toEqual([
    { reason: "not_worth", n: 2 },
    { reason: "no_time", n: 1 },
  ]);
});

it("whose rounds they are is said where fixed rounds decided, and not where levels did", () => {
  const poor = { area: "A", name: "Durenjaya", bins: 6, trusted: 1, is_fixed: true };
  const parameters = { rounds: "invented" };
  expect(roundsKept(plan({ parameters }))).toBeNull();
  expect(roundsKept(plan({ parameters, data_trust: [poor] }))).toBe("invented");
  expect(roundsKept(plan({ parameters: { rounds: "registry" }, policy: "fixed" }))).toBe("registry");
  // A plan of before they were told.
  expect(roundsKept(plan({ policy: "fixed" }))).toBeNull();
});

it("why a day is no trial day is said, also where levels decide only from now on", () => {
  const poor = { area: "A", name: "Durenjaya", bins: 6, trusted: 1, is_fixed: true };
  expect(untreatedBy(plan())).toBeNull();
  expect(untreatedBy(plan({ policy: "fixed", data_trust: [poor] }))).toBe("policy");
  expect(untreatedBy(plan({ data_trust: [poor], is_treated: false }))).toBe("areas");
  expect(untreatedBy(plan({ is_treated: false }))).toBe("before");
});
