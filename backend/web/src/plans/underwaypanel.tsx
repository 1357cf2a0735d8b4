// Replanning in the shift: from when, and how far each vehicle is taken to be.

import { useSignal } from "@preact/signals";
import { locale, messages, now } from "../store";
import { clockTime } from "../time";
import { changesOfVehicle, ofKind } from "./changes";
import { change, draft, mayChange, shiftStart, takeBack, takeover_s, told } from "./changestate";
import type { Drive } from "./drives";
import { at, placeName } from "./labels";
import { Faults, Pending } from "./pending";
import { clockOf, momentOf } from "./shifttimes";
import { drives, toggleVehicle } from "./state";
import { type Assumed, assumedAt } from "./underway";
import { decimal } from "./words";

const DAY_MS = 86_400_000;

export function UnderwayPanel() {
  const t = messages.value.plans;
  if (!mayChange.value) return null;
  const at_s = takeover_s.value;
  return (
    <details class="plan-panel" open={at_s !== null}>
      <summary>{t.underway}</summary>
      {at_s === null ? <p class="note">{t.underwayHint}</p> : <Taken at_s={at_s} />}
      <From />
      {at_s !== null && (
        <ul class="assumed">
          {drives.value.map((drive) => (
            <Vehicle key={drive.vehicle} drive={drive} at_s={at_s} />
          ))}
        </ul>
      )}
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

function Taken({ at_s }: { at_s: number }) {
  const t = messages.value.plans;
  const word = ofKind(draft.value, "underway")[0];
  if (word === undefined) return null;
  return (
    <p>
      <b>{t.takesOver(at(at_s))}</b> {t.assumedHint}{" "}
      <button type="button" class="link" onClick={() => takeBack(word)}>
        {t.notUnderway}
      </button>
      <Faults of={word} />
    </p>
  );
}

function Vehicle({ drive, at_s }: { drive: Drive; at_s: number }) {
  const t = messages.value.plans;
  const { vehicle, label, colour, stops } = drive;
  const known = assumedAt(drive, at_s, told.value);
  if (known === null) return null;
  const pending = changesOfVehicle(draft.value, vehicle);
  const isOut = pending.some(({ kind }) => kind === "without");
  return (
    <li>
      <button type="button" class="assumed-vehicle" onClick={() => toggleVehicle(vehicle)}>
        <b class="drive-label" style={{ background: colour }}>
          {label}
        </b>
        <span class="drive-text">
          <b>{whereText(known)}</b>
          <span>
            {t.servedOf(known.served.length, stops.length)} ·{" "}
            {t.carries(decimal(known.load_kg, locale.value, 0))}
          </span>
          <Pending changes={pending} />
        </span>
      </button>
      {!isOut && (
        <button
          type="button"
          aria-label={`${t.brokenDown}: ${label}`}
          onClick={() => change({ kind: "without", vehicle })}
        >
          {t.brokenDown}
        </button>
      )}
    </li>
  );
}

function whereText({ where, step }: Assumed): string {
  const t = messages.value.plans.where;
  if (where === "start" || where === "end") return t[where];
  if (step.kind === "break") return t.pause;
  const place = step.kind === "stop" ? step.code : placeName(step.code);
  return where === "to" ? t.to(place) : t.at(place);
}
