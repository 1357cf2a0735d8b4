import { expect, it } from "vitest";
import type { Draft } from "./changes";
import { parseDraft } from "./kept";

it("what the browser kept is read back, every kind of change", () => {
  const draft: Draft = [
    { kind: "lock", bin: "B-1", vehicle: "V", position: null },
    { kind: "forbid", bin: "B-2" },
    { kind: "force", bin: "B-3" },
    { kind: "complaint", bin: "B-4" },
    { kind: "hours", bin: "B-4", after: null, before: "2026-11-23T03:00:00Z" },
    { kind: "unlock", bin: "B-5" },
    { kind: "keep", vehicle: "W", stops: 3 },
    { kind: "without", vehicle: "X" },
    { kind: "again", vehicle: "Y" },
    { kind: "queue", site: "TPA", minutes: 45 },
    { kind: "underway", at: null },
    { kind: "served", bin: "B-6", vehicle: "V", isServed: false },
    { kind: "place", vehicle: "V", lon: 107.01, lat: -6.25, at: null },
    { kind: "place", vehicle: "W", lon: 107.01, lat: -6.25, at: "TPA" },
    { kind: "load", vehicle: "V", load_kg: 1200, load_l: 4000 },
  ];
  expect(parseDraft(JSON.stringify(draft))).toEqual(draft);
});

it("nonsense is left out", () => {
  expect(parseDraft(null)).toEqual([]);
  expect(parseDraft("{")).toEqual([]);
  expect(parseDraft('{"kind":"forbid"}')).toEqual([]);
  expect(parseDraft('[{"kind":"forbid"},{"kind":"explode","bin":"B"},null,{"kind":"force","bin":"B"}]')).toEqual([
    { kind: "force", bin: "B" },
  ]);
  expect(parseDraft('[{"kind":"underway","at":5},{"kind":"queue","site":"T","minutes":"9"}]')).toEqual([]);
});
