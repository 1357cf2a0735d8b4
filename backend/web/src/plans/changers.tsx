// The buttons that collect changes, and the bar that sends them.

import { useSignal } from "@preact/signals";
import { messages } from "../store";
import { type Change, changeOf, changesOfVehicle } from "./changes";
import {
  canUndo,
  change,
  draft,
  dropAll,
  mayChange,
  said,
  sendChanges,
  takeBack,
  undoLast,
} from "./changestate";
import type { Drive, Stop } from "./drives";
import { isOrdering, isUnderWay } from "./jobs";
import { labels, select } from "./state";

/** What may be done with a bin that is served. */
export function StopChanges({ stop, drive }: { stop: Stop; drive: Drive }) {
  const t = messages.value.plans;
  if (!mayChange.value) return null;
  const { bin } = stop;
  return (
    <div class="changers" role="group" aria-label={t.changeOf(bin)}>
      <Unlock bin={bin} />
      <button
        type="button"
        onClick={() => change({ kind: "lock", bin, vehicle: drive.vehicle, position: null })}
      >
        {t.lockTo(drive.label)}
      </button>
      <button type="button" onClick={() => change({ kind: "forbid", bin })}>
        {t.forbid}
      </button>
      <button
        type="button"
        onClick={() => change({ kind: "keep", vehicle: drive.vehicle, stops: stop.position })}
      >
        {t.keepTo(stop.position)}
      </button>
      <Move bin={bin} from={drive.vehicle} />
      <Pending one={changeOf(draft.value, bin)} />
    </div>
  );
}

/** What may be done with a bin that stays. */
export function LeftChanges({ bin }: { bin: string }) {
  const t = messages.value.plans;
  if (!mayChange.value) return null;
  return (
    <div class="changers" role="group" aria-label={t.changeOf(bin)}>
      <button type="button" onClick={() => change({ kind: "force", bin })}>
        {t.force}
      </button>
      <Unlock bin={bin} />
      <Move bin={bin} from="" />
      <Pending one={changeOf(draft.value, bin)} />
    </div>
  );
}

/** Take back what people said of a bin in this plan or one before it. */
function Unlock({ bin }: { bin: string }) {
  if (!said.value.has(bin)) return null;
  return (
    <button type="button" onClick={() => change({ kind: "unlock", bin })}>
      {messages.value.plans.unlock}
    </button>
  );
}

/** What may be done with a vehicle. */
export function VehicleChanges({ drive }: { drive: Drive }) {
  const t = messages.value.plans;
  if (!mayChange.value) return null;
  const { vehicle, label } = drive;
  return (
    <div class="changers" role="group" aria-label={t.changeOf(label)}>
      <button type="button" onClick={() => change({ kind: "without", vehicle })}>
        {t.without(label)}
      </button>
      {changesOfVehicle(draft.value, vehicle).map((one) => (
        <Pending key={one.kind} one={one} />
      ))}
    </div>
  );
}

/** To a vehicle, and there to a place if one likes. */
function Move({ bin, from }: { bin: string; from: string }) {
  const t = messages.value.plans;
  const vehicle = useSignal(from);
  const position = useSignal("");
  const place = Number.parseInt(position.value, 10);
  return (
    <form
      class="move"
      onSubmit={(event) => {
        event.preventDefault();
        if (vehicle.value === "") return;
        const at = Number.isNaN(place) ? null : place;
        change({ kind: "lock", bin, vehicle: vehicle.value, position: at });
      }}
    >
      <select
        aria-label={t.toVehicle}
        value={vehicle.value}
        onChange={(event) => {
          vehicle.value = event.currentTarget.value;
        }}
      >
        {from === "" && <option value="">{t.toVehicle}</option>}
        {[...labels.value].map(([code, label]) => (
          <option key={code} value={code}>
            {label}
          </option>
        ))}
      </select>
      <input
        type="number"
        inputMode="numeric"
        min={1}
        max={1000}
        aria-label={t.toPosition}
        placeholder={t.toPosition}
        value={position.value}
        onInput={(event) => {
          position.value = event.currentTarget.value;
        }}
      />
      <button type="submit" disabled={vehicle.value === ""}>
        {from === "" ? t.addTo : t.move}
      </button>
    </form>
  );
}

/** A change that waits to be sent. */
export function Pending({ one }: { one: Change | undefined }) {
  if (one === undefined) return null;
  return <b class="pending">{changeText(one)}</b>;
}

export function changeText(one: Change): string {
  const t = messages.value.plans;
  const label = "vehicle" in one ? (labels.value.get(one.vehicle) ?? one.vehicle) : "";
  switch (one.kind) {
    case "lock":
      return one.position === null
        ? t.changes.lock(label)
        : t.changes.lockAt(label, one.position);
    case "keep":
      return t.changes.keep(label, one.stops);
    case "without":
      return t.changes.without(label);
    default:
      return t.changes[one.kind];
  }
}

/** Always in reach while something is collected. */
export function ChangesBar() {
  const t = messages.value.plans;
  if (!mayChange.value || (draft.value.length === 0 && !canUndo.value)) return null;
  const isBusy = isOrdering.value || isUnderWay.value;
  return (
    <section class="changes-bar" aria-label={t.changesTitle}>
      <details>
        <summary role="status">{t.changesN(draft.value.length)}</summary>
        <ul>
          {draft.value.map((one) => (
            <li key={JSON.stringify(one)}>
              <span>
                {"bin" in one && (
                  <button type="button" class="link" onClick={() => select(one.bin)}>
                    {one.bin}
                  </button>
                )}{" "}
                {changeText(one)}
              </span>
              <button
                type="button"
                class="close"
                aria-label={`${t.takeBack}: ${"bin" in one ? one.bin : ""} ${changeText(one)}`}
                title={t.takeBack}
                onClick={() => takeBack(one)}
              >
                ×
              </button>
            </li>
          ))}
        </ul>
        {draft.value.length > 1 && (
          <button type="button" class="link" onClick={dropAll}>
            {t.dropAll}
          </button>
        )}
      </details>
      <div class="plan-actions">
        <button type="button" disabled={!canUndo.value} onClick={undoLast}>
          {t.undo}
        </button>
        <button
          type="button"
          class="primary"
          disabled={isBusy || draft.value.length === 0}
          onClick={() => void sendChanges()}
        >
          {t.replan}
        </button>
      </div>
    </section>
  );
}
