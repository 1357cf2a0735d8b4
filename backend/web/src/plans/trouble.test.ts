// When the service does not answer, or somebody else was quicker.

import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { Job, Outdated, PlanState } from "../api";
import { runningJob } from "../testing/job";
import { line, plan } from "../testing/plan";
import { account, planning } from "../store";
import { dismiss, isUnderWay, job, make, receiveJob, refusal } from "./jobs";
import { decide, decision, decisionChanged, decisionCode, decisionText, followPlans, isAwaited, loadList, planList, record, trouble, tryAgain } from "./state";

const ID = plan().plan_id;
const ORDER = { day: "2026-11-23", policy: "integrated", seconds: 10 } as const;

/** What fails, by the way its path begins or ends. */
let failing: (path: string, method: string) => number | null = () => null;
/** The service's word for it. */
let word = "conflict";
/** What it names as not as it was. */
let changed: Outdated[] = [];
let listed: string[] = [];
let state: PlanState | null = null;
let told: Partial<Job> = {};
let end: () => void = () => undefined;

function answer(path: string, method: string): Response {
  const status = failing(path, method);
  if (status !== null) return Response.json({ error: word, detail: "", changed }, { status });
  if (path.startsWith("/api/jobs/")) return Response.json(runningJob(told));
  if (path === "/api/plans" && method === "POST") return Response.json({ job_id: "j1" });
  if (path.startsWith("/api/plans?")) {
    return Response.json({ plans: listed.map((id) => line(id, { state })) });
  }
  if (path.endsWith(".geojson")) return Response.json({ type: "FeatureCollection", features: [] });
  return Response.json(plan({ state }));
}

const settle = () => vi.advanceTimersByTimeAsync(1);

async function look(id: string): Promise<void> {
  planning.value = { id, day: "2026-11-23", vehicle: "", part: "routes" };
  end = followPlans();
  await settle();
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("location", { pathname: "/" });
  vi.stubGlobal("history", { pushState: () => undefined, replaceState: () => undefined });
  vi.stubGlobal("fetch", async (path: string, init?: RequestInit) =>
    answer(path, init?.method ?? "GET"),
  );
  account.value = { username: "siti", display_name: "Siti", role: "dispatcher" };
  planning.value = null;
  [listed, state, told, failing, word] = [[ID], null, {}, () => null, "conflict"];
  changed = [];
});

afterEach(() => {
  end();
  dismiss();
  planning.value = null;
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

it("a list that comes after all takes back that it did not", async () => {
  listed = [];
  failing = () => 503;
  await look("");
  expect([trouble.value, planList.value]).toEqual(["list", null]);
  failing = () => null;
  await loadList();
  expect([trouble.value, planList.value]).toEqual(["none", []]);
});

it("a plan is shown without the list, and what is missing can be asked for again", async () => {
  failing = (path) => (path.startsWith("/api/plans?") ? 503 : null);
  await look(ID);
  expect([record.value?.plan_id, trouble.value]).toEqual([ID, "list"]);
  failing = () => null;
  await tryAgain();
  expect([planList.value?.length, trouble.value]).toEqual([1, "none"]);
});

it("the main plan of a day is asked for again when it did not come", async () => {
  failing = (path) => (path.startsWith("/api/plans?") ? null : 503);
  await look("");
  expect([record.value, trouble.value]).toEqual([null, "load"]);
  failing = () => null;
  await tryAgain();
  expect([record.value?.plan_id, trouble.value]).toEqual([ID, "none"]);
});

it("another plan that is on its way is awaited until it is there, or does not come", async () => {
  await look(ID);
  expect(isAwaited.value).toBe(false);
  planning.value = { id: "p2", day: "2026-11-23", vehicle: "", part: "routes" };
  expect(isAwaited.value).toBe(true);
  failing = () => 503;
  planning.value = { ...planning.value, id: "p3" };
  await settle();
  expect([isAwaited.value, trouble.value, record.value?.plan_id]).toEqual([false, "load", ID]);
  failing = () => null;
  planning.value = { ...planning.value, id: ID };
  await settle();
  expect([isAwaited.value, trouble.value]).toEqual([false, "none"]);
});

it("of two lists the later one stays, whichever answer comes last", async () => {
  await look(ID);
  const answers: (() => void)[] = [];
  vi.stubGlobal("fetch", async (path: string) => {
    const found = answer(path, "GET");
    await new Promise<void>((resolve) => answers.push(resolve));
    return found;
  });
  listed = [];
  const earlier = loadList();
  listed = [ID];
  const later = loadList();
  answers[1]?.();
  await later;
  answers[0]?.();
  await earlier;
  expect(planList.value?.map(({ plan_id }) => plan_id)).toEqual([ID]);
});

it("who decides on a plan that another has just withdrawn reads that it was refused", async () => {
  await look(ID);
  failing = (_path, method) => {
    if (method !== "POST") return null;
    state = "withdrawn";
    return 409;
  };
  expect(await decide(ID, "publish")).toBe(false);
  expect([decision.value, record.value?.state]).toEqual(["refused", "withdrawn"]);
});

it("who publishes a plan whose shift is over reads that, and what to do", async () => {
  await look(ID);
  failing = (_path, method) => (method === "POST" ? 409 : null);
  word = "shift_over";
  expect(await decide(ID, "publish")).toBe(false);
  expect([decision.value, decisionCode.value]).toEqual(["refused", "shift_over"]);
  expect(decisionText.value).toContain("Giliran kerja rencana ini sudah selesai. Buat rencana");
  word = "conflict";
  await decide(ID, "publish");
  expect(decisionText.value).toContain("keadaan rencana sudah berubah");
  failing = () => 503;
  await decide(ID, "publish");
  expect(decisionText.value).toContain("Gagal");
  failing = () => null;
  await decide(ID, "publish");
  expect(decisionText.value).toBe("");
});

it("who publishes a plan that is outdated reads what changed, until it is published", async () => {
  await look(ID);
  failing = (_path, method) => (method === "POST" ? 409 : null);
  [word, changed] = ["outdated", [{ part: "vehicle", code: "V", trait: "payload", detail: "" }]];
  await decide(ID, "publish");
  expect(decisionText.value).toContain("sudah berubah");
  expect(decisionChanged.value).toEqual(changed);
  failing = () => null;
  await decide(ID, "publish");
  expect([decision.value, decisionChanged.value]).toEqual(["idle", []]);
});

it("a job that is given back to the queue is followed until it ends", async () => {
  await look(ID);
  receiveJob(runningJob());
  told = { state: "waiting", progress: 0, phase: "worker_lost" };
  await vi.advanceTimersByTimeAsync(1_500);
  expect(job.value?.phase).toBe("worker_lost");
  // An answer that was on its way for long.
  receiveJob(runningJob());
  expect(job.value?.state).toBe("waiting");
  told = { state: "failed", progress: 0, attempt: 2 };
  await vi.advanceTimersByTimeAsync(1_500);
  expect(job.value?.state).toBe("failed");
});

it("an order that was taken is followed though its job cannot be asked for at once", async () => {
  await look("");
  failing = (path) => (path.startsWith("/api/jobs/") ? 503 : null);
  await make(ORDER);
  expect([refusal.value, job.value, isUnderWay.value]).toEqual([null, null, true]);
  receiveJob(runningJob({ job_id: "j2", author: "account:budi" }));
  failing = () => null;
  await vi.advanceTimersByTimeAsync(1_500);
  expect([job.value?.job_id, isUnderWay.value]).toEqual(["j1", true]);
});
