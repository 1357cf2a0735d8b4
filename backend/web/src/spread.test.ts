import { expect, it } from "vitest";
import type { BinFeature } from "./api";
import { spread } from "./spread";
import { bin } from "./testing/sample";

function at(one: BinFeature, coordinates: [number, number]): BinFeature {
  return { ...one, geometry: { type: "Point", coordinates } };
}

const alone = at(bin("ALONE"), [107.03, -6.25]);

it("a bin alone at its place is drawn there", () => {
  expect(spread([alone, bin("A")])).toContain(alone);
});

it("bins of one place are drawn apart, a few metres around it", () => {
  const drawn = spread([bin("C"), bin("A"), alone, bin("B")]);
  const ring = drawn.filter((one) => one !== alone).map((one) => one.geometry.coordinates);
  expect(new Set(ring.map(String)).size).toBe(3);
  for (const [lon, lat] of ring) {
    expect(Math.abs(lon - 107.02) * 111_320).toBeLessThan(15);
    expect(Math.abs(lat + 6.24) * 111_320).toBeLessThan(15);
  }
});

it("the same bins are always drawn at the same spots", () => {
  const drawn = (bins: BinFeature[]) =>
    new Map(spread(bins).map((one) => [one.properties.code, one.geometry.coordinates]));
  expect(drawn([bin("A"), bin("B")])).toEqual(drawn([bin("B"), bin("A")]));
});
