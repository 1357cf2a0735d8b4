// What the plan's map shows, as GeoJSON and layers.

import type { FilterSpecification, LayerSpecification, StyleSpecification } from "maplibre-gl";
import type { Feature, FeatureCollection, LineString, Point } from "geojson";
import type { PlanRecord, Site, VehicleAt } from "../api";
import { districtStyle, emptySource, FONT, INK } from "../mapstyle";
import { type Drive, isMissed } from "./drives";

export const WAYS = "plan-ways";
export const MARKS = "plan-marks";
export const TRUCKS = "plan-trucks";
export const WAY_LAYERS = ["way-road", "way-straight"];
export const MARK_LAYERS = ["mark-stop", "mark-left"];

export interface WayProperties {
  vehicle: string;
  label: string;
  colour: string;
  /** A straight line and no road. */
  approximate: boolean;
}

export interface MarkProperties {
  code: string;
  kind: "stop" | "left" | "missed" | "transfer";
  vehicle: string;
  colour: string;
  /** The figure on it. */
  text: string;
  /** With the vehicle before it. */
  name: string;
}

/** The lines of the exported plan with the colours and names of its vehicles. */
export function waysOf(
  exported: FeatureCollection | null,
  drives: readonly Drive[],
): FeatureCollection<LineString, WayProperties> {
  const byVehicle = new Map(drives.map((drive) => [drive.vehicle, drive]));
  const features = (exported?.features ?? []).flatMap(({ geometry, properties }) => {
    const drive = byVehicle.get(String(properties?.["vehicle"]));
    if (geometry.type !== "LineString" || drive === undefined) return [];
    const { vehicle, label, colour } = drive;
    const approximate = properties?.["approximate"] === true;
    const feature: Feature<LineString, WayProperties> = {
      type: "Feature",
      geometry,
      properties: { vehicle, label, colour, approximate },
    };
    return [feature];
  });
  return { type: "FeatureCollection", features };
}

/** Bins that stay lowest, then those that should not, then the stops. */
export function marksOf(
  record: PlanRecord,
  drives: readonly Drive[],
): FeatureCollection<Point, MarkProperties> {
  const at = new Map(record.problem.bins.map((bin) => [bin.code, [bin.lon, bin.lat]]));
  const features: Feature<Point, MarkProperties>[] = [];
  const add = (properties: MarkProperties, coordinates = at.get(properties.code)) => {
    if (coordinates === undefined) return;
    features.push({ type: "Feature", geometry: { type: "Point", coordinates }, properties });
  };
  for (const left of record.plan.left.toSorted((a, b) => Number(isMissed(a)) - Number(isMissed(b)))) {
    const kind = isMissed(left) ? "missed" : "left";
    const text = kind === "missed" ? "!" : "";
    add({ code: left.bin, kind, vehicle: "", colour: "", text, name: left.bin });
  }
  for (const { vehicle, label, colour, stops } of drives) {
    for (const { bin, position } of stops) {
      const text = String(position);
      add({ code: bin, kind: "stop", vehicle, colour, text, name: `${label} · ${position}` });
    }
  }
  const unloads = drives.flatMap((drive) => drive.trips.flatMap((trip) => trip.legs));
  const used = new Set(unloads.filter((leg) => leg.kind === "unload").map((leg) => leg.step.code));
  for (const { code, lon, lat } of record.problem.disposal_sites) {
    const transfer = { code, kind: "transfer", vehicle: "", colour: "", text: "T", name: code } as const;
    if (used.has(code)) add(transfer, [lon, lat]);
  }
  return { type: "FeatureCollection", features };
}

/** Vehicles on their way, where they can be sent on from. */
export function trucksOf(
  vehicles: ReadonlyMap<string, VehicleAt>,
  drives: readonly Drive[],
): FeatureCollection<Point, { vehicle: string; label: string; colour: string }> {
  const features = drives.flatMap(({ vehicle, label, colour }) => {
    const then = vehicles.get(vehicle);
    const isHome = then?.step?.kind === "end" && !then.is_driving;
    if (then === undefined || !then.has_left || isHome) return [];
    const geometry: Point = { type: "Point", coordinates: [then.lon, then.lat] };
    const properties = { vehicle, label, colour };
    return [{ type: "Feature", geometry, properties } satisfies Feature];
  });
  return { type: "FeatureCollection", features };
}

const WAY_WIDTH = ["interpolate", ["linear"], ["zoom"], 11, 1.6, 14, 3, 18, 6] as const;

