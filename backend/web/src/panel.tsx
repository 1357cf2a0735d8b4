import { useEffect, useRef } from "preact/hooks";
import { SPANS } from "./address";
import type { BinFeature, BinProperties } from "./api";
import { BinAlerts } from "./bell";
import { byUrgency } from "./bins";
import { Chart } from "./chart";
import { Mounted } from "./mounted";
import { Past } from "./past";
import { statedOpening } from "./opening";
import { Fact } from "./pieces";
import { Badge, Row } from "./row";
import {
  beginClaim,
  bins,
  chooseSpan,
  close,
  locale,
  mayMount,
  messages,
  neighbours,
  now,
  openBin,
  openCode,
  percent,
  span,
} from "./store";
import { ago, dayAndTime } from "./time";

export function Panel() {
  const code = openCode.value;
  const title = useRef<HTMLHeadingElement>(null);

  // Who opens by keyboard goes on reading here, and goes back to the row on closing.
  useEffect(() => {
    if (code === null) return undefined;
    title.current?.focus({ preventScroll: true });
    const onKey = (event: KeyboardEvent) => {
      if (event.key === "Escape") close();
    };
    window.addEventListener("keydown", onKey);
    return () => {
      window.removeEventListener("keydown", onKey);
      if (openCode.peek() !== null) return;
      const row = `.list .row[data-code="${CSS.escape(code)}"]`;
      document.querySelector<HTMLElement>(row)?.focus({ preventScroll: true });
    };
  }, [code]);

  if (code === null || bins.value === null) return null;
  const t = messages.value;
  const bin = openBin.value;
  return (
    <aside class="panel" aria-label={code} data-code={code}>
      <div class="panel-head">
        <h2 ref={title} tabIndex={-1}>
          {code}
        </h2>
        <button type="button" class="close" aria-label={t.close} title={t.close} onClick={close}>
          ×
        </button>
      </div>
      {bin === null ? <p class="note">{t.binNotFound}</p> : <Details bin={bin} />}
    </aside>
  );
}

function Details({ bin }: { bin: BinFeature }) {
  const t = messages.value;
  const { properties } = bin;
  const isUnknown = properties.fill_class === "unknown";
  return (
    <>
      <p class="panel-place">
        {properties.site_name}, {properties.area_name}
      </p>
      <div class="level" data-class={properties.fill_class}>
        <Badge bin={bin} />
        <div>
          <span class="level-label">{isUnknown ? t.lastKnownFill : t.fillNow}</span>
          <LevelBar bin={properties} />
          <Moment at={properties.trusted_at} />
        </div>
      </div>
      {isUnknown && <p class="warning">{t.unknownWhy}</p>}
      <BinAlerts code={properties.code} />
      <section class="curve" aria-label={t.curve}>
        <div class="curve-head">
          <h3>{t.curve}</h3>
          <div class="switch" role="group" aria-label={t.curve}>
            {SPANS.map((one) => (
              <button
                key={one}
                type="button"
                aria-pressed={span.value === one}
                onClick={() => chooseSpan(one)}
              >
                {t.spans[one]}
              </button>
            ))}
          </div>
        </div>
        <Chart key={`${properties.code} ${span.value}`} bin={properties} span={span.value} />
      </section>
      <Past code={properties.code} />
      <Facts bin={properties} />
      {properties.device_id !== null && (
        <Mounted code={properties.code} device={properties.device_id} />
      )}
      {mayMount.value && (
        <button
          type="button"
          class="secondary mount"
          onClick={() => beginClaim(properties.code)}
        >
          {t.claim.open}
        </button>
      )}
      <Neighbours />
    </>
  );
}

function Neighbours() {
  if (neighbours.value.length === 0) return null;
  const { known, unknown } = byUrgency(neighbours.value);
  const { neighbours: title } = messages.value;
  return (
    <section class="neighbours" aria-label={title}>
      <h3>{title}</h3>
      <ul>
        {[...known, ...unknown].map((bin) => (
          <Row key={bin.properties.code} bin={bin} />
        ))}
      </ul>
    </section>
  );
}

function LevelBar({ bin }: { bin: BinProperties }) {
  if (bin.fill_pct === null) return null;
  return (
    <span class="bar" data-class={bin.fill_class}>
      <span style={{ width: `${Math.min(100, bin.fill_pct)}%` }} />
      {bin.fill_class === "unknown" && <b>{percent(bin.fill_pct)}</b>}
    </span>
  );
}

function Facts({ bin }: { bin: BinProperties }) {
  const t = messages.value;
  const number = (value: number, digits: number) =>
    value.toLocaleString(locale.value, { maximumFractionDigits: digits });
  return (
    <dl class="facts">
      <Fact name={t.container}>
        {t.containers[bin.container] ?? bin.container}, {t.litres(number(bin.volume_l, 0))}
      </Fact>
      {bin.collection_windows !== null && (
        <Fact name={t.opening.name}>
          {statedOpening(bin.collection_windows, locale.value === "id-ID" ? "." : ":", t.opening)}
        </Fact>
      )}
      <Fact name={t.lastSeen}>
        <Moment at={bin.seen_at} />
      </Fact>
      {bin.battery_mv !== null && (
        <Fact name={t.battery}>{number(bin.battery_mv / 1000, 2)} V</Fact>
      )}
      {bin.device_id !== null && <Fact name={t.device}>{bin.device_id}</Fact>}
      <Fact name={t.survey}>{bin.invented ? t.invented : t.surveyed}</Fact>
    </dl>
  );
}

function Moment({ at }: { at: string | null }) {
  const t = messages.value;
  if (at === null) return <span class="moment">{t.never}</span>;
  const ms = Date.parse(at);
  return (
    <span class="moment">
      {ago(ms, now.value, t)}
      <time dateTime={at}>{dayAndTime(ms, locale.value)}</time>
    </span>
  );
}
