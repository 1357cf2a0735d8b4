// Times of a shift as people type and read them: WIB. Pure functions.

import { clockTime } from "../time";

const DAY_MIN = 24 * 60;

/** `09:30`, as a field for a time wants it. */
export function clockOf(ms: number): string {
  return clockTime(ms, "en-GB");
}

/** The first such time of a shift, milliseconds; null: it is no time. A shift may pass midnight. */
export function momentOf(shiftStart_ms: number, clock: string): number | null {
  const wanted = minutesOf(clock);
  const start = minutesOf(clockOf(shiftStart_ms));
  if (wanted === null || start === null) return null;
  return shiftStart_ms + ((wanted - start + DAY_MIN) % DAY_MIN) * 60_000;
}

function minutesOf(clock: string): number | null {
  const found = /^(\d{2}):(\d{2})$/.exec(clock);
  return found === null ? null : 60 * Number(found[1]) + Number(found[2]);
}
