// The map's sources and layers, bottom to top. A base map goes under `area-fill`, what a page is
// about between `area-label` and `place`.

import type {
  ExpressionSpecification,
  LayerSpecification,
  SourceSpecification,
  StyleSpecification,
} from "maplibre-gl";
import type { Site } from "./api";
import { areaNames } from "./areas";
import { COLOURS, SILENT_GREY } from "./palette";

export const BINS_SOURCE = "bins";
export const BIN_LAYERS = ["bin-known", "bin-unknown"];
export const SELECTED_LAYER = "bin-selected";
export const UNKNOWN_ICON = "bin-unknown";
export const PLACE_ICONS = { depot: "place-depot", disposal_site: "place-disposal_site" } as const;

/** No `glyphs` in the style: labels are drawn with the fonts of the device, nothing is fetched. */
export const FONT = ["Segoe UI", "Roboto", "Noto Sans", "Liberation Sans", "sans-serif"];

export const INK = "#20312c";

const radius: ExpressionSpecification = [
  "interpolate",
  ["exponential", 1.6],
  ["zoom"],
  11,
  ["match", ["get", "fill_class"], "full", 4, "high", 3.5, 3],
  14,
  ["match", ["get", "fill_class"], "full", 8.5, "high", 7.5, 6.5],
  18,
  ["match", ["get", "fill_class"], "full", 22, "high", 20, 18],
];

/** The district with its places, and between them what a page is about. */
export function districtStyle(
  site: Site,
  sources: Record<string, SourceSpecification>,
  layers: LayerSpecification[],
): StyleSpecification {
  return {
    version: 8,
    sources: {
      areas: { type: "geojson", data: site.areas },
      places: { type: "geojson", data: site.places },
      "area-names": { type: "geojson", data: areaNames(site.areas) },
      ...sources,
    },
    layers: [
      { id: "background", type: "background", paint: { "background-color": "#e4e9e3" } },
      {
        id: "area-fill",
        type: "fill",
        source: "areas",
        paint: { "fill-color": "#fbfcf9" },
      },
      {
        id: "area-border",
        type: "line",
        source: "areas",
        layout: { "line-join": "round" },
        paint: {
          "line-color": "#8fa39a",
          "line-width": ["interpolate", ["linear"], ["zoom"], 11, 0.8, 16, 2.5],
        },
      },
      {
        id: "area-label",
        type: "symbol",
        source: "area-names",
        layout: {
          "text-field": ["get", "name"],
          "text-font": FONT,
          "text-size": ["interpolate", ["linear"], ["zoom"], 11, 11, 14, 16, 17, 22],
          "text-letter-spacing": 0.06,
          "text-padding": 6,
        },
        paint: { "text-color": "#5a6e66", "text-halo-color": "#fbfcf9", "text-halo-width": 1.5 },
      },
      ...layers,
      {
        id: "place",
        type: "symbol",
        source: "places",
        layout: {
          "icon-image": ["concat", "place-", ["get", "kind"]],
          "icon-allow-overlap": true,
          "text-field": ["step", ["zoom"], "", 13, ["get", "name"]],
          "text-font": FONT,
          "text-size": 12,
          "text-anchor": "top",
          "text-offset": [0, 1.1],
          "text-optional": true,
        },
        paint: { "text-color": INK, "text-halo-color": "#ffffff", "text-halo-width": 1.5 },
      },
    ],
  };
}

export function emptySource(): SourceSpecification {
  return { type: "geojson", data: { type: "FeatureCollection", features: [] } };
}

/** The map of the bins. */
export function mapStyle(site: Site): StyleSpecification {
  return districtStyle(site, { [BINS_SOURCE]: emptySource() }, [
    {
      id: "bin-unknown",
      type: "symbol",
      source: BINS_SOURCE,
      filter: ["==", ["get", "fill_class"], "unknown"],
      layout: {
        "icon-image": UNKNOWN_ICON,
        "icon-size": ["interpolate", ["exponential", 1.6], ["zoom"], 11, 0.4, 14, 0.78, 18, 1.9],
        "icon-allow-overlap": true,
        "icon-ignore-placement": true,
      },
    },
    {
      id: "bin-known",
      type: "circle",
      source: BINS_SOURCE,
      // In the order of the data: a sort key would make each circle a drawing call of its own.
      filter: ["!=", ["get", "fill_class"], "unknown"],
      paint: {
        "circle-color": [
          "match",
          ["get", "fill_class"],
          ...Object.entries(COLOURS).flat(),
          SILENT_GREY,
        ] as unknown as ExpressionSpecification,
        "circle-radius": radius,
        "circle-stroke-color": INK,
        "circle-stroke-opacity": 0.75,
        "circle-stroke-width": 1,
      },
    },
    {
      id: "bin-level",
      type: "symbol",
      source: BINS_SOURCE,
      minzoom: 15.5,
      filter: ["!=", ["get", "fill_class"], "unknown"],
      layout: {
        "text-field": ["concat", ["to-string", ["round", ["get", "fill_pct"]]], "%"],
        "text-font": FONT,
        "text-size": ["interpolate", ["linear"], ["zoom"], 15.5, 8, 18, 14],
        "symbol-sort-key": ["-", 0, ["coalesce", ["get", "fill_pct"], 0]],
      },
      paint: {
        "text-color": ["match", ["get", "fill_class"], "full", "#ffffff", "#10201b"],
      },
    },
    {
      id: SELECTED_LAYER,
      type: "circle",
      source: BINS_SOURCE,
      filter: ["==", ["get", "code"], ""],
      paint: {
        "circle-color": "rgba(0, 0, 0, 0)",
        "circle-radius": ["interpolate", ["exponential", 1.6], ["zoom"], 11, 9, 14, 14, 18, 30],
        "circle-stroke-color": "#0b4f43",
        "circle-stroke-width": 3.5,
      },
    },
  ]);
}
