// What times and places of the plan that is shown are called on the screen.

import { computed } from "@preact/signals";
import { locale, messages, site } from "../store";
import { clockTime } from "../time";
import { shiftStart } from "./changestate";
import { labels, placeNames } from "./state";
import type { Names, Tongue } from "./words";

/** Of the language that is chosen. */
export const tongue = computed<Tongue>(() => ({ t: messages.value.plans, locale: locale.value }));

/** `05.12`, of a time in the shift. */
export function at(seconds: number): string {
  return clockTime(shiftStart.value + 1000 * seconds, locale.value);
}

/** `05.12`, of a moment as ISO 8601. */
export function clock(moment: string): string {
  return clockTime(Date.parse(moment), locale.value);
}

/** The name of a depot, landfill or transfer station; its code until the ways are there. */
export function placeName(code: string): string {
  const known = site.value?.places.features.find(({ properties }) => properties.code === code);
  return known?.properties.name ?? placeNames.value.get(code) ?? code;
}

export function labelOf(vehicle: string): string {
  return labels.value.get(vehicle) ?? vehicle;
}

/** As remarks and faults name them. */
export const names: Names = { vehicle: labelOf, place: placeName, time: at, clock };
