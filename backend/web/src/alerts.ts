// What the page knows of alerts, and the calls about them.

import { computed, signal } from "@preact/signals";
import { type Alert, type AlertKind, type Alerts, acknowledge, fetchAlerts } from "./api";
import { account } from "./store";

/** Null until they are known. */
export const alerts = signal<Alerts | null>(null);
export const isListOpen = signal(false);

/** Those that nobody takes care of yet: what the bell counts. */
export const waiting = computed(() => waitingOf(alerts.value));

export const mayAcknowledge = computed(
  () => account.value?.role === "admin" || account.value?.role === "dispatcher",
);

/** Which answer is the newest: a slow one must not undo what the stream said meanwhile. */
let turn = 0;

export function receiveAlerts(found: Alerts): void {
  turn += 1;
  alerts.value = found;
}

export async function loadAlerts(): Promise<void> {
  turn += 1;
  const ours = turn;
  // The stream says when it has lost the service; what was known stays on the screen.
  const found = await fetchAlerts().catch(() => null);
  if (found !== null && turn === ours) alerts.value = found;
}

export function forgetAlerts(): void {
  turn += 1;
  alerts.value = null;
  isListOpen.value = false;
}

/** Say that one takes care of it; the stream tells all pages. True when it worked. */
export async function takeCare(alert: Alert): Promise<boolean> {
  try {
    await acknowledge(alert.alert_id);
    return true;
  } catch {
    return false;
  } finally {
    await loadAlerts();
  }
}

export function waitingOf(found: Alerts | null): number {
  if (found === null) return 0;
  const listed = found.alerts.filter((one) => one.acknowledged_at === null).length;
  return listed + found.open_total - found.alerts.length;
}

export function alertsOf(found: Alerts | null, code: string): Alert[] {
  return found?.alerts.filter((one) => one.bin_code === code) ?? [];
}

/** Those that nobody takes care of first; otherwise as the service orders them, by urgency. */
export function inOrder(found: Alerts): Alert[] {
  const isTaken = (one: Alert) => Number(one.acknowledged_at !== null);
  return [...found.alerts].sort((a, b) => isTaken(a) - isTaken(b));
}

/** The value with its unit, empty when it says nothing. */
export function valueText(kind: AlertKind, value: number | null, locale: string): string {
  if (value === null) return "";
  const number = (digits: number, of = value) =>
    of.toLocaleString(locale, { maximumFractionDigits: digits });
  switch (kind) {
    case "overflowing":
    case "nearly_full":
      return `${Math.round(value)}%`;
    case "fire":
      return `${number(0)} °C`;
    case "tilted":
      return `${number(0)}°`;
    case "battery_low":
      return `${number(2, value / 1000)} V`;
    default:
      return "";
  }
}
