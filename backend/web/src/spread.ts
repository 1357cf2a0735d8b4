// Bins that stand at one place have one position: drawn as it is, the upper would hide the others.

import type { BinFeature } from "./api";

const METRES_PER_DEGREE = 111_320;
/** Near enough that a bin is drawn where it is, far enough to tell them apart when zoomed in. */
const RING_M = 4;
const RING_PER_BIN_M = 3;

export function placeOf(bin: BinFeature): string {
  return bin.geometry.coordinates.join();
}

/** Draw the bins of one place on a small ring around it, in the order of their codes. */
export function spread(bins: readonly BinFeature[]): BinFeature[] {
  const places = Map.groupBy(bins, placeOf);
  return [...places.values()].flatMap((group) => (group.length === 1 ? group : ring(group)));
}

function ring(group: BinFeature[]): BinFeature[] {
  const radius = (RING_M + RING_PER_BIN_M * group.length) / METRES_PER_DEGREE;
  group.sort((a, b) => (a.properties.code < b.properties.code ? -1 : 1));
  return group.map((bin, i) => {
    const [lon, lat] = bin.geometry.coordinates;
    const angle = (2 * Math.PI * i) / group.length;
    const shifted: [number, number] = [
      lon + (radius * Math.sin(angle)) / Math.cos((lat * Math.PI) / 180),
      lat + radius * Math.cos(angle),
    ];
    return { ...bin, geometry: { ...bin.geometry, coordinates: shifted } };
  });
}
