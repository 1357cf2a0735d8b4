import { effect } from "@preact/signals";
import type {
  ExpressionSpecification,
  GeoJSONSource,
  Map as MapLibre,
  MapMouseEvent,
} from "maplibre-gl";
import { useEffect, useRef } from "preact/hooks";
import type { Site } from "../api";
import { bringIntoView, follow, makeMap, MapTools, nearest, showNames } from "../mapframe";
import { messages, openCode, planning } from "../store";
import { labelOf } from "./labels";
import {
  MARK_LAYERS,
  type MarkProperties,
  MARKS,
  marksOf,
  planStyle,
  TRUCKS,
  trucksOf,
  WAY_LAYERS,
  WAYS,
  waysOf,
  type WayProperties,
} from "./planmapstyle";
import { drives, facts, record, select, toggleVehicle, ways } from "./state";
import { point, pointedTooFar, pointing, setPlace, vehiclesThen } from "./underwaystate";
import { isNear } from "./whereabouts";

/** What is not of the chosen vehicle steps back. */
const FAINT = 0.15;

export function PlanMap({ site }: { site: Site }) {
  const place = useRef<HTMLDivElement>(null);
  const map = useRef<MapLibre>(null);
  useEffect(() => {
    if (place.current === null) return undefined;
    const made = makeMap(place.current, planStyle(site), site.bbox);
    made.on("click", (event) => {
      if (pointing.peek() !== null) {
        take(made, event);
        return;
      }
      const mark = nearest<MarkProperties>(made, event, MARK_LAYERS);
      if (mark !== null) {
        select(mark.code);
        return;
      }
      const line = made.queryRenderedFeatures(event.point, { layers: WAY_LAYERS })[0];
      if (line !== undefined) toggleVehicle((line.properties as WayProperties).vehicle);
    });
    showNames(made, [...MARK_LAYERS, "mark-transfer"], nameOf);
    map.current = made;
    const end = follow(made, site.bbox, () => [
      showMarks(made),
      showWays(made),
      showTakeover(made),
      showVehicle(made),
      showSelected(made),
    ]);
    return () => {
      end();
      made.remove();
    };
  }, [site]);

  const t = messages.value;
  return (
    <section class="map" aria-label={t.plans.map}>
      <div ref={place} class="map-canvas" data-pointing={pointing.value !== null} />
      <Pointing />
      <MapTools map={map} bounds={site.bbox} />
      {record.value?.plan.provenance.approximate && (
        <p class="map-approximate">{t.plans.approximate}</p>
      )}
      <p class="attribution">{t.attribution}</p>
    </section>
  );
}

/** While somebody says where a vehicle is. */
function Pointing() {
  const t = messages.value.plans;
  const vehicle = pointing.value;
  if (vehicle === null) return null;
  return (
    <p class="map-pointing" role="status">
      <b>{t.pointNow(labelOf(vehicle))}</b>{" "}
      {pointedTooFar.value && <span class="fault">{t.pointTooFar}</span>}
      <button type="button" onClick={() => point(null)}>
        {t.cancel}
      </button>
    </p>
  );
}

/** The mark that is clicked, or the very point where there is none. */
function take(map: MapLibre, event: MapMouseEvent): void {
  const vehicle = pointing.peek();
  const shown = record.peek();
  if (vehicle === null || shown === null) return;
  const mark = nearest<MarkProperties>(map, event, [...MARK_LAYERS, "mark-transfer"]);
  const site = shown.problem.disposal_sites.find(({ code }) => code === mark?.code);
  const known = site ?? facts.peek().get(mark?.code ?? "");
  const { lng, lat } = event.lngLat.wrap();
  pointedTooFar.value = known === undefined && !isNear(lng, lat, shown);
  if (pointedTooFar.value) return;
  if (known === undefined) setPlace(vehicle, { lon: round(lng), lat: round(lat), at: null });
  else setPlace(vehicle, { lon: known.lon, lat: known.lat, at: known.code });
}

/** To a decimetre. */
function round(degrees: number): number {
  return Math.round(degrees * 1e6) / 1e6;
}

function showMarks(map: MapLibre): () => void {
  const nothing = { type: "FeatureCollection", features: [] } as GeoJSON.FeatureCollection;
  return effect(() => {
    const shown = record.value;
    const marks = shown === null ? nothing : marksOf(shown, drives.value);
    (map.getSource(MARKS) as GeoJSONSource).setData(marks);
  });
}

function showWays(map: MapLibre): () => void {
  return effect(() => {
    (map.getSource(WAYS) as GeoJSONSource).setData(waysOf(ways.value, drives.value));
  });
}

/** Where the vehicles are when the next plan takes over. */
function showTakeover(map: MapLibre): () => void {
  return effect(() => {
    (map.getSource(TRUCKS) as GeoJSONSource).setData(trucksOf(vehiclesThen.value, drives.value));
  });
}

function showVehicle(map: MapLibre): () => void {
  return effect(() => {
    const vehicle = planning.value?.vehicle ?? "";
    const isKnown = drives.value.some((drive) => drive.vehicle === vehicle);
    const opacity: number | ExpressionSpecification = isKnown
      ? ["case", ["==", ["get", "vehicle"], vehicle], 1, FAINT]
      : 1;
    for (const layer of WAY_LAYERS) map.setPaintProperty(layer, "line-opacity", opacity);
    map.setPaintProperty("mark-stop", "circle-opacity", opacity);
    map.setPaintProperty("mark-stop", "circle-stroke-opacity", opacity);
    for (const layer of ["mark-text", "mark-name", "way-label"]) {
      map.setPaintProperty(layer, "text-opacity", opacity);
    }
  });
}

function showSelected(map: MapLibre): () => void {
  return effect(() => {
    const code = openCode.value ?? "";
    map.setFilter("mark-selected", ["==", ["get", "code"], code]);
    const bin = facts.value.get(code);
    if (bin !== undefined) bringIntoView(map, [bin.lon, bin.lat]);
  });
}

function nameOf({ code, name }: MarkProperties): string {
  return name === code ? code : `${name} · ${code}`;
}
