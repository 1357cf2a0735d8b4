// What the panel tells of the last weeks of a bin: when it was emptied, and how good its data are.

import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { type Collections, fetchCollections, fetchQuality, type Quality } from "./api";
import { locale, messages, percent } from "./store";
import { dayAndTime, shortDay } from "./time";

const SHOWN = 4;
/** Below this a day's data are poor. */
const POOR = 0.7;

export function Past({ code }: { code: string }) {
  const collections = useSignal<Collections | null>(null);
  const quality = useSignal<Quality | null>(null);
  useEffect(() => {
    const end = new AbortController();
    collections.value = null;
    quality.value = null;
    // Beside the curve these are extras: what cannot be had is left out.
    fetchCollections(code, end.signal).then((found) => {
      collections.value = found;
    }, ignore);
    fetchQuality(code, end.signal).then((found) => {
      quality.value = found;
    }, ignore);
    return () => end.abort();
  }, [code]);
  return (
    <>
      {collections.value !== null && <Emptyings found={collections.value} />}
      {quality.value !== null && quality.value.days.length > 0 && <Days found={quality.value} />}
    </>
  );
}

function Emptyings({ found }: { found: Collections }) {
  const t = messages.value.collections;
  const last = found.collections.slice(-SHOWN).reverse();
  const level = (value: number | null) => (value === null ? "?" : percent(value));
  return (
    <section class="past" aria-label={t.title}>
      <h3>{t.title}</h3>
      {last.length === 0 && <p class="note">{t.none}</p>}
      <ul>
        {last.map((one) => (
          <li key={one.after_at}>
            <time dateTime={one.after_at}>{dayAndTime(Date.parse(one.after_at), locale.value)}</time>
            <span>
              {one.source === "crew" ? t.crew : t.fromTo(level(one.before_pct), level(one.after_pct))}
              {one.source === "level" && `, ${t.sure(percent(100 * one.confidence))}`}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Days({ found }: { found: Quality }) {
  const t = messages.value.quality;
  return (
    <section class="past" aria-label={t.title}>
      <h3>{t.title}</h3>
      <ol class="days">
        {found.days.map((one) => {
          // Noon in Bekasi: the day's name does not hang on the hour.
          const day = shortDay(Date.parse(`${one.day}T05:00:00Z`), locale.value);
          const said = t.day(day, percent(100 * one.score), one.n, Math.round(one.expected_n));
          return (
            <li key={one.day} title={said} aria-label={said} data-poor={one.score < POOR}>
              <span style={{ height: `${Math.round(48 * Math.min(1, one.score))}px` }} />
              <small aria-hidden="true">{day.split(" ")[0]}</small>
            </li>
          );
        })}
      </ol>
    </section>
  );
}

function ignore(): void {
  // See above.
}
