// Replanning in the shift: from when, and how far each vehicle is taken to be.

import { useSignal } from "@preact/signals";
import { locale, messages, now, planning } from "../store";
import { clockTime } from "../time";
import { changesOfVehicle, ofKind } from "./changes";
import type { VehicleAt } from "../api";
import { change, draft, mayChange, shiftStart, takeBack } from "./changestate";
import type { Stop } from "./drives";
import { labelOf, placeName } from "./labels";
import { FaultText, Pending, toldPlace } from "./pending";
import { faultsBeside } from "./refusals";
import { clockOf, momentOf } from "./shifttimes";
import { drives, toggleVehicle } from "./state";
import type { Routed } from "./underway";
import {
  progressRefusal,
  routed,
  servedThen,
  takeoverMinute,
  vehiclesPlanned,
  vehiclesThen,
} from "./underwaystate";
import { VehicleReport } from "./vehiclereport";
import { decimal } from "./words";

const DAY_MS = 86_400_000;

export function UnderwayPanel() {
  const t = messages.value.plans;
  if (!mayChange.value) return null;
  const at_ms = takeoverMinute.value;
  return (
    <details class="plan-panel" open={at_ms !== null}>
      <summary>{t.underway}</summary>
      {at_ms === null ? <p class="note">{t.underwayHint}</p> : <Taken at_ms={at_ms} />}
      <From />
      <ul class="assumed">
        {routed.value.map((one) => {
          const then = vehiclesThen.value.get(one.vehicle);
          return then && <Vehicle key={one.vehicle} routed={one} then={then} />;
        })}
      </ul>
    </details>
  );
}

function From() {
  const t = messages.value.plans;
  const typed = useSignal("");
  const since_ms = now.value - shiftStart.value;
  const isRunning = since_ms > 0 && since_ms < DAY_MS;
  const clock = typed.value || clockOf(isRunning ? now.value : shiftStart.value);
  const moment = momentOf(shiftStart.value, clock);
  return (
    <form
      class="fields"
      onSubmit={(event) => {
        event.preventDefault();
        if (moment !== null) change({ kind: "underway", at: new Date(moment).toISOString() });
      }}
    >
      {isRunning && (
        <button type="button" onClick={() => change({ kind: "underway", at: null })}>
          {t.fromNow(clockTime(now.value, locale.value))}
        </button>
      )}
      <label>
        {t.fromTime}
        <input
          type="time"
          value={clock}
          onInput={(event) => {
            typed.value = event.currentTarget.value;
          }}
        />
      </label>
      <button type="submit" disabled={moment === null}>
        {t.useIt}
      </button>
    </form>
  );
}

function Taken({ at_ms }: { at_ms: number }) {
  const t = messages.value.plans;
  const word = ofKind(draft.value, "underway")[0];
  if (word === undefined) return null;
  return (
    <p>
      <b>{t.takesOver(clockTime(at_ms, locale.value))}</b> {t.assumedHint}{" "}
      <button type="button" class="link" onClick={() => takeBack(word)}>
        {t.notUnderway}
      </button>
      <NotKnown />
    </p>
  );
}

/** Why it cannot be told where the vehicles are; what is wrong with one is said there. */
function NotKnown() {
  const t = messages.value.plans;
  const why = progressRefusal.value;
  if (why === null) return null;
  if (why.faults.length === 0) return <span class="fault">{t.refusals[why.code] ?? t.refused}</span>;
  return (
    <>
      {faultsBeside(ofKind(draft.value, "place"), why.faults).map((fault) => (
        <FaultText key={fault.detail} fault={fault} />
      ))}
    </>
  );
}

function Vehicle({ routed: one, then }: { routed: Routed; then: VehicleAt }) {
  const t = messages.value.plans;
  const { vehicle, stops } = one;
  const label = labelOf(vehicle);
  const colour = drives.value.find((drive) => drive.vehicle === vehicle)?.colour;
  const pending = changesOfVehicle(draft.value, vehicle);
  const isOut = pending.some(({ kind }) => kind === "without");
  const isOpen = planning.value?.vehicle === vehicle;
  const planned = vehiclesPlanned.value.get(vehicle) ?? then;
  const place = pending.find((said) => said.kind === "place");
  return (
    <li data-open={isOpen}>
      <div class="assumed-line">
        <button
          type="button"
          class="assumed-vehicle"
          aria-expanded={isOpen}
          onClick={() => toggleVehicle(vehicle)}
        >
          <b class="drive-label" style={{ background: colour ?? "var(--silent)" }}>
            {label}
          </b>
          <span class="drive-text">
            <b>{place === undefined ? whereText(then) : toldPlace(place.at)}</b>
            <span>
              {stops.length > 0 && `${t.servedOf(servedOf(stops), stops.length)} · `}
              {t.carries(decimal(then.load_kg, locale.value, 0))}
            </span>
            <Pending changes={pending.filter((said) => said.kind !== "place" && said.kind !== "load")} />
          </span>
          <span class="assumed-open">{isOpen ? messages.value.close : t.correctIt}</span>
        </button>
        {!isOut && (
          <button
            type="button"
            class="broken-down"
            aria-label={`${t.brokenDown}: ${label}`}
            onClick={() => change({ kind: "without", vehicle })}
          >
            {t.brokenDown}
          </button>
        )}
      </div>
      {isOpen && <VehicleReport routed={one} then={then} planned={whereText(planned)} />}
    </li>
  );
}

function servedOf(stops: readonly Stop[]): number {
  return stops.filter(({ bin }) => servedThen.value?.has(bin)).length;
}

function whereText({ has_left, step, is_driving }: VehicleAt): string {
  const t = messages.value.plans.where;
  if (!has_left || step?.kind === "start") return t.start;
  if (step === null) return t.unknown;
  if (step.kind === "break") return t.pause;
  if (step.kind === "end" && !is_driving) return t.end;
  const place = step.kind === "stop" ? step.code : placeName(step.code);
  return is_driving ? t.to(place) : t.at(place);
}
