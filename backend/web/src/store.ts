// The one store: signals that the views read, and the actions that change them.

import { computed, signal } from "@preact/signals";
import { formatAddress, type Language, parseAddress, type PlanAddress, type Span } from "./address";
import { type Account, type BinCollection, type FillClass, fetchSite, type Site } from "./api";
import {
  applyChanges,
  type Bins,
  byUrgency,
  countClasses,
  expire,
  type Filter,
  fromState,
  matching,
  neighboursOf,
} from "./bins";
import { serverNow } from "./clock";
import { en } from "./messages/en";
import { id, type Messages } from "./messages/id";
import type { Locale } from "./time";

/** Undefined: not known yet. Null: nobody is signed in. */
export const account = signal<Account | null | undefined>(undefined);

export const site = signal<Site | null>(null);
export const siteFailed = signal(false);

/** Null until the first state has come. */
export const bins = signal<Bins | null>(null);

export type Connection =
  | { state: "connecting" }
  | { state: "live"; updatedAt: number }
  | { state: "offline"; since: number };
export const connection = signal<Connection>({ state: "connecting" });

/** By the server's clock, milliseconds; moves every few seconds. */
export const now = signal(serverNow());

const LANGUAGE_KEY = "angkut.language";
export const language = signal<Language>("id");
export const messages = computed<Messages>(() => (language.value === "id" ? id : en));
export const locale = computed<Locale>(() => (language.value === "id" ? "id-ID" : "en-GB"));

const NO_FILTER: Filter = { classes: [], area: "", search: "" };
export const filter = signal<Filter>(NO_FILTER);
export const openCode = signal<string | null>(null);
export const span = signal<Span>("7d");
/** The bin a sensor is being mounted in, as the address says; null: the map is shown. */
export const claiming = signal<string | null>(null);
/** What is looked at of the plans; null: the map of the bins is shown. */
export const planning = signal<PlanAddress | null>(null);

/** Whether who is signed in mounts sensors. */
export const mayMount = computed(
  () => account.value?.role === "admin" || account.value?.role === "technician",
);

export const isFiltered = computed(
  () => filter.value.classes.length > 0 || filter.value.area !== "" || filter.value.search !== "",
);
/** What the map and the list show. */
export const shown = computed(() => matching(bins.value ?? new Map(), filter.value));
export const groups = computed(() => byUrgency(shown.value));
/** Counted without the classes chosen, so that each button says what it would bring. */
export const counts = computed(() => {
  const others = matching(bins.value ?? new Map(), { ...filter.value, classes: [] });
  return countClasses(others);
});
export const openBin = computed(() =>
  openCode.value === null ? null : (bins.value?.get(openCode.value) ?? null),
);

export const neighbours = computed(() =>
  openBin.value === null || bins.value === null ? [] : neighboursOf(openBin.value, bins.value),
);

export function percent(level: number): string {
  return `${Math.round(level)}%`;
}

export function receiveState(state: BinCollection): void {
  bins.value = expire(fromState(state), serverNow());
  noteUpdate();
}

export function receiveChanges(changes: BinCollection): void {
  bins.value = expire(applyChanges(bins.value ?? new Map(), changes), serverNow());
  noteUpdate();
}

export function noteOffline(): void {
  if (connection.value.state !== "offline") {
    connection.value = { state: "offline", since: serverNow() };
  }
}

export function tick(): void {
  now.value = serverNow();
  if (bins.value !== null) bins.value = expire(bins.value, now.value);
}

export async function loadSite(): Promise<void> {
  siteFailed.value = false;
  try {
    site.value = await fetchSite();
  } catch {
    siteFailed.value = true;
  }
}

/** Forget everything that only a signed-in person may see. */
export function becomeNobody(): void {
  account.value = null;
  site.value = null;
  bins.value = null;
  connection.value = { state: "connecting" };
}

export function chooseLanguage(chosen: Language): void {
  language.value = chosen;
  localStorage.setItem(LANGUAGE_KEY, chosen);
  writeAddress("replace");
}

export function changeFilter(change: Partial<Filter>): void {
  filter.value = { ...filter.value, ...change };
  writeAddress("replace");
}

export function clearFilter(): void {
  changeFilter(NO_FILTER);
}

export function toggleClass(name: FillClass): void {
  const { classes } = filter.value;
  changeFilter({
    classes: classes.includes(name) ? classes.filter((one) => one !== name) : [...classes, name],
  });
}

/** Opening is a step that the browser's back button takes back. */
export function open(code: string): void {
  if (openCode.value === code) return;
  const step = openCode.value === null ? "push" : "replace";
  openCode.value = code;
  writeAddress(step);
}

export function close(): void {
  openCode.value = null;
  writeAddress("replace");
}

/** Mount a sensor in a bin, or in one to be chosen (empty); the back button leads to the map. */
export function beginClaim(code: string): void {
  const step = claiming.value === null ? "push" : "replace";
  claiming.value = code;
  writeAddress(step);
}

export function endClaim(): void {
  claiming.value = null;
  writeAddress("replace");
}

/** Look at the plans; the back button leads to where one was. */
export function beginPlans(): void {
  if (planning.value !== null) return;
  planning.value = { id: "", day: "", vehicle: "", part: "routes" };
  openCode.value = null;
  writeAddress("push");
}

export function endPlans(): void {
  if (planning.value === null) return;
  planning.value = null;
  openCode.value = null;
  writeAddress("push");
}

/** Another plan is a step that the back button takes back; what is open of it is none. */
export function lookAtPlans(change: Partial<PlanAddress>): void {
  if (planning.value === null) return;
  const before = planning.value;
  planning.value = { ...before, ...change };
  const isOther = before.id !== "" && before.id !== planning.value.id;
  writeAddress(isOther ? "push" : "replace");
}

export function chooseSpan(chosen: Span): void {
  span.value = chosen;
  writeAddress("replace");
}

export function readAddress(): void {
  const address = parseAddress(location.search);
  const remembered = localStorage.getItem(LANGUAGE_KEY) === "en" ? "en" : "id";
  language.value = address.language ?? remembered;
  filter.value = address.filter;
  openCode.value = address.bin;
  span.value = address.span;
  claiming.value = address.claim;
  planning.value = address.plan;
}

function writeAddress(step: "push" | "replace"): void {
  const query = formatAddress({
    language: language.value,
    bin: openCode.value,
    span: span.value,
    filter: filter.value,
    claim: claiming.value,
    plan: planning.value,
  });
  const url = `${location.pathname}${query}`;
  if (step === "push") history.pushState(null, "", url);
  else history.replaceState(null, "", url);
}

function noteUpdate(): void {
  now.value = serverNow();
  connection.value = { state: "live", updatedAt: now.value };
}
