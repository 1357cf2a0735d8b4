// Where a kelurahan's name is written.

import type { FeatureCollection, Point, Position } from "geojson";
import type { Site } from "./api";

/** One point a kelurahan: the map would write the name of a polygon anew in each of its tiles. */
export function areaNames(areas: Site["areas"]): FeatureCollection<Point, { name: string }> {
  return {
    type: "FeatureCollection",
    features: areas.features.map(({ geometry, properties }) => {
      const parts = geometry.type === "Polygon" ? [geometry.coordinates] : geometry.coordinates;
      const outlines = parts.map((rings) => centroid(rings[0] ?? []));
      const largest = outlines.reduce((a, b) => (b.area > a.area ? b : a));
      return {
        type: "Feature",
        geometry: { type: "Point", coordinates: largest.at },
        properties: { name: properties.common_name },
      };
    }),
  };
}

/** Centroid of a closed ring, by the shoelace formula; the area is in square degrees. */
export function centroid(ring: readonly Position[]): { at: Position; area: number } {
  const [x0 = 0, y0 = 0] = ring[0] ?? [];
  let [doubled, x, y] = [0, 0, 0];
  for (let i = 1; i < ring.length; i++) {
    // Relative to the first corner, so that the small differences keep their digits.
    const [ax, ay] = [(ring[i - 1]?.[0] ?? x0) - x0, (ring[i - 1]?.[1] ?? y0) - y0];
    const [bx, by] = [(ring[i]?.[0] ?? x0) - x0, (ring[i]?.[1] ?? y0) - y0];
    const cross = ax * by - bx * ay;
    doubled += cross;
    x += (ax + bx) * cross;
    y += (ay + by) * cross;
  }
  if (doubled === 0) return { at: [x0, y0], area: 0 };
  return { at: [x0 + x / (3 * doubled), y0 + y / (3 * doubled)], area: Math.abs(doubled) / 2 };
}
