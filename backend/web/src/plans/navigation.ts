// Links that open a phone's navigation, and names of places, as the exported plan has them.

import type { FeatureCollection } from "geojson";

/** One after the other, each from where the phone is. */
export function linksOfTrip(
  exported: FeatureCollection | null,
  vehicle: string,
  trip: number,
): string[] {
  const way = exported?.features.find(
    ({ properties }) =>
      properties?.["kind"] === "trip" &&
      properties["vehicle"] === vehicle &&
      properties["trip"] === trip,
  );
  const links: unknown = way?.properties?.["navigation"];
  return Array.isArray(links) ? links.filter((url) => typeof url === "string") : [];
}

/** To one place, by whatever map program the phone has. */
export function geoUri({ lat, lon }: { lat: number; lon: number }, label: string): string {
  const at = `${lat.toFixed(5)},${lon.toFixed(5)}`;
  return `geo:${at}?q=${at}(${encodeURIComponent(label)})`;
}

/** Names of depots and of places to unload, by code. */
export function namesIn(exported: FeatureCollection | null): Map<string, string> {
  return new Map(
    (exported?.features ?? []).flatMap(({ properties }) =>
      typeof properties?.["name"] === "string" && properties["bin"] === null
        ? [[String(properties["code"]), properties["name"]] as const]
        : [],
    ),
  );
}