function way(id: string, isStraight: boolean): LayerSpecification {
  return {
    id,
    type: "line",
    source: WAYS,
    filter: ["==", ["get", "approximate"], isStraight],
    layout: { "line-join": "round", "line-cap": isStraight ? "butt" : "round" },
    paint: {
      "line-color": ["get", "colour"],
      "line-width": WAY_WIDTH as never,
      ...(isStraight ? { "line-dasharray": [2.5, 1.5] } : {}),
    },
  };
}

export function planStyle(site: Site): StyleSpecification {
  const isKind = (...kinds: string[]): FilterSpecification => ["in", ["get", "kind"], ["literal", kinds]];
  return districtStyle(site, { [WAYS]: emptySource(), [MARKS]: emptySource(), [TRUCKS]: emptySource() }, [
    way("way-road", false),
    way("way-straight", true),
    {
      id: "mark-left",
      type: "circle",
      source: MARKS,
      filter: isKind("left", "missed"),
      paint: {
        "circle-color": ["match", ["get", "kind"], "missed", "#b11f2b", "#ffffff"],
        "circle-radius": ["interpolate", ["exponential", 1.6], ["zoom"], 11, ["match", ["get", "kind"], "missed", 5, 2.5], 14, ["match", ["get", "kind"], "missed", 9, 5], 18, 14],
        "circle-stroke-color": ["match", ["get", "kind"], "missed", "#ffffff", "#6a776f"],
        "circle-stroke-width": 1.5,
      },
    },
    {
      id: "mark-stop",
      type: "circle",
      source: MARKS,
      filter: isKind("stop"),
      paint: {
        "circle-color": ["get", "colour"],
        "circle-radius": ["interpolate", ["exponential", 1.6], ["zoom"], 11, 4, 14, 9, 18, 17],
        "circle-stroke-color": "#ffffff",
        "circle-stroke-width": 1.2,
      },
    },
    {
      id: "mark-text",
      type: "symbol",
      source: MARKS,
      minzoom: 12.6,
      filter: isKind("stop", "missed"),
      layout: {
        "text-field": ["get", "text"],
        "text-font": FONT,
        "text-size": ["interpolate", ["linear"], ["zoom"], 12.6, 8, 14, 11, 18, 17],
        "text-padding": 0,
      },
      paint: { "text-color": "#ffffff" },
    },
    {
      id: "way-label",
      type: "symbol",
      source: WAYS,
      layout: {
        "symbol-placement": "line",
        "symbol-spacing": 160,
        "text-field": ["get", "label"],
        "text-font": FONT,
        "text-size": 12,
        "text-padding": 8,
      },
      paint: { "text-color": ["get", "colour"], "text-halo-color": "#ffffff", "text-halo-width": 2 },
    },
    {
      id: "mark-name",
      type: "symbol",
      source: MARKS,
      minzoom: 14.5,
      filter: isKind("stop"),
      layout: {
        "text-field": ["get", "name"],
        "text-font": FONT,
        "text-size": 11,
        "text-anchor": "left",
        "text-offset": [1.1, 0],
      },
      paint: { "text-color": ["get", "colour"], "text-halo-color": "#ffffff", "text-halo-width": 1.8 },
    },
    {
      id: "mark-selected",
      type: "circle",
      source: MARKS,
      filter: ["==", ["get", "code"], ""],
      paint: {
        "circle-color": "rgba(0, 0, 0, 0)",
        "circle-radius": ["interpolate", ["exponential", 1.6], ["zoom"], 11, 9, 14, 15, 18, 26],
        "circle-stroke-color": "#10201b",
        "circle-stroke-width": 3.5,
      },
    },
    {
      id: "mark-transfer",
      type: "symbol",
      source: MARKS,
      filter: isKind("transfer"),
      layout: { "icon-image": "place-disposal_site", "icon-size": 0.75, "icon-allow-overlap": true },
    },
    {
      id: "truck",
      type: "circle",
      source: TRUCKS,
      paint: {
        "circle-color": "#ffffff",
        "circle-radius": 9,
        "circle-stroke-color": ["get", "colour"],
        "circle-stroke-width": 5,
      },
    },
    {
      id: "truck-name",
      type: "symbol",
      source: TRUCKS,
      layout: {
        "text-field": ["get", "label"],
        "text-font": FONT,
        "text-size": 13,
        "text-anchor": "bottom",
        "text-offset": [0, -1.1],
      },
      paint: { "text-color": INK, "text-halo-color": "#ffffff", "text-halo-width": 2.5 },
    },
  ]);
}
