// For who drives: where to go next, in letters for a phone on the dashboard.

import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { bins, messages, now } from "../store";
import { shiftStart } from "./changestate";
import type { Drive } from "./drives";
import { at, placeName } from "./labels";
import { geoUri } from "./navigation";
import { facts, record } from "./state";

/** The stop or the unloading that is next by the clock; `‹ ›` when the day runs otherwise. */
export function NextPlace({ drive }: { drive: Drive }) {
  const t = messages.value.plans;
  const frame = useRef<HTMLElement>(null);
  useEffect(() => frame.current?.scrollIntoView({ block: "nearest" }), []);
  const turned = useSignal(0);
  const places = drive.trips.flatMap(({ legs }) => legs.filter(({ kind }) => kind !== "break"));
  const now_s = (now.value - shiftStart.value) / 1000;
  const due = places.findIndex(({ step }) => step.leave_s > now_s);
  // Before the shift and after it: the first.
  const number = Math.min(Math.max(Math.max(due, 0) + turned.value, 0), places.length - 1);
  const leg = places[number];
  if (leg === undefined) return null;
  const { code } = leg.step;
  const name = leg.kind === "stop" ? `${leg.position} · ${code}` : placeName(code);
  const place = leg.kind === "stop" ? facts.value.get(code) : siteOf(code);
  const site = bins.value?.get(code)?.properties.site_name;
  const turn = (by: number) => () => {
    turned.value += by;
  };
  return (
    <section ref={frame} class="next-place" aria-label={t.nextPlace}>
      <button type="button" aria-label={t.placeBefore} disabled={number === 0} onClick={turn(-1)}>
        ‹
      </button>
      <p>
        {t.nextPlace}, {at(leg.step.arrive_s)}
        <b>{name}</b>
        {site}
      </p>
      <button
        type="button"
        aria-label={t.placeAfter}
        disabled={number === places.length - 1}
        onClick={turn(1)}
      >
        ›
      </button>
      {place !== undefined && (
        <a class="primary" href={geoUri(place, name)} aria-label={t.navigateTo(name)}>
          {t.navigate}
        </a>
      )}
    </section>
  );
}

function siteOf(code: string) {
  return record.value?.problem.disposal_sites.find((one) => one.code === code);
}
