import { expect, it } from "vitest";
import type { Site } from "./api";
import { areaNames, centroid } from "./areas";

type Ring = [number, number][];

/** A square with its lower left corner at (x, y). */
function square(x: number, y: number, side: number): Ring {
  return [
    [x, y],
    [x + side, y],
    [x + side, y + side],
    [x, y + side],
    [x, y],
  ];
}

it("the centroid of a square is its middle, whichever way round it goes", () => {
  expect(centroid(square(107, -6, 2))).toEqual({ at: [108, -5], area: 4 });
  expect(centroid(square(107, -6, 2).reverse())).toEqual({ at: [108, -5], area: 4 });
});

it("a ring without an area is named at its corner", () => {
  expect(centroid([[107, -6]])).toEqual({ at: [107, -6], area: 0 });
});

it("a kelurahan in several parts is named once, in the largest, as people say it", () => {
  const areas: Site["areas"] = {
    type: "FeatureCollection",
    features: [
      {
        type: "Feature",
        id: "32.75.01.1001",
        geometry: {
          type: "MultiPolygon",
          coordinates: [[square(0, 0, 1)], [square(10, 10, 4)], [square(20, 20, 2)]],
        },
        properties: {
          code: "32.75.01.1001",
          name: "Bekasijaya",
          common_name: "Bekasi Jaya",
          population: null,
        },
      },
    ],
  };
  const [feature, ...others] = areaNames(areas).features;
  expect(others).toEqual([]);
  expect(feature?.geometry.coordinates).toEqual([12, 12]);
  expect(feature?.properties.name).toBe("Bekasi Jaya");
});
