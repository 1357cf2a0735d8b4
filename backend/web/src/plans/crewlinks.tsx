// What a crew takes along: files of its vehicle, links to a phone's navigation.

import { planUrl } from "../api";
import { messages } from "../store";
import type { Drive } from "./drives";
import { linksOfTrip } from "./navigation";
import { record, ways } from "./state";

const FILES = ["pdf", "gpx"] as const;

/** What this vehicle does, and nothing of the others. */
export function VehicleFiles({ drive: { vehicle, label } }: { drive: Drive }) {
  const t = messages.value.plans;
  const id = record.value?.plan_id;
  if (id === undefined) return null;
  return (
    <p class="crew-links">
      {FILES.map((form) => (
        <a key={form} class="navigate" href={planUrl(id, form, vehicle)} download>
          {t.vehicleFiles[form](label)}
        </a>
      ))}
    </p>
  );
}

/** A long trip has several links, to be opened one after the other. */
export function TripLinks({ drive, trip }: { drive: Drive; trip: number }) {
  const t = messages.value.plans;
  const links = linksOfTrip(ways.value, drive.vehicle, trip);
  const name = `${drive.label}, ${t.trip(trip)}`;
  if (links.length === 0) return null;
  return (
    <p class="crew-links">
      {links.map((url, number) => {
        const part = links.length > 1 ? ` ${number + 1}/${links.length}` : "";
        return (
          <a
            key={url}
            class="navigate"
            href={url}
            target="_blank"
            rel="noopener noreferrer"
            aria-label={t.navigateTo(name + part)}
          >
            {t.navigate}
            {part}
          </a>
        );
      })}
    </p>
  );
}
