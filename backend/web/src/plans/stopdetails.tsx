// What is known of a bin that is open in the list.

import type { Left, PlannedBin } from "../api";
import { Fact } from "../pieces";
import { shiftOpening } from "../opening";
import { bins, locale, messages, percent } from "../store";
import { LeftChanges, StopChanges } from "./changers";
import type { Drive, Stop } from "./drives";
import { at, tongue } from "./labels";
import { geoUri } from "./navigation";
import { driving } from "./state";
import { chance, decimal, gap, leftText, servedText } from "./words";

export function StopDetails({ stop, drive }: { stop: Stop; drive: Drive }) {
  const t = messages.value.plans;
  const { facts, served, step } = stop;
  return (
    <div class="stop-details">
      {served !== undefined && (
        <p>
          <b>{t.why}:</b> {servedText(served, facts, tongue.value)}
        </p>
      )}
      <dl>
        {facts !== undefined && <Expected facts={facts} />}
        <Fact name={t.onBoard}>
          {decimal(step.load_kg, locale.value, 0)} kg, {decimal(step.load_l / 1000, locale.value)} m³
        </Fact>
        <Fact name={t.drive}>{decimal(step.distance_m / 1000, locale.value)} km</Fact>
      </dl>
      {facts !== undefined && (
        <p>
          <a
            class="navigate"
            href={geoUri(facts, stop.bin)}
            aria-label={t.navigateTo(`${drive.label} · ${stop.position}, ${stop.bin}`)}
          >
            {t.navigate}
          </a>
        </p>
      )}
      <StopChanges stop={stop} drive={drive} />
    </div>
  );
}

export function LeftDetails({ left, facts, vehicle }: LeftProps) {
  return (
    <div class="stop-details">
      <p>
        <b>{messages.value.plans.why}:</b> {leftText(left, facts, vehicle, tongue.value)}
      </p>
      {facts !== undefined && (
        <dl>
          <Expected facts={facts} />
        </dl>
      )}
      <LeftChanges bin={left.bin} />
    </div>
  );
}

interface LeftProps {
  left: Left;
  facts: PlannedBin | undefined;
  /** How the vehicle of the cheapest insertion is called; may be empty. */
  vehicle: string;
}

function Expected({ facts }: { facts: PlannedBin }) {
  const t = messages.value.plans;
  const kind = bins.value?.get(facts.code)?.properties.volume_l;
  const words = messages.value.opening;
  const opening = shiftOpening(facts.windows, driving.value, at, words);
  return (
    <>
      {opening !== "" && <Fact name={words.name}>{opening}</Fact>}
      {facts.fill_pct != null && (
        <Fact name={t.fillExpected}>
          {percent(facts.fill_pct)}
          {!facts.trusted && <small> {t.untrusted}</small>}
        </Fact>
      )}
      {facts.overflow_probability != null && (
        <Fact name={t.overflow}>{chance(facts.overflow_probability)}</Fact>
      )}
      {facts.gap_h != null && <Fact name={t.emptied}>{t.emptiedAgo(gap(facts.gap_h, tongue.value))}</Fact>}
      <Fact name={t.load}>
        {decimal(facts.load_kg, locale.value, 0)} kg
        {kind !== undefined && `, ${decimal(facts.load_l, locale.value, 0)} / ${decimal(kind, locale.value, 0)} l`}
      </Fact>
    </>
  );
}
