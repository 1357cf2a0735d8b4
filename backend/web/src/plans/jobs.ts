// Plans in the making: ordered, followed, ended, tried again.

import { computed, signal } from "@preact/signals";
import {
  ApiError,
  cancelJob,
  type Fault,
  fetchJob,
  fetchJobs,
  type Job,
  orderPlan,
  orderReplan,
  type PlanChanges,
  type PlanOrder,
  retryJob,
} from "../api";
import { account, planning } from "../store";
import { loadList, mayPlan, record, showPlan } from "./state";

/** The stream tells of jobs too; asking bridges a line that is down. */
const ASK_MS = 1_000;

/** The job that is followed: ours, or else somebody's that runs. */
export const job = signal<Job | null>(null);
/** Why an order was not taken; null: it was. */
export const refusal = signal<Refusal | null>(null);
export const isOrdering = signal(false);
/** Our order that was taken, until its job is known. */
const ordered = signal<string | null>(null);
export const isUnderWay = computed(() =>
  job.value === null ? ordered.value !== null : !hasEnded(job.value),
);
export const isOurs = computed(() => job.value?.author === `account:${account.value?.username}`);

export interface Refusal {
  code: string;
  detail: string;
  faults: readonly Fault[];
}

let timer: ReturnType<typeof setTimeout> | undefined;
/** Where one was when ordering, and what was brought onto the screen since: who looks at none of
 * these has turned to another plan. */
let expected: ReadonlySet<string> = new Set();

export function hasEnded({ state }: Job): boolean {
  return state === "done" || state === "failed" || state === "cancelled";
}

/** Take up what is under way; after loading the page, that is. The function returned ends it. */
export function followJobs(): () => void {
  void takeUp();
  return () => {
    dismiss();
    refusal.value = null;
  };
}

async function takeUp(): Promise<void> {
  if (!mayPlan.value) return;
  const found = await fetchJobs().catch(() => []);
  if (job.value === null) receiveJob(mostOfInterest(found, account.value?.username ?? ""));
}

/** One's own before others', the newest first; only what still runs. */
export function mostOfInterest(jobs: readonly Job[], username: string): Job | null {
  const running = jobs.filter((one) => isOfPlans(one) && !hasEnded(one));
  return running.find((one) => one.author === `account:${username}`) ?? running[0] ?? null;
}

export function receiveJob(told: Job | null): void {
  if (told === null || !isOfPlans(told) || planning.value === null || !mayPlan.value) return;
  // What others have made is in the list from now on.
  if (hasEnded(told) && told.author !== `account:${account.value?.username}`) void loadList();
  if (ordered.value !== null && ordered.value !== told.job_id) return;
  const known = job.value;
  if (known !== null && known.job_id !== told.job_id) {
    // Another's does not push ours away; nor does one that has ended.
    if (hasEnded(told) || !hasEnded(known) || isOurs.value) return;
  }
  if (known?.job_id !== told.job_id || !isOlder(told, known)) {
    job.value = told;
    ordered.value = null;
    bring(told);
  }
  clearTimeout(timer);
  if (job.value !== null && !hasEnded(job.value)) askLater(told.job_id);
}

export async function make(order: PlanOrder): Promise<void> {
  await begin(() => orderPlan(order));
}

/** Order the plan that is shown anew, with changes; tells whether the order was taken. */
export async function remake(changes: PlanChanges, seconds: number): Promise<boolean> {
  const id = record.value?.plan_id;
  return id !== undefined && (await begin(() => orderReplan(id, changes, seconds)));
}

export async function again(): Promise<void> {
  const failed = job.value;
  if (failed !== null) await begin(() => retryJob(failed.job_id));
}

/** End the search; the best plan so far is kept. */
export async function enough(): Promise<void> {
  const running = job.value;
  if (running === null) return;
  const told = await cancelJob(running.job_id).catch(() => null);
  if (told !== null) receiveJob(told);
}

export function dismiss(): void {
  clearTimeout(timer);
  job.value = ordered.value = null;
}

/** Answers may come in another order than they were made. */
function isOlder(told: Job, known: Job): boolean {
  if (hasEnded(known) || hasEnded(told)) return hasEnded(known);
  // Another worker begins anew what one has lost.
  if (told.attempt !== known.attempt) return told.attempt < known.attempt;
  // It was given back to the queue; nobody has taken it up since.
  if (told.state !== known.state) return known.state === "waiting";
  return told.progress < known.progress;
}

async function begin(order: () => Promise<string>): Promise<boolean> {
  isOrdering.value = true;
  refusal.value = null;
  try {
    const id = await order();
    clearTimeout(timer);
    job.value = null;
    ordered.value = id;
    expected = new Set([planning.value?.id ?? ""]);
    await ask(id);
    return true;
  } catch (error) {
    refusal.value = refusalOf(error);
    return false;
  } finally {
    isOrdering.value = false;
  }
}

export function refusalOf(error: unknown): Refusal {
  if (!(error instanceof ApiError)) return { code: "offline", detail: "", faults: [] };
  const { code, detail, faults } = error;
  return { code, detail, faults };
}

async function ask(id: string): Promise<void> {
  const told = await fetchJob(id).catch(() => null);
  if (told !== null) receiveJob(told);
  // Not there for a moment: the job goes on without us.
  else if ((job.value?.job_id ?? ordered.value) === id) askLater(id);
}

function askLater(id: string): void {
  timer = setTimeout(() => void ask(id), ASK_MS);
}

/** Show the newest plan of our job, unless one has turned to another meanwhile. */
function bring(told: Job): void {
  const made = told.plan_id ?? told.first_plan_id;
  if (made === null || expected.has(made) || !isOurs.value) return;
  const before = expected;
  expected = new Set([...before, made]);
  const looked = planning.value?.id ?? "";
  const isExpected = looked === "" || before.has(looked) || looked === told.first_plan_id;
  // It is on its way before the list of the others is.
  if (isExpected) showPlan(made);
  void loadList();
}

function isOfPlans({ kind }: Job): boolean {
  return kind === "plan" || kind === "replan";
}
