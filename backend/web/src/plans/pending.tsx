// A change that waits to be sent, in words.

import type { Fault } from "../api";
import { messages } from "../store";
import type { Change } from "./changes";
import { wrongWith } from "./changestate";
import { clock, labelOf, placeName } from "./labels";

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

export function FaultText({ fault: { why, detail } }: { fault: Fault }) {
  return (
    <span class="fault">
      {messages.value.plans.faults[why]} <small lang="en">({detail})</small>
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
    default:
      return t[one.kind];
  }
}
