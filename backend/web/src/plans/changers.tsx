// The buttons that collect changes of bins and vehicles.

import { useSignal } from "@preact/signals";
import { messages } from "../store";
import { changesOfBin, changesOfVehicle } from "./changes";
import { change, draft, mayChange, said, shiftStart } from "./changestate";
import type { Drive, Stop } from "./drives";
import { labelOf } from "./labels";
import { Pending } from "./pending";
import { momentOf } from "./shifttimes";
import { vehicles } from "./state";

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
      <Complaint bin={bin} />
      <Move bin={bin} from={drive.vehicle} />
      <Hours bin={bin} />
      <Pending changes={changesOfBin(draft.value, bin)} />
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
      <Complaint bin={bin} />
      <Move bin={bin} from="" />
      <Hours bin={bin} />
      <Pending changes={changesOfBin(draft.value, bin)} />
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

function Complaint({ bin }: { bin: string }) {
  return (
    <button type="button" onClick={() => change({ kind: "complaint", bin })}>
      {messages.value.plans.complaint}
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
      <Pending changes={changesOfVehicle(draft.value, vehicle)} />
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
        {vehicles.value.map((code) => (
          <option key={code} value={code}>
            {labelOf(code)}
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

/** A market, a street that is closed: it can be reached from, until, or both. */
function Hours({ bin }: { bin: string }) {
  const t = messages.value.plans;
  const [from, until] = [useSignal(""), useSignal("")];
  const [after, before] = [from, until].map((one) => momentOf(shiftStart.value, one.value));
  const isSome = after != null || before != null;
  const isInOrder = after == null || before == null || after <= before;
  const iso = (ms: number | null | undefined) => (ms == null ? null : new Date(ms).toISOString());
  return (
    <form
      class="fields"
      onSubmit={(event) => {
        event.preventDefault();
        change({ kind: "hours", bin, after: iso(after), before: iso(before) });
      }}
    >
      {([[t.reachedFrom, from], [t.reachedUntil, until]] as const).map(([name, typed]) => (
        <label key={name}>
          {name}
          <input
            type="time"
            value={typed.value}
            onInput={(event) => {
              typed.value = event.currentTarget.value;
            }}
          />
        </label>
      ))}
      <button type="submit" disabled={!isSome || !isInOrder}>
        {t.limitHours}
      </button>
    </form>
  );
}
