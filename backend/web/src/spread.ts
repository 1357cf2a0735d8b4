// Bins that stand at one place have one position: drawn as it is, the upper would hide the others.

import type { BinFeature } from "./api";
import { byCode } from "./bins";

const METRES_PER_DEGREE = 111_320;
/** Near enough that a bin is drawn where it is, far enough to tell them apart when zoomed in. */
const RING_M = 4;
const RING_PER_BIN_M = 3;

export function placeOf(bin: BinFeature): string {
  return bin.geometry.coordinates.join();
}

/** Put the bins of one place on a small ring around it; the order of the list stays. */
export function spread(bins: readonly BinFeature[]): BinFeature[] {
  const places = Map.groupBy(bins, placeOf);
  for (const group of places.values()) group.sort(byCode);
  return bins.map((bin) => {
    const group = places.get(placeOf(bin)) ?? [];
    return group.length === 1 ? bin : onRing(bin, group.indexOf(bin), group.length);
  });
}

function onRing(bin: BinFeature, index: number, size: number): BinFeature {
  const radius = (RING_M + RING_PER_BIN_M * size) / METRES_PER_DEGREE;
  const angle = (2 * Math.PI * index) / size;
  const [lon, lat] = bin.geometry.coordinates;
  const shifted: [number, number] = [
    lon + (radius * Math.sin(angle)) / Math.cos((lat * Math.PI) / 180),
    lat + radius * Math.cos(angle),
  ];
  return { ...bin, geometry: { ...bin.geometry, coordinates: shifted } };
}
