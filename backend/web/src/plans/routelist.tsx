// The routes: a line for each vehicle, and what it does when it is opened.

import { useEffect, useRef } from "preact/hooks";
import type { Site } from "../api";
import { bins, locale, messages, openCode, percent, planning } from "../store";
import { clockTime } from "../time";
import { Pending, VehicleChanges } from "./changers";
import { changeOf, changesOfVehicle } from "./changes";
import { draft } from "./changestate";
import type { Drive, Pause, Stop, Trip } from "./drives";
import { linksOfTrip } from "./navigation";
import { drives, placeNames, record, select, toggleVehicle, unselect, ways } from "./state";
import { StopDetails } from "./stopdetails";
import { decimal, span } from "./words";

export function RouteList({ site }: { site: Site }) {
  const t = messages.value.plans;
  const used = new Set(drives.value.map((drive) => drive.vehicle));
  const idle = record.value?.problem.vehicles.filter(({ code }) => !used.has(code)) ?? [];
  return (
    <>
      <ol class="drives">
        {drives.value.map((drive) => (
          <DriveRow key={drive.vehicle} drive={drive} site={site} />
        ))}
      </ol>
      {idle.length > 0 && (
        <p class="plan-note note">{t.unused(idle.map(({ code }) => code).join(", "))}</p>
      )}
    </>
  );
}

function DriveRow({ drive, site }: { drive: Drive; site: Site }) {
  const t = messages.value.plans;
  const isOpen = planning.value?.vehicle === drive.vehicle;
  return (
    <li class="drive" data-open={isOpen}>
      <button
        type="button"
        class="drive-head"
        data-vehicle={drive.vehicle}
        aria-expanded={isOpen}
        onClick={() => toggleVehicle(drive.vehicle)}
      >
        <b class="drive-label" style={{ background: drive.colour }}>
          {drive.label}
        </b>
        <span class="drive-text">
          <b>
            {t.kinds[drive.kind] ?? drive.kind}, {t.fromTo(at(drive.begins_s), at(drive.ends_s))}
          </b>
          <span>
            {t.stopsN(drive.stops.length)} · {t.tripsN(drive.trips.length)} ·{" "}
            {decimal(drive.distance_m / 1000, locale.value)} km ·{" "}
            {decimal(drive.load_kg / 1000, locale.value)} {t.tonnes}
          </span>
          {changesOfVehicle(draft.value, drive.vehicle).map((one) => (
            <Pending key={one.kind} one={one} />
          ))}
        </span>
      </button>
      {isOpen && <DriveSteps drive={drive} site={site} />}
    </li>
  );
}

function DriveSteps({ drive, site }: { drive: Drive; site: Site }) {
  const t = messages.value.plans;
  const route = record.value?.plan.routes.find(({ vehicle }) => vehicle === drive.vehicle);
  const [first, last] = [route?.steps[0], route?.steps.at(-1)];
  return (
    <div class="drive-steps">
      <VehicleChanges drive={drive} />
      {first !== undefined && (
        <p class="leg" data-kind="start">
          <time>{at(first.leave_s)}</time> {t.leave(placeName(first.code, site))}
        </p>
      )}
      {drive.trips.map((trip) => (
        <TripSteps key={trip.number} trip={trip} drive={drive} site={site} />
      ))}
      {last !== undefined && (
        <p class="leg" data-kind="end">
          <time>{at(last.arrive_s)}</time> {t.back(placeName(last.code, site))}
        </p>
      )}
    </div>
  );
}

function TripSteps({ trip, drive, site }: { trip: Trip; drive: Drive; site: Site }) {
  const t = messages.value.plans;
  return (
    <section aria-label={t.trip(trip.number)}>
      <h3>
        {t.trip(trip.number)}
        <span>
          {decimal(trip.load_kg / 1000, locale.value)} {t.tonnes}
        </span>
      </h3>
      <TripLinks
        links={linksOfTrip(ways.value, drive.vehicle, trip.number)}
        name={`${drive.label}, ${t.trip(trip.number)}`}
      />
      <ol>
        {trip.legs.map((leg) =>
          leg.kind === "stop" ? (
            <StopRow key={leg.bin} stop={leg} drive={drive} />
          ) : (
            <PauseRow key={`${leg.kind} ${leg.step.begin_s}`} pause={leg} site={site} />
          ),
        )}
      </ol>
    </section>
  );
}

function StopRow({ stop, drive }: { stop: Stop; drive: Drive }) {
  const t = messages.value.plans;
  const row = useRef<HTMLLIElement>(null);
  const isOpen = openCode.value === stop.bin;
  // Opened from the map, it may be far down the list.
  useEffect(() => {
    if (isOpen) row.current?.scrollIntoView({ block: "nearest" });
  }, [isOpen]);
  const place = bins.value?.get(stop.bin)?.properties.site_name ?? "";
  const fill = stop.facts?.fill_pct;
  const reason = stop.served?.reason;
  return (
    <li ref={row}>
      <button
        type="button"
        class="stop"
        data-code={stop.bin}
        aria-current={isOpen ? "true" : undefined}
        aria-expanded={isOpen}
        onClick={() => (isOpen ? unselect() : select(stop.bin))}
      >
        <b class="stop-number" style={{ background: drive.colour }}>
          {stop.position}
        </b>
        <time>{at(stop.step.begin_s)}</time>
        <span class="stop-text">
          <b>{stop.bin}</b>
          <span>{place}</span>
          <Pending one={changeOf(draft.value, stop.bin)} />
        </span>
        <span class="stop-facts">
          <span>{fill == null ? "" : t.fill(percent(fill))}</span>
          {reason !== undefined && <span data-reason={reason}>{t.inShort[reason]}</span>}
        </span>
      </button>
      {isOpen && <StopDetails stop={stop} drive={drive} />}
    </li>
  );
}

/** A long trip has several links, to be opened one after the other. */
function TripLinks({ links, name }: { links: readonly string[]; name: string }) {
  const t = messages.value.plans;
  if (links.length === 0) return null;
  return (
    <p class="trip-links">
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

function PauseRow({ pause, site }: { pause: Pause; site: Site }) {
  const t = messages.value;
  const { step, kind } = pause;
  const waits_s = step.begin_s - step.arrive_s;
  const tongue = { t: t.plans, locale: locale.value };
  return (
    <li class="leg" data-kind={kind}>
      <time>{at(step.arrive_s)}</time>{" "}
      {kind === "break" ? t.plans.pause : t.plans.unload(placeName(step.code, site))}
      {kind === "unload" && waits_s > 0 && <b>, {t.plans.queueOf(span(waits_s, tongue))}</b>}
      <span class="leg-end">–{at(step.leave_s)}</span>
    </li>
  );
}

/** `05.12`, of a time in the shift. */
function at(seconds: number): string {
  const start = record.value === null ? 0 : Date.parse(record.value.shift_start);
  return clockTime(start + 1000 * seconds, locale.value);
}

/** The name of a depot, landfill or transfer station; its code until the ways are there. */
function placeName(code: string, site: Site): string {
  const known = site.places.features.find(({ properties }) => properties.code === code);
  return known?.properties.name ?? placeNames.value.get(code) ?? code;
}
