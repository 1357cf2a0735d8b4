// Days of shifts and the plans of one. Pure functions.

import type { PlanLine } from "../api";
import { ZONE } from "../time";

const DAY_MS = 86_400_000;

/** `2026-11-23`, as the calendar in Bekasi says. */
export function dayOf(ms: number): string {
  const parts = new Intl.DateTimeFormat("en-CA", { timeZone: ZONE }).formatToParts(ms);
  const part = (type: string) => parts.find((one) => one.type === type)?.value ?? "";
  return `${part("year")}-${part("month")}-${part("day")}`;
}

/** Shifts end at 14:00 (planning/district.py): from then on that of the next day is meant. */
const AFTER_SHIFT_MS = 10 * 3_600_000;

/** The day whose shift is in progress or comes next. */
export function shiftDay(ms: number): string {
  return dayOf(ms + AFTER_SHIFT_MS);
}

/** Noon of a day: its name does not hang on the hour. */
export function noonOf(day: string): number {
  return Date.parse(`${day}T05:00:00Z`);
}

export function daysLater(day: string, days: number): string {
  return dayOf(noonOf(day) + days * DAY_MS);
}

/** The newest first. */
export function plansOfDay(plans: readonly PlanLine[], day: string): PlanLine[] {
  return plans
    .filter((plan) => dayOf(Date.parse(plan.shift_start)) === day)
    .toSorted((a, b) => Date.parse(b.created_at) - Date.parse(a.created_at));
}

/** The plan to show when none was asked for: the one in force, else the newest not withdrawn. */
export function mainPlan(ofDay: readonly PlanLine[]): PlanLine | null {
  return (
    ofDay.find((plan) => plan.state === "published") ??
    ofDay.find((plan) => plan.state !== "withdrawn") ??
    ofDay[0] ??
    null
  );
}

/** The id of the plan that took a withdrawn one's place, if its note says so. */
export function replacedBy(note: string): string | null {
  return /^replaced by ([0-9a-f-]{36})$/.exec(note)?.[1] ?? null;
}

/** Who did it, without the way of signing in: `account:siti` is `siti`. */
export function actorName(actor: string): string {
  return actor.replace(/^account:/, "");
}
