// When a bin can be emptied, in words. Pure functions.

import type { Messages } from "./messages/id";

type Words = Messages["opening"];

/** From and to, texts of the clock; null: open on that side. */
export interface Span {
  from: string | null;
  to: string | null;
}

/** Times of a shift, seconds from its start. */
interface Window {
  from_s: number;
  to_s: number;
}

/** `mulai 10.00`, `05.00–07.00, 13.00–14.00`; empty: at any time. */
export function spansText(spans: Span[], t: Words): string {
  if (spans.some(({ from, to }) => from === null && to === null)) return "";
  return spans
    .map(({ from, to }) =>
      from === null ? t.until(to ?? "") : to === null ? t.from(from) : `${from}–${to}`,
    )
    .join(", ");
}

/**
 * When a bin can be emptied in a shift; empty: at any time.
 *
 * @param shift from when to when anybody drives
 * @param at the text of a time in the shift
 */
export function shiftOpening(
  windows: Window[],
  shift: Window,
  at: (seconds: number) => string,
  t: Words,
): string {
  if (windows.length === 0) return "";
  const inside = windows.filter((one) => one.to_s >= shift.from_s && one.from_s <= shift.to_s);
  if (inside.length === 0) return t.notThen;
  return spansText(
    inside.map((one) => ({
      from: one.from_s <= shift.from_s ? null : at(one.from_s),
      to: one.to_s >= shift.to_s ? null : at(one.to_s),
    })),
    t,
  );
}

/** What the city states once for all: `Sen–Jum sampai 07.00; Sab–Min sepanjang hari`. */
export function statedOpening(kept: string, separator: "." | ":", t: Words): string {
  const byDays = new Map<string, Span[]>();
  for (const window of kept.split(";")) {
    const parts = window.split(" ");
    const [from, to] = (parts.pop() ?? "").split("-");
    const span = {
      from: from === "00:00" ? null : clock(from, separator),
      to: to === "24:00" ? null : clock(to, separator),
    };
    const days = parts.join(" ");
    byDays.set(days, [...(byDays.get(days) ?? []), span]);
  }
  return [...byDays]
    .map(([days, spans]) => `${daysText(days, t)} ${spansText(spans, t) || t.allDay}`.trim())
    .join("; ");
}

/** Days in a row as `Sen–Jum`. */
function daysText(days: string, t: Words): string {
  const rows: number[][] = [];
  for (const day of days.split(" ").filter(Boolean).map(Number)) {
    const row = rows.at(-1);
    if (row?.at(-1) === day - 1) row?.push(day);
    else rows.push([day]);
  }
  const name = (day: number | undefined) => t.days[(day ?? 1) - 1];
  return rows
    .flatMap((row) =>
      row.length > 2 ? [`${name(row[0])}–${name(row.at(-1))}`] : row.map((day) => name(day)),
    )
    .join(", ");
}

function clock(text: string | undefined, separator: "." | ":"): string {
  return (text ?? "").replace(":", separator);
}
