// What the plan view knows: signals that its parts read, and the actions that change them.

import { batch, computed, effect, signal, untracked } from "@preact/signals";
import type { FeatureCollection } from "geojson";
import {
  ApiError,
  decidePlan,
  fetchPlan,
  fetchPlans,
  fetchPlanWays,
  type Outdated,
  type PlanLine,
  type PlanRecord,
  withdrawPlan,
} from "../api";
import { serverNow } from "../clock";
import { account, lookAtPlans, messages, openCode, planning } from "../store";
import { dayOf, mainPlan, plansOfDay, shiftDay } from "./days";
import { namesIn } from "./navigation";
import { drivesOf, type LeftFilter, leftInOrder, shortLabels, stopsByBin } from "./drives";

/** Of the day that is looked at; null until it is known. */
export const planList = signal<PlanLine[] | null>(null);
/** The plan that is shown, whole; null: none, or not there yet. */
export const record = signal<PlanRecord | null>(null);
/** The ways of its vehicles; they come after it. */
export const ways = signal<FeatureCollection | null>(null);
/** What is wrong with the plan that is asked for. */
const planTrouble = signal<"none" | "load" | "not_found">("none");
const isListMissing = signal(false);
/** What went wrong with accepting, publishing, withdrawing. */
export const decision = signal<"idle" | "busy" | "failed" | "refused">("idle");
/** The service's word for why it was refused. */
export const decisionCode = signal("");
/** What it names as not as it was. */
export const decisionChanged = signal<readonly Outdated[]>([]);
/** What is said of it on the screen. */
export const decisionText = computed(() => {
  const t = messages.value.plans;
  if (decision.value === "failed") return t.decideFailed;
  if (decision.value !== "refused") return "";
  return t.decisionRefusals[decisionCode.value] ?? t.decideRefused;
});
export const leftFilter = signal<LeftFilter>({ area: "", reason: "" });

export const mayPlan = computed(
  () => account.value?.role === "admin" || account.value?.role === "dispatcher",
);
/** Drafts are for who makes plans, and who judges them. */
export const seesDrafts = computed(() => mayPlan.value || account.value?.role === "evaluator");
export const day = computed(() => planning.value?.day || shiftDay(serverNow()));
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
/** Vehicles that may be planned with. */
export const vehicles = computed(
  () => record.value?.problem.vehicles.map(({ code }) => code) ?? [],
);
/** From when to when anybody drives, seconds into the shift. */
export const driving = computed(() => {
  const shifts = record.value?.problem.vehicles.map(({ shift }) => shift) ?? [];
  return {
    from_s: Math.min(...shifts.map(({ from_s }) => from_s)),
    to_s: Math.max(...shifts.map(({ to_s }) => to_s)),
  };
});
/** Short names of all vehicles by their codes, also of those that were taken out. */
export const labels = computed(() =>
  shortLabels([...vehicles.value, ...(record.value?.standing?.without ?? [])]),
);
export const placeNames = computed(() => namesIn(ways.value));
export const trouble = computed(() =>
  planTrouble.value === "none" && isListMissing.value ? "list" : planTrouble.value,
);
/** The id to show: as the address says, else the main one of the day. */
const wanted = computed(() => planning.value?.id || mainPlan(ofDay.value)?.plan_id || null);

/** Another plan than the one that is shown is on its way. */
export const isAwaited = computed(
  () =>
    wanted.value !== null &&
    planTrouble.value === "none" &&
    record.value?.plan_id !== wanted.value,
);

/** Which plan, which list is waited for: a slow answer to an earlier wish is dropped. */
let turn = 0;
let listTurn = 0;

/** Begin to follow the address. The function returned ends it. */
export function followPlans(): () => void {
  const stops = [
    effect(() => {
      void day.value;
      untracked(() => {
        planList.value = null;
        void loadList();
      });
    }),
    effect(() => {
      const id = wanted.value;
      untracked(() => void load(id));
    }),
  ];
  return () => {
    for (const stop of stops) stop();
    turn += 1;
    listTurn += 1;
    batch(() => {
      planList.value = record.value = ways.value = null;
      planTrouble.value = "none";
      isListMissing.value = false;
      decision.value = "idle";
      leftFilter.value = { area: "", reason: "" };
    });
  };
}

/** Ask for the list anew, and for the plan that is shown when something became of it. */
export async function loadList(): Promise<void> {
  listTurn += 1;
  const ours = listTurn;
  const found = await fetchPlans(day.value).catch(() => null);
  if (listTurn !== ours) return;
  if (found !== null) planList.value = found;
  isListMissing.value = planList.value === null;
  const shown = record.value;
  // Another may be on its way, in the place of this one.
  if (shown === null || shown.plan_id !== wanted.value) return;
  const line = found?.find((plan) => plan.plan_id === shown.plan_id);
  if (line !== undefined && line.state !== shown.state) await load(shown.plan_id);
}

/** Ask again for what did not come. */
export async function tryAgain(): Promise<void> {
  if (isListMissing.value) await loadList();
  if (planTrouble.value === "load") await load(wanted.value);
}

async function load(id: string | null): Promise<void> {
  turn += 1;
  const ours = turn;
  planTrouble.value = "none";
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
      if (!isNew) return;
      ways.value = null;
      decision.value = "idle";
    });
    pin(found);
    if (drawing === null) return;
    const drawn = await drawing;
    if (turn === ours) ways.value = drawn;
  } catch (error) {
    if (turn !== ours) return;
    const isGone = error instanceof ApiError && [404, 422].includes(error.status);
    planTrouble.value = isGone ? "not_found" : "load";
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
  decisionChanged.value = [];
  let outcome: "idle" | "failed" | "refused" = "idle";
  try {
    if (typeof how === "string") await decidePlan(id, how);
    else await withdrawPlan(id, how.withdraw);
  } catch (error) {
    outcome = error instanceof ApiError && error.status === 409 ? "refused" : "failed";
    if (error instanceof ApiError) {
      decisionCode.value = error.code;
      decisionChanged.value = error.changed;
    }
  }
  await loadList();
  // What went wrong with a plan is not said of another.
  decision.value = record.value?.plan_id === id ? outcome : "idle";
  return outcome === "idle";
}

/**
 * What is looked at stays, with its day, when others publish; drivers follow what is in force.
 */
function pin(found: PlanRecord): void {
  const its = dayOf(Date.parse(found.shift_start));
  if (mayPlan.value && planning.value?.id === "") lookAtPlans({ id: found.plan_id });
  if (planning.value?.id === found.plan_id && day.value !== its) lookAtPlans({ day: its });
}
