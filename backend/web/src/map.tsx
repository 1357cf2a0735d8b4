import {
  type GeoJSONSource,
  Map as MapLibre,
  type MapLibreEvent,
  type MapMouseEvent,
  Popup,
  setWorkerUrl,
} from "maplibre-gl";
// In a bundle MapLibre cannot find its worker by itself: without this line the map stays empty.
import workerUrl from "maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url";
import "maplibre-gl/dist/maplibre-gl.css";
import { effect } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { BinFeature, BinProperties, Site } from "./api";
import { drawingOrder } from "./bins";
import { addIcons } from "./mapicons";
import { BIN_LAYERS, BINS_SOURCE, mapStyle, SELECTED_LAYER } from "./mapstyle";
import { bins, groups, messages, open, openCode, percent } from "./store";

setWorkerUrl(workerUrl);

/** A finger hits within so many pixels of a bin. */
const TOUCH_PX = 14;
/** Bins nearer to one another than so many pixels are one mark to the eye. */
const SAME_PX = 4;
/** The bins are handed to the map at most so often: a burst of changes is drawn once. */
const REDRAW_MS = 500;

/** Pixels around the district; below it stands the attribution. */
const FIT = { padding: { top: 20, left: 20, right: 20, bottom: 36 } };
/** Under a tall list the map is a strip of a few pixels: nothing to fit into. */
const SMALLEST_FRAME_PX = 100;
/** Marks on a movement, for what follows from it. */
const BY_HAND = { byHand: true };
const WHOLE = { whole: true };

export function BinMap({ site }: { site: Site }) {
  const place = useRef<HTMLDivElement>(null);
  const map = useRef<MapLibre>(null);
  useEffect(() => {
    if (place.current === null) return undefined;
    const made = make(place.current, site);
    map.current = made;
    const end = follow(made, site);
    return () => {
      end();
      made.remove();
    };
  }, [site]);

  const t = messages.value;
  return (
    <section class="map" aria-label={t.map}>
      <div ref={place} class="map-canvas" />
      <div class="map-tools">
        <Tool name={t.zoomIn} path="M9 2v14M2 9h14" onClick={() => map.current?.zoomIn({}, BY_HAND)} />
        <Tool name={t.zoomOut} path="M2 9h14" onClick={() => map.current?.zoomOut({}, BY_HAND)} />
        <Tool
          name={t.wholeDistrict}
          path="M2 6V2h4M12 2h4v4M16 12v4h-4M6 16H2v-4"
          onClick={() => map.current?.fitBounds(site.bbox, FIT, WHOLE)}
        />
      </div>
      <p class="attribution">{t.attribution}</p>
    </section>
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

function make(container: HTMLElement, site: Site): MapLibre {
  const map = new MapLibre({
    container,
    style: mapStyle(site),
    bounds: site.bbox,
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
  map.on("click", (event) => {
    const bin = nearest(map, event);
    if (bin !== null) open(bin.code);
  });
  showNames(map);
  return map;
}

/** Keep the map in step with the store and its frame. The function returned ends it. */
function follow(map: MapLibre, site: Site): () => void {
  // Until somebody moves the map it shows the whole district, also when the panel opens beside it.
  let isWhole = true;
  map.on("movestart", (event: MapLibreEvent & { byHand?: true; whole?: true }) => {
    if (event.whole) isWhole = true;
    else if (event.byHand || event.originalEvent) isWhole = false;
  });
  map.on("resize", () => {
    if (isWhole && map.getContainer().clientHeight > SMALLEST_FRAME_PX) {
      map.fitBounds(site.bbox, { ...FIT, animate: false }, WHOLE);
    }
  });
  const stops = [
    effect(() => map.getCanvas().setAttribute("aria-label", messages.value.map)),
  ];
  map.once("style.load", () => {
    addIcons(map);
    stops.push(showBins(map), showSelected(map));
  });
  return () => {
    for (const stop of stops) stop();
  };
}

function showBins(map: MapLibre): () => void {
  const source = map.getSource(BINS_SOURCE) as GeoJSONSource;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const draw = () => {
    timer = undefined;
    source.setData({ type: "FeatureCollection", features: drawingOrder(groups.peek()) });
  };
  draw();
  const stop = effect(() => {
    void groups.value;
    timer ??= setTimeout(draw, REDRAW_MS);
  });
  return () => {
    clearTimeout(timer);
    stop();
  };
}

function showSelected(map: MapLibre): () => void {
  return effect(() => {
    const code = openCode.value;
    map.setFilter(SELECTED_LAYER, ["==", ["get", "code"], code ?? ""]);
    const bin = code === null ? undefined : bins.peek()?.get(code);
    if (bin !== undefined) bringIntoView(map, bin);
  });
}

function bringIntoView(map: MapLibre, bin: BinFeature): void {
  const [lon, lat] = bin.geometry.coordinates as [number, number];
  if (!map.getBounds().contains([lon, lat])) map.easeTo({ center: [lon, lat] });
}

function nearest(map: MapLibre, { point }: MapMouseEvent): BinProperties | null {
  const found = map.queryRenderedFeatures(
    [
      [point.x - TOUCH_PX, point.y - TOUCH_PX],
      [point.x + TOUCH_PX, point.y + TOUCH_PX],
    ],
    { layers: BIN_LAYERS },
  );
  let best: BinProperties | null = null;
  let shortest = Number.POSITIVE_INFINITY;
  for (const feature of found) {
    if (feature.geometry.type !== "Point") continue;
    const at = map.project(feature.geometry.coordinates as [number, number]);
    const distance = at.dist(point);
    // The uppermost comes first and wins among those that lie on one another.
    if (distance < shortest - SAME_PX) {
      shortest = distance;
      best = feature.properties as BinProperties;
    }
  }
  return best;
}

/** With a mouse, the bin under it says its name. */
function showNames(map: MapLibre): void {
  const popup = new Popup({ closeButton: false, closeOnClick: false, offset: 12, className: "tip" });
  map.on("mousemove", BIN_LAYERS, (event) => {
    const feature = event.features?.[0];
    if (feature?.geometry.type !== "Point") return;
    map.getCanvas().style.cursor = "pointer";
    const bin = feature.properties as BinProperties;
    const t = messages.peek();
    const level =
      bin.fill_class === "unknown" || bin.fill_pct === null
        ? t.classes.unknown
        : `${percent(bin.fill_pct)} · ${t.classes[bin.fill_class]}`;
    popup
      .setLngLat(feature.geometry.coordinates as [number, number])
      .setText(`${bin.code} · ${level}`)
      .addTo(map);
  });
  map.on("mouseleave", BIN_LAYERS, () => {
    map.getCanvas().style.cursor = "";
    popup.remove();
  });
}
