// Times for the screen: always WIB, whatever zone the browser is in.

import type { Messages } from "./messages/id";

export const ZONE = "Asia/Jakarta";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

export type Locale = "id-ID" | "en-GB";

const formats = new Map<string, Intl.DateTimeFormat>();

/** `14.30` in Indonesian, `14:30` in English. */
export function clockTime(ms: number, locale: Locale): string {
  return format(ms, locale, { hour: "2-digit", minute: "2-digit" });
}

/** `14.30.05`: for what changes while one looks at it. */
export function clockTimeWithSeconds(ms: number, locale: Locale): string {
  return format(ms, locale, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
}

/** `Sab 21 Nov`. */
export function shortDay(ms: number, locale: Locale): string {
  return format(ms, locale, { weekday: "short", day: "numeric", month: "short" }).replace(",", "");
}

/** `21 Nov 2026 14.30 WIB`. */
export function dayAndTime(ms: number, locale: Locale): string {
  const day = format(ms, locale, { day: "numeric", month: "short", year: "numeric" });
  return `${day} ${clockTime(ms, locale)} WIB`;
}

/** `3 menit lalu`. A time slightly ahead (the device's clock runs fast) reads as just now. */
export function ago(thenMs: number, nowMs: number, t: Messages): string {
  const age = nowMs - thenMs;
  return age < MINUTE_MS ? t.justNow : t.ago(duration(age, t));
}

/** `3 menit`, `5 jam`, `2 hari`: one unit, rounded down. */
export function duration(ms: number, t: Messages): string {
  if (ms < HOUR_MS) return t.minutes(Math.max(0, Math.floor(ms / MINUTE_MS)));
  if (ms < 2 * DAY_MS) return t.hours(Math.floor(ms / HOUR_MS));
  return t.days(Math.floor(ms / DAY_MS));
}

function format(ms: number, locale: Locale, options: Intl.DateTimeFormatOptions): string {
  const key = `${locale} ${Object.entries(options).join()}`;
  let made = formats.get(key);
  if (made === undefined) {
    made = new Intl.DateTimeFormat(locale, { ...options, timeZone: ZONE, hourCycle: "h23" });
    formats.set(key, made);
  }
  return made.format(ms);
}
