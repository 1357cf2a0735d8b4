import type { Difference } from "../api";
import { locale, messages } from "../store";
import { difference } from "./changestate";
import { labelOf, tongue } from "./labels";
import { record, select, showPlan } from "./state";
import { decimal, span } from "./words";

/** What the changes brought, against the plan that was changed. */
export function Compared() {
  const t = messages.value.plans;
  const found = difference.value;
  const parent = record.value?.parent_id ?? null;
  if (found === null || parent === null) return null;
  return (
    <section class="compared" aria-label={t.compared}>
      <h3>
        {t.compared}{" "}
        <button type="button" class="link" onClick={() => showPlan(parent)}>
          {t.openIt}
        </button>
      </h3>
      {found === "waiting" ? <p class="note">{messages.value.loading}</p> : <Found found={found} />}
    </section>
  );
}

function Found({ found }: { found: Difference }) {
  const t = messages.value.plans;
  const signed = (value: number, text: string) => `${value > 0 ? "+" : value < 0 ? "−" : "±"}${text}`;
  const sums: [number, string, string][] = [
    [found.distance_m, decimal(Math.abs(found.distance_m) / 1000, locale.value), t.km],
    [found.duration_s, span(found.duration_s, tongue.value), t.vehicleTime],
    [found.trips, String(Math.abs(found.trips)), t.trips],
    [found.overflows, decimal(Math.abs(found.overflows), locale.value, 2), t.overflowsExpected],
    [found.missed_must, String(Math.abs(found.missed_must)), t.missed],
  ];
  return (
    <>
      <dl class="plan-totals">
        {sums.map(([value, text, name]) => (
          <div key={name} data-worse={value > 0}>
            <dt>{name}</dt>
            <dd>{signed(value, text)}</dd>
          </div>
        ))}
      </dl>
      <Bins name={t.added} bins={found.added} />
      <Bins name={t.dropped} bins={found.dropped} />
      <Bins name={t.reordered} bins={found.reordered} />
      <Bins
        name={t.moved}
        bins={found.moved.map((one) => one.bin)}
        after={new Map(found.moved.map((one) => [one.bin, fromTo(one.from_vehicle, one.to_vehicle)]))}
      />
      {found.changes.length === 0 && <p class="note">{t.sameBins}</p>}
    </>
  );
}

function fromTo(from: string, to: string): string {
  return `${labelOf(from)} → ${labelOf(to)}`;
}

interface BinsProps {
  name: string;
  bins: readonly string[];
  after?: ReadonlyMap<string, string>;
}

function Bins({ name, bins, after }: BinsProps) {
  if (bins.length === 0) return null;
  return (
    <details class="compared-bins" open={bins.length <= 5}>
      <summary>
        {name}: {bins.length}
      </summary>
      <ul>
        {bins.map((code) => (
          <li key={code}>
            <button type="button" class="link" onClick={() => select(code)}>
              {code}
            </button>{" "}
            {after?.get(code)}
          </li>
        ))}
      </ul>
    </details>
  );
}
