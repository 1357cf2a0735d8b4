// The routes: a line for each vehicle, and what it does when it is opened.

import { useEffect, useRef } from "preact/hooks";
import { account, bins, locale, messages, openCode, percent, planning } from "../store";
import { VehicleChanges } from "./changers";
import { changesOfBin, changesOfVehicle } from "./changes";
import { change, draft, mayChange } from "./changestate";
import { TripLinks, VehicleFiles } from "./crewlinks";
import { type Drive, isHome, type Pause, type Stop, type Trip } from "./drives";
import { at, clock, labelOf, placeName, tongue } from "./labels";
import { NextPlace } from "./nextplace";
import { Pending } from "./pending";
import { QueuePanel } from "./queuepanel";
import { drives, record, select, toggleVehicle, unselect, vehicles } from "./state";
import { StopDetails } from "./stopdetails";
import { UnderwayPanel } from "./underwaypanel";
import { servedThen, tick } from "./underwaystate";
import { decimal, span } from "./words";

export function RouteList() {
  const t = messages.value.plans;
  const used = new Set(drives.value.map((drive) => drive.vehicle));
  const idle = vehicles.value.filter((code) => !used.has(code));
  const home = drives.value.filter(isHome);
  return (
    <>
      <UnderwayPanel />
      <QueuePanel />
      <ol>
        {drives.value.map(
          (drive) => !isHome(drive) && <DriveRow key={drive.vehicle} drive={drive} />,
        )}
      </ol>
      {home.length > 0 && (
        <p class="plan-note note">{t.home(home.map(({ label }) => label).join(", "))}</p>
      )}
      {idle.length > 0 && (
        <p class="plan-note note">{t.unused(idle.map(labelOf).join(", "))}</p>
      )}
      {record.value?.standing?.without.map((code) => <TakenOut key={code} vehicle={code} />)}
    </>
  );
}

/** A vehicle of which somebody said that it does not drive. */
function TakenOut({ vehicle }: { vehicle: string }) {
  const t = messages.value.plans;
  return (
    <p class="plan-note taken-out">
      {t.takenOut(labelOf(vehicle))}
      {mayChange.value && (
        <button type="button" onClick={() => change({ kind: "again", vehicle })}>
          {t.again}
        </button>
      )}
      <Pending changes={changesOfVehicle(draft.value, vehicle)} />
    </p>
  );
}

function DriveRow({ drive }: { drive: Drive }) {
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
          <Pending changes={changesOfVehicle(draft.value, drive.vehicle)} />
        </span>
      </button>
      {isOpen && <DriveSteps drive={drive} />}
    </li>
  );
}

function DriveSteps({ drive }: { drive: Drive }) {
  const t = messages.value.plans;
  const [first, last] = [drive.steps[0], drive.steps.at(-1)];
  const standing = record.value?.standing;
  const before = standing?.served.find(({ vehicle }) => vehicle === drive.vehicle)?.bins ?? [];
  return (
    <div class="drive-steps">
      {account.value?.role === "driver" && <NextPlace key={drive.vehicle} drive={drive} />}
      <VehicleFiles drive={drive} />
      <VehicleChanges drive={drive} />
      {standing?.taken_over_at != null && before.length > 0 && (
        <p class="leg" data-kind="served">
          {t.servedBefore(clock(standing.taken_over_at), before.length)}
        </p>
      )}
      {first !== undefined && (
        <p class="leg" data-kind="start">
          <time>{at(first.leave_s)}</time>{" "}
          {first.code === "" ? t.goesOn : t.leave(placeName(first.code))}
        </p>
      )}
      {drive.trips.map((trip) => (
        <TripSteps key={trip.number} trip={trip} drive={drive} />
      ))}
      {last !== undefined && (
        <p class="leg" data-kind="end">
          <time>{at(last.arrive_s)}</time> {t.back(placeName(last.code))}
        </p>
      )}
    </div>
  );
}

function TripSteps({ trip, drive }: { trip: Trip; drive: Drive }) {
  const t = messages.value.plans;
  return (
    <section aria-label={t.trip(trip.number)}>
      <h3>
        {t.trip(trip.number)}
        <span>
          {decimal(trip.load_kg / 1000, locale.value)} {t.tonnes}
        </span>
      </h3>
      <TripLinks drive={drive} trip={trip.number} />
      <ol>
        {trip.legs.map((leg) =>
          leg.kind === "stop" ? (
            <StopRow key={leg.bin} stop={leg} drive={drive} />
          ) : (
            <PauseRow key={`${leg.kind} ${leg.step.begin_s}`} pause={leg} />
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
      <div class="stop-line">
        <ServedTick stop={stop} drive={drive} />
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
            <Pending changes={changesOfBin(draft.value, stop.bin)} />
          </span>
          <span class="stop-facts">
            <span>{fill == null ? "" : t.fill(percent(fill))}</span>
            {reason !== undefined && <span data-reason={reason}>{t.inShort[reason]}</span>}
          </span>
        </button>
      </div>
      {isOpen && <StopDetails stop={stop} drive={drive} />}
    </li>
  );
}

/** While a replanning in the shift is put together: whether the bin is served by then. */
function ServedTick({ stop, drive }: { stop: Stop; drive: Drive }) {
  const served = servedThen.value;
  if (!mayChange.value || served === null) return null;
  return (
    <label class="tick">
      <input
        type="checkbox"
        aria-label={messages.value.plans.servedBin(stop.bin)}
        checked={served.has(stop.bin)}
        onChange={() => tick(stop, drive)}
      />
    </label>
  );
}

function PauseRow({ pause }: { pause: Pause }) {
  const t = messages.value;
  const { step, kind } = pause;
  const waits_s = step.begin_s - step.arrive_s;
  return (
    <li class="leg" data-kind={kind}>
      <time>{at(step.arrive_s)}</time>{" "}
      {kind === "break" ? t.plans.pause : t.plans.unload(placeName(step.code))}
      {kind === "unload" && waits_s > 0 && <b>, {t.plans.queueOf(span(waits_s, tongue.value))}</b>}
      <span class="leg-end">–{at(step.leave_s)}</span>
    </li>
  );
}
