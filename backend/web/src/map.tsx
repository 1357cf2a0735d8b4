import type { GeoJSONSource, Map as MapLibre } from "maplibre-gl";
import { effect } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { BinProperties, Site } from "./api";
import { drawingOrder } from "./bins";
import { bringIntoView, follow, makeMap, MapTools, nearest, showNames } from "./mapframe";
import { BIN_LAYERS, BINS_SOURCE, mapStyle, SELECTED_LAYER } from "./mapstyle";
import { bins, groups, messages, open, openCode, percent } from "./store";

/** The bins are handed to the map at most so often: a burst of changes is drawn once. */
const REDRAW_MS = 500;

export function BinMap({ site }: { site: Site }) {
  const place = useRef<HTMLDivElement>(null);
  const map = useRef<MapLibre>(null);
  useEffect(() => {
    if (place.current === null) return undefined;
    const made = makeMap(place.current, mapStyle(site), site.bbox);
    made.on("click", (event) => {
      const bin = nearest<BinProperties>(made, event, BIN_LAYERS);
      if (bin !== null) open(bin.code);
    });
    showNames(made, BIN_LAYERS, nameOf);
    map.current = made;
    const end = follow(made, site.bbox, () => [showBins(made), showSelected(made)]);
    return () => {
      end();
      made.remove();
    };
  }, [site]);

  const t = messages.value;
  return (
    <section class="map" aria-label={t.map}>
      <div ref={place} class="map-canvas" />
      <MapTools map={map} bounds={site.bbox} />
      <p class="attribution">{t.attribution}</p>
    </section>
  );
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
    if (bin !== undefined) bringIntoView(map, bin.geometry.coordinates as [number, number]);
  });
}

function nameOf(bin: BinProperties): string {
  const t = messages.peek();
  const level =
    bin.fill_class === "unknown" || bin.fill_pct === null
      ? t.classes.unknown
      : `${percent(bin.fill_pct)} · ${t.classes[bin.fill_class]}`;
  return `${bin.code} · ${level}`;
}
