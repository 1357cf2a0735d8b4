// What the plan view knows: signals that its parts read, and the actions that change them.

import { batch, computed, effect, signal, untracked } from "@preact/signals";
import type { FeatureCollection } from "geojson";
import {
  ApiError,
  decidePlan,
  fetchPlan,
  fetchPlans,
  fetchPlanWays,
  type PlanLine,
  type PlanRecord,
  withdrawPlan,
} from "../api";
import { serverNow } from "../clock";
import { account, lookAtPlans, openCode, planning } from "../store";
import { dayOf, mainPlan, plansOfDay } from "./days";
import { namesIn } from "./navigation";
import { drivesOf, type LeftFilter, leftInOrder, shortLabels, stopsByBin } from "./drives";

/** Null until it is known. */
export const planList = signal<PlanLine[] | null>(null);
/** The plan that is shown, whole; null: none, or not there yet. */
export const record = signal<PlanRecord | null>(null);
/** The ways of its vehicles; they come after it. */
export const ways = signal<FeatureCollection | null>(null);
export const trouble = signal<"none" | "load" | "not_found">("none");
/** What went wrong with accepting, publishing, withdrawing. */
export const decision = signal<"idle" | "busy" | "failed" | "refused">("idle");
export const leftFilter = signal<LeftFilter>({ area: "", reason: "" });

export const mayPlan = computed(
  () => account.value?.role === "admin" || account.value?.role === "dispatcher",
);
/** Drafts are for who makes plans, and who judges them. */
export const seesDrafts = computed(() => mayPlan.value || account.value?.role === "evaluator");
export const day = computed(() => planning.value?.day || dayOf(serverNow()));
export const ofDay = computed(() => plansOfDay(planList.value ?? [], day.value));
export const inForce = computed(
  () => ofDay.value.find((plan) => plan.state === "published") ?? null,
);
export const drives = computed(() => (record.value === null ? [] : drivesOf(record.value)));
export const stops = computed(() => stopsByBin(drives.value));
export const facts = computed(
  () => new Map(record.value?.problem.bins.map((bin) => [bin.code, bin]) ?? []),
);
export const left = computed(() =>
  record.value === null ? [] : leftInOrder(record.value, leftFilter.value),
);
/** Short names of all vehicles by their codes. */
export const labels = computed(() =>
  shortLabels(record.value?.problem.vehicles.map(({ code }) => code) ?? []),
);
export const placeNames = computed(() => namesIn(ways.value));
/** The id to show: as the address says, else the main one of the day. */
const wanted = computed(() => planning.value?.id || mainPlan(ofDay.value)?.plan_id || null);

/** Which plan is waited for: a slow answer to an earlier wish is dropped. */
let turn = 0;

/** Begin to follow the address. The function returned ends it. */
export function followPlans(): () => void {
  void loadList();
  const stop = effect(() => {
    const id = wanted.value;
    untracked(() => void load(id));
  });
  return () => {
    stop();
    turn += 1;
    batch(() => {
      planList.value = record.value = ways.value = null;
      trouble.value = "none";
      decision.value = "idle";
      leftFilter.value = { area: "", reason: "" };
    });
  };
}

/** Ask for the list anew, and for the plan that is shown when something became of it. */
export async function loadList(): Promise<void> {
  try {
    planList.value = await fetchPlans();
  } catch {
    if (planList.value === null) trouble.value = "load";
    return;
  }
  const shown = record.value;
  // Another may be on its way, in the place of this one.
  if (shown === null || shown.plan_id !== wanted.value) return;
  const line = planList.value.find((plan) => plan.plan_id === shown.plan_id);
  if (line?.state !== shown.state) await load(shown.plan_id);
}

export async function load(id: string | null): Promise<void> {
  turn += 1;
  const ours = turn;
  trouble.value = "none";
  if (id === null) {
    record.value = ways.value = null;
    return;
  }
  const isNew = record.value?.plan_id !== id;
  // Both are asked for at once; whether the ways come is judged when the plan is there.
  const whole = fetchPlan(id);
  const drawing = isNew || ways.value === null ? fetchPlanWays(id) : null;
  drawing?.catch(() => undefined);
  try {
    const found = await whole;
    if (turn !== ours) return;
    batch(() => {
      record.value = found;
      if (isNew) ways.value = null;
      decision.value = "idle";
    });
    pin(found);
    if (drawing === null) return;
    const drawn = await drawing;
    if (turn === ours) ways.value = drawn;
  } catch (error) {
    if (turn !== ours) return;
    const isGone = error instanceof ApiError && [404, 422].includes(error.status);
    trouble.value = isGone ? "not_found" : "load";
    if (isGone) record.value = ways.value = null;
  }
}

export function showPlan(id: string): void {
  openCode.value = null;
  lookAtPlans({ id, part: "routes", vehicle: "" });
}

/** Another day: its main plan. */
export function showDay(chosen: string): void {
  openCode.value = null;
  lookAtPlans({ id: "", day: chosen, vehicle: "", part: "routes" });
}

/** Open the route of a vehicle, or close it. */
export function toggleVehicle(vehicle: string): void {
  const isOpen = planning.value?.vehicle === vehicle;
  lookAtPlans({ vehicle: isOpen ? "" : vehicle, part: "routes" });
}

/** Select a bin, from the map or the list: what belongs to it opens. */
export function select(code: string): void {
  const found = stops.value.get(code);
  openCode.value = code;
  lookAtPlans(
    found === undefined ? { part: "left" } : { part: "routes", vehicle: found.drive.vehicle },
  );
}

export function unselect(): void {
  openCode.value = null;
  lookAtPlans({});
}

/** Of the plan that was looked at when it was asked: a better one may come onto the screen. */
export async function decide(
  id: string,
  how: "accept" | "publish" | { withdraw: string },
): Promise<boolean> {
  decision.value = "busy";
  try {
    if (typeof how === "string") await decidePlan(id, how);
    else await withdrawPlan(id, how.withdraw);
    decision.value = "idle";
  } catch (error) {
    decision.value = error instanceof ApiError && error.status === 409 ? "refused" : "failed";
  }
  await loadList();
  return decision.value === "idle";
}

/**
 * What is looked at stays, with its day, when others publish; drivers follow what is in force.
 */
function pin(found: PlanRecord): void {
  const its = dayOf(Date.parse(found.shift_start));
  if (mayPlan.value && planning.value?.id === "") lookAtPlans({ id: found.plan_id });
  if (planning.value?.id === found.plan_id && day.value !== its) lookAtPlans({ day: its });
}
