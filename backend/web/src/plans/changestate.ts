// The changes that are collected for the plan that is shown.

import { computed, effect, signal } from "@preact/signals";
import { type Difference, type Fault, fetchDifference, type Underway } from "../api";
import { add, type Change, drop, exchange, NO_STEPS, present, type Steps, toBody, undo } from "./changes";
import { isOurs, job, refusal, refusalOf, remake } from "./jobs";
import { parseDraft } from "./kept";
import { faultsOf } from "./refusals";
import { mayPlan, record, seesDrafts } from "./state";

/** A change of a few bins is found quickly. */
const SEARCH_S = 15;

const steps = signal<Steps>(NO_STEPS);
export const draft = computed(() => present(steps.value));
export const canUndo = computed(() => steps.value.length > 1);
/** Against the plan that the one shown was changed from; null: there is none, or it did not come. */
export const difference = signal<Difference | "waiting" | null>(null);
/** A plan that is over cannot be changed. */
export const mayChange = computed(() => mayPlan.value && record.value?.state !== "withdrawn");

/** Bins of which people said something that still holds. */
export const said = computed(() => {
  const standing = record.value?.standing;
  return new Set([
    ...[...(standing?.locks ?? []), ...(standing?.hours ?? [])].map(({ bin }) => bin),
    ...(standing?.forbid ?? []),
    ...(standing?.force ?? []),
    ...(standing?.complaints ?? []),
  ]);
});

/** When the shift of the plan that is shown begins, milliseconds. */
export const shiftStart = computed(() =>
  record.value === null ? 0 : Date.parse(record.value.shift_start),
);
/** What the service found wrong with the changes that were sent. */
export const faults = computed<readonly Fault[]>(() => refusal.value?.faults ?? []);

/** The plan whose changes were sent: they are kept until a plan has come of them. */
let sentFrom: string | null = null;

const shownId = computed(() => record.value?.plan_id ?? null);
const parentId = computed(() => record.value?.parent_id ?? null);

/** Keep the draft by plan, so that a reload loses nothing. The function returned ends it. */
export function followChanges(): () => void {
  const stops = [
    effect(() => {
      const kept = shownId.value === null ? null : sessionStorage.getItem(key(shownId.value));
      steps.value = [parseDraft(kept)];
    }),
    effect(() => void compare(parentId.value, shownId.value)),
    effect(forgetWhatCame),
  ];
  return () => {
    for (const stop of stops) stop();
    difference.value = null;
  };
}

export function change(one: Change): void {
  keep(add(steps.value, one));
}

/** Several at once, as one step. */
export function changeAll(gone: ReadonlySet<Change>, changes: readonly Change[]): void {
  if (gone.size + changes.length > 0) keep(exchange(steps.value, gone, changes));
}

export function takeBack(one: Change): void {
  keep(drop(steps.value, one));
}

export function undoLast(): void {
  keep(undo(steps.value));
}

export function dropAll(): void {
  keep([...steps.value, []]);
}

/** What was wrong with a change when it was sent. */
export function wrongWith(one: Change): Fault[] {
  return faultsOf(one, faults.value);
}

/** Have the plan worked out anew with what was collected; `underwayBody` says from when. */
export async function sendChanges(underwayBody: () => Promise<Underway | null>): Promise<void> {
  const id = shownId.value;
  let underway: Underway | null;
  try {
    underway = await underwayBody();
  } catch (error) {
    refusal.value = refusalOf(error);
    return;
  }
  if (!(await remake(toBody(draft.value, underway), SEARCH_S))) return;
  sentFrom = id;
  // It may be there already.
  forgetWhatCame();
}

/** A job may fail over the changes, after they were taken: then they are there to be mended. */
function forgetWhatCame(): void {
  const told = job.value;
  if (sentFrom === null || !isOurs.value || told?.kind !== "replan") return;
  if ((told.plan_id ?? told.first_plan_id) === null) return;
  sessionStorage.removeItem(key(sentFrom));
  if (shownId.peek() === sentFrom) steps.value = NO_STEPS;
  sentFrom = null;
}

function keep(next: Steps): void {
  steps.value = next;
  // What was refused has been changed.
  refusal.value = null;
  if (shownId.value !== null) {
    sessionStorage.setItem(key(shownId.value), JSON.stringify(present(next)));
  }
}

async function compare(from: string | null, to: string | null): Promise<void> {
  const isWanted = from !== null && to !== null && seesDrafts.value;
  difference.value = isWanted ? "waiting" : null;
  if (!isWanted) return;
  const found = await fetchDifference(from, to).catch(() => null);
  if (shownId.value === to) difference.value = found;
}

function key(id: string): string {
  return `angkut.changes.${id}`;
}
