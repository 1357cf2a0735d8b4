import {
  AttributionControl,
  type GeoJSONSource,
  type LngLatBoundsLike,
  Map as MapLibre,
  type MapMouseEvent,
  NavigationControl,
  Popup,
  setWorkerUrl,
} from "maplibre-gl";
// In a bundle MapLibre cannot find its worker by itself: without this line the map stays empty.
import workerUrl from "maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url";
import "maplibre-gl/dist/maplibre-gl.css";
import { effect } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { BinFeature, BinProperties, Site } from "./api";
import { addIcons } from "./mapicons";
import { BIN_LAYERS, BINS_SOURCE, mapStyle, SELECTED_LAYER } from "./mapstyle";
import { bins, messages, open, openCode, percent, shown } from "./store";

setWorkerUrl(workerUrl);

/** A finger hits within so many pixels of a bin. */
const TOUCH_PX = 14;
/** The bins are handed to the map at most so often: a burst of changes is drawn once. */
const REDRAW_MS = 200;

export function BinMap({ site }: { site: Site }) {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => (place.current === null ? undefined : start(place.current, site)), [site]);
  return (
    <section class="map" aria-label={messages.value.map}>
      <div ref={place} class="map-canvas" />
    </section>
  );
}

function start(container: HTMLElement, site: Site): () => void {
  const t = messages.peek();
  const bounds = site.bbox as LngLatBoundsLike;
  const map = new MapLibre({
    container,
    style: mapStyle(site),
    bounds,
    fitBoundsOptions: { padding: 24 },
    minZoom: 9,
    maxZoom: 19,
    dragRotate: false,
    pitchWithRotate: false,
    touchPitch: false,
    attributionControl: false,
    locale: {
      "NavigationControl.ZoomIn": t.zoomIn,
      "NavigationControl.ZoomOut": t.zoomOut,
      "Map.Title": t.map,
    },
  });
  map.touchZoomRotate.disableRotation();
  map.addControl(new NavigationControl({ showCompass: false }), "top-right");
  map.addControl(new AttributionControl({ compact: false, customAttribution: t.attribution }));
  map.on("error", ({ error }) => console.error("map:", error));
  map.on("click", (event) => {
    const bin = nearest(map, event);
    if (bin !== null) open(bin.code);
  });
  showNames(map);

  let stop = () => {};
  map.once("style.load", () => {
    addIcons(map);
    stop = follow(map);
  });
  return () => {
    stop();
    map.remove();
  };
}

/** Draw what the store holds, as it changes. The function returned ends it. */
function follow(map: MapLibre): () => void {
  const source = map.getSource(BINS_SOURCE) as GeoJSONSource;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const draw = () => {
    timer = undefined;
    source.setData({ type: "FeatureCollection", features: shown.peek() as BinFeature[] });
  };
  draw();
  const stopBins = effect(() => {
    void shown.value;
    timer ??= setTimeout(draw, REDRAW_MS);
  });
  const stopSelected = effect(() => {
    map.setFilter(SELECTED_LAYER, ["==", ["get", "code"], openCode.value ?? ""]);
    const bin = openCode.value === null ? undefined : bins.peek()?.get(openCode.value);
    if (bin !== undefined) bringIntoView(map, bin);
  });
  return () => {
    clearTimeout(timer);
    stopBins();
    stopSelected();
  };
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
    if (distance < shortest) {
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
