// Small named instances for the tests.

import type { BinCollection, BinFeature, BinProperties } from "../api";

export const NOON = Date.parse("2026-01-14T05:00:00Z"); // 12.00 WIB

const MINUTE_MS = 60_000;

/** A bin measured ten minutes before noon that turns unknown 80 minutes after noon. */
export function bin(code: string, change: Partial<BinProperties> = {}): BinFeature {
  return {
    type: "Feature",
    id: code,
    geometry: { type: "Point", coordinates: [107.02, -6.24] },
    properties: {
      code,
      site_name: "TPS Pasar Baru",
      area_code: "32.75.01.1003",
      area_name: "Duren Jaya",
      container: "wheelie_240",
      volume_l: 240,
      fill_pct: 40,
      fill_class: "low",
      trusted_at: minutesFromNoon(-10),
      unknown_after: minutesFromNoon(80),
      seen_at: minutesFromNoon(-10),
      battery_mv: 3500,
      device_id: "70b3d57ed0001234",
      invented: false,
      collection_windows: null,
      ...change,
    },
  };
}

export function collection(...features: BinFeature[]): BinCollection {
  return { type: "FeatureCollection", features };
}

export function minutesFromNoon(minutes: number): string {
  return new Date(NOON + minutes * MINUTE_MS).toISOString();
}
