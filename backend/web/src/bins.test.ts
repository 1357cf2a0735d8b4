import { describe, expect, it } from "vitest";
import type { BinFeature } from "./api";
import { applyChanges, byUrgency, countClasses, drawingOrder, expire, fromState, matching, neighboursOf } from "./bins";
import { bin, collection, minutesFromNoon, NOON } from "./testing/sample";

const codes = (bins: Iterable<BinFeature>) => [...bins].map((one) => one.properties.code);
const EVERYTHING = { classes: [], area: "", search: "" };

describe("urgency", () => {
  it("puts the fullest first and equals by code", () => {
    const { known } = byUrgency([
      bin("B", { fill_pct: 50, fill_class: "half" }),
      bin("C", { fill_pct: 99.5, fill_class: "full" }),
      bin("A", { fill_pct: 50, fill_class: "half" }),
      bin("D", { fill_pct: 0, fill_class: "empty" }),
    ]);
    expect(codes(known)).toEqual(["C", "A", "B", "D"]);
  });

  it("keeps unknown bins apart, the longest silent first, those that never spoke last", () => {
    const { known, unknown } = byUrgency([
      bin("HOURS", { fill_class: "unknown", trusted_at: minutesFromNoon(-300), fill_pct: 99 }),
      bin("EMPTY", { fill_class: "empty", fill_pct: 0 }),
      bin("NEVER", { fill_class: "unknown", trusted_at: null, fill_pct: null }),
      bin("ALSO NEVER", { fill_class: "unknown", trusted_at: null, fill_pct: null }),
      bin("DAYS", { fill_class: "unknown", trusted_at: minutesFromNoon(-3000), fill_pct: 1 }),
    ]);
    expect(codes(known)).toEqual(["EMPTY"]);
    expect(codes(unknown)).toEqual(["DAYS", "HOURS", "ALSO NEVER", "NEVER"]);
  });
});

it("the fullest is drawn last and so above the others, the unknown below all", () => {
  const order = drawingOrder(
    byUrgency([
      bin("UNKNOWN", { fill_class: "unknown", fill_pct: 100 }),
      bin("FULL", { fill_class: "full", fill_pct: 95 }),
      bin("LOW"),
    ]),
  );
  expect(codes(order)).toEqual(["UNKNOWN", "LOW", "FULL"]);
});

it("neighbours are the other bins of the same place in the same kelurahan", () => {
  const [one, other] = [bin("A"), bin("B")];
  const elsewhere = bin("C", { site_name: "TPS RW 04" });
  const namesake = bin("D", { area_code: "32.75.01.1001" });
  const bins = fromState(collection(one, other, elsewhere, namesake));
  expect(neighboursOf(one, bins)).toEqual([other]);
});

describe("changes", () => {
  it("replace the bins they name and leave the others", () => {
    const before = fromState(collection(bin("A"), bin("B")));
    const after = applyChanges(before, collection(bin("B", { fill_pct: 95, fill_class: "full" })));
    expect(after.get("A")).toBe(before.get("A"));
    expect(after.get("B")?.properties.fill_class).toBe("full");
    expect(before.get("B")?.properties.fill_class).toBe("low");
  });

  it("bring bins that were not there", () => {
    const after = applyChanges(fromState(collection(bin("A"))), collection(bin("B")));
    expect(codes(after.values())).toEqual(["A", "B"]);
  });

  it("of nothing give the same map, so that nothing is drawn again", () => {
    const before = fromState(collection(bin("A")));
    expect(applyChanges(before, collection())).toBe(before);
  });
});

describe("a level that grows old", () => {
  const before = fromState(collection(bin("A"), bin("B", { unknown_after: minutesFromNoon(1) })));

  it("stays believed until its time, and the map stays the same", () => {
    expect(expire(before, NOON)).toBe(before);
  });

  it("turns unknown at its time, without losing the last level", () => {
    const after = expire(before, NOON + 60_000);
    expect(after.get("A")?.properties.fill_class).toBe("low");
    expect(after.get("B")?.properties).toMatchObject({ fill_class: "unknown", fill_pct: 40 });
  });

  it("comes back with the next reading", () => {
    const silent = expire(before, NOON + 60_000);
    const after = applyChanges(silent, collection(bin("B", { fill_class: "half", fill_pct: 60 })));
    expect(after.get("B")?.properties.fill_class).toBe("half");
  });
});

describe("the filter", () => {
  const bins = fromState(
    collection(
      bin("BKS-BT-0001", { site_name: "TPS Pasar Baru" }),
      bin("BKS-BT-0002", {
        site_name: "Jl. Cut Meutia",
        area_code: "32.75.01.1002",
        area_name: "Margahayu",
        fill_class: "full",
        fill_pct: 93,
      }),
    ),
  );

  it("lets everything through when nothing is chosen", () => {
    expect(matching(bins, EVERYTHING)).toHaveLength(2);
  });

  it.each(["0002", "cut meutia", "MARGAHAYU", "  meutia   bks "])("finds a bin by %j", (search) => {
    expect(codes(matching(bins, { ...EVERYTHING, search }))).toEqual(["BKS-BT-0002"]);
  });

  it("asks for every word", () => {
    expect(matching(bins, { ...EVERYTHING, search: "pasar meutia" })).toEqual([]);
  });

  it("chooses by class and by kelurahan", () => {
    expect(codes(matching(bins, { ...EVERYTHING, classes: ["low"] }))).toEqual(["BKS-BT-0001"]);
    expect(codes(matching(bins, { ...EVERYTHING, area: "32.75.01.1002" }))).toEqual([
      "BKS-BT-0002",
    ]);
  });
});

it("classes are counted, the absent ones as zero", () => {
  const counts = countClasses([bin("A"), bin("B"), bin("C", { fill_class: "unknown" })]);
  expect(counts).toEqual({ full: 0, high: 0, half: 0, low: 2, empty: 0, unknown: 1 });
});
