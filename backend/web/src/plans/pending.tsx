// A change that waits to be sent, in words.

import type { Fault } from "../api";
import { bins, locale, messages } from "../store";
import type { Change } from "./changes";
import { wrongWith } from "./changestate";
import { clock, labelOf, names, placeName, tongue } from "./labels";
import { decimal, faultText } from "./words";

export function Pending({ changes }: { changes: readonly Change[] }) {
  return (
    <>
      {changes.map((one) => (
        <b key={one.kind} class="pending">
          {changeText(one)}
          <Faults of={one} />
        </b>
      ))}
    </>
  );
}

/** Why the service did not take it. */
export function Faults({ of }: { of: Change }) {
  return (
    <>
      {wrongWith(of).map((fault) => (
        <FaultText key={fault.detail} fault={fault} />
      ))}
    </>
  );
}

export function FaultText({ fault }: { fault: Fault }) {
  return (
    <span class="fault">
      {faultText(fault, names, tongue.value)} <small lang="en">({fault.detail})</small>
    </span>
  );
}

export function changeText(one: Change): string {
  const t = messages.value.plans.changes;
  switch (one.kind) {
    case "lock":
      return one.position === null
        ? t.lock(labelOf(one.vehicle))
        : t.lockAt(labelOf(one.vehicle), one.position);
    case "keep":
      return t.keep(labelOf(one.vehicle), one.stops);
    case "without":
    case "again":
      return t[one.kind](labelOf(one.vehicle));
    case "hours":
      return t.hours(one.after && clock(one.after), one.before && clock(one.before));
    case "queue":
      return t.queue(placeName(one.site), one.minutes);
    case "underway":
      return one.at === null ? t.fromNow : t.from(clock(one.at));
    case "served":
      return one.isServed ? t.served : t.notServed;
    case "place":
      return t.place(labelOf(one.vehicle), toldPlace(one.at));
    case "load":
      return t.load(labelOf(one.vehicle), decimal(one.load_kg, locale.value, 0));
    default:
      return t[one.kind];
  }
}

/** `di TPS RW 04`: where somebody says that a vehicle is; null: at a point of the map. */
export function toldPlace(code: string | null): string {
  const t = messages.value.plans;
  if (code === null) return t.pointOnMap;
  return t.where.at(bins.value?.get(code)?.properties.site_name ?? placeName(code));
}
