// What the maps of the page have in common: how they are made, moved and fitted.

import {
  type LngLatBoundsLike,
  Map as MapLibre,
  type MapLibreEvent,
  type MapMouseEvent,
  Popup,
  setWorkerUrl,
  type StyleSpecification,
} from "maplibre-gl";
// In a bundle MapLibre cannot find its worker by itself: without this line the map stays empty.
import workerUrl from "maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url";
import "maplibre-gl/dist/maplibre-gl.css";
import { effect } from "@preact/signals";
import type { RefObject } from "preact";
import { addIcons } from "./mapicons";
import { messages } from "./store";

setWorkerUrl(workerUrl);

/** A finger hits within so many pixels of a mark. */
const TOUCH_PX = 14;
/** Marks nearer to one another than so many pixels are one to the eye. */
const SAME_PX = 4;
/** Pixels around the district; below it stands the attribution. */
const FIT = { padding: { top: 20, left: 20, right: 20, bottom: 36 } };
/** Under a tall list the map is a strip of a few pixels: nothing to fit into. */
const SMALLEST_FRAME_PX = 100;
/** Marks on a movement, for what follows from it. */
const BY_HAND = { byHand: true };
const WHOLE = { whole: true };

export function makeMap(
  container: HTMLElement,
  style: StyleSpecification,
  bounds: LngLatBoundsLike,
): MapLibre {
  const map = new MapLibre({
    container,
    style,
    bounds,
    fitBoundsOptions: FIT,
    minZoom: 9,
    // Bins of one collection point stand 2 m apart: there they are drawn side by side.
    maxZoom: 21,
    dragRotate: false,
    pitchWithRotate: false,
    touchPitch: false,
    attributionControl: false,
    // A fade is twenty frames after every change: too much without a graphics card.
    fadeDuration: 0,
  });
  map.touchZoomRotate.disableRotation();
  map.on("error", ({ error }) => console.error("map:", error));
  return map;
}

/** Keep the map in step with its frame, and `begin` what it shows. The function returned ends it. */
export function follow(
  map: MapLibre,
  bounds: LngLatBoundsLike,
  begin: () => (() => void)[],
): () => void {
  // Until somebody moves the map it shows the whole district, also when the panel opens beside it.
  let isWhole = true;
  map.on("movestart", (event: MapLibreEvent & { byHand?: true; whole?: true }) => {
    if (event.whole) isWhole = true;
    else if (event.byHand || event.originalEvent) isWhole = false;
  });
  map.on("resize", () => {
    if (isWhole && map.getContainer().clientHeight > SMALLEST_FRAME_PX) {
      map.fitBounds(bounds, { ...FIT, animate: false }, WHOLE);
    }
  });
  const stops = [effect(() => map.getCanvas().setAttribute("aria-label", messages.value.map))];
  map.once("style.load", () => {
    addIcons(map);
    stops.push(...begin());
  });
  return () => {
    for (const stop of stops) stop();
  };
}

/** What a finger or a mouse means: the nearest mark of some layers; null when there is none. */
export function nearest<Properties>(
  map: MapLibre,
  { point }: MapMouseEvent,
  layers: string[],
): Properties | null {
  const found = map.queryRenderedFeatures(
    [
      [point.x - TOUCH_PX, point.y - TOUCH_PX],
      [point.x + TOUCH_PX, point.y + TOUCH_PX],
    ],
    { layers },
  );
  let best: Properties | null = null;
  let shortest = Number.POSITIVE_INFINITY;
  for (const feature of found) {
    if (feature.geometry.type !== "Point") continue;
    const at = map.project(feature.geometry.coordinates as [number, number]);
    const distance = at.dist(point);
    // The uppermost comes first and wins among those that lie on one another.
    if (distance < shortest - SAME_PX) {
      shortest = distance;
      best = feature.properties as Properties;
    }
  }
  return best;
}

/** With a mouse, the mark under it says its name. */
export function showNames<Properties>(
  map: MapLibre,
  layers: string[],
  nameOf: (properties: Properties) => string,
): void {
  const popup = new Popup({ closeButton: false, closeOnClick: false, offset: 12, className: "tip" });
  map.on("mousemove", layers, (event) => {
    const feature = event.features?.[0];
    if (feature?.geometry.type !== "Point") return;
    map.getCanvas().style.cursor = "pointer";
    popup
      .setLngLat(feature.geometry.coordinates as [number, number])
      .setText(nameOf(feature.properties as Properties))
      .addTo(map);
  });
  map.on("mouseleave", layers, () => {
    map.getCanvas().style.cursor = "";
    popup.remove();
  });
}

export function bringIntoView(map: MapLibre, at: [number, number]): void {
  if (!map.getBounds().contains(at)) map.easeTo({ center: at });
}

export function MapTools(tools: { map: RefObject<MapLibre | null>; bounds: LngLatBoundsLike }) {
  const t = messages.value;
  const map = tools.map;
  return (
    <div class="map-tools">
      <Tool name={t.zoomIn} path="M9 2v14M2 9h14" onClick={() => map.current?.zoomIn({}, BY_HAND)} />
      <Tool name={t.zoomOut} path="M2 9h14" onClick={() => map.current?.zoomOut({}, BY_HAND)} />
      <Tool
        name={t.wholeDistrict}
        path="M2 6V2h4M12 2h4v4M16 12v4h-4M6 16H2v-4"
        onClick={() => map.current?.fitBounds(tools.bounds, FIT, WHOLE)}
      />
    </div>
  );
}

function Tool(tool: { name: string; path: string; onClick: () => void }) {
  return (
    <button type="button" aria-label={tool.name} title={tool.name} onClick={tool.onClick}>
      <svg viewBox="0 0 18 18" width="18" height="18" aria-hidden="true">
        <path d={tool.path} fill="none" stroke="currentColor" stroke-width="2" />
      </svg>
    </button>
  );
}
