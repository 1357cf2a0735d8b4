import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { Job } from "../api";
import { account, lookAtPlans, planning } from "../store";
import { dismiss, job, mostOfInterest, receiveJob } from "./jobs";
import { record } from "./state";

function some(change: Partial<Job> = {}): Job {
  return {
    job_id: "j1",
    kind: "plan",
    state: "running",
    progress: 0.5,
    phase: "search",
    code: null,
    message: null,
    cancel_asked: false,
    first_plan_id: null,
    plan_id: null,
    result: null,
    author: "account:siti",
    retry_of: null,
    attempt: 1,
    created_at: "2026-11-22T22:00:00Z",
    started_at: null,
    ended_at: null,
    ...change,
  };
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("location", { pathname: "/" });
  vi.stubGlobal("history", { pushState: () => undefined, replaceState: () => undefined });
  vi.stubGlobal("fetch", async () => new Response("", { status: 503 }));
  account.value = { username: "siti", display_name: "Siti", role: "dispatcher" };
  planning.value = { id: "", day: "", vehicle: "", part: "routes" };
  record.value = null;
});

afterEach(() => {
  dismiss();
  planning.value = null;
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

it("one's own job is followed before another's, and only one that runs", () => {
  const theirs = some({ job_id: "j2", author: "account:budi" });
  const over = some({ job_id: "j3", state: "done" });
  expect(mostOfInterest([theirs, some(), over], "siti")?.job_id).toBe("j1");
  expect(mostOfInterest([theirs, over], "siti")?.job_id).toBe("j2");
  expect(mostOfInterest([over, some({ kind: "forecast" })], "siti")).toBeNull();
});

it("another's job does not push ours away, and an old answer does not set it back", () => {
  receiveJob(some());
  receiveJob(some({ job_id: "j2", author: "account:budi" }));
  expect(job.value?.job_id).toBe("j1");
  receiveJob(some({ progress: 0.2 }));
  expect(job.value?.progress).toBe(0.5);
  // Its worker was lost, and another has begun anew.
  receiveJob(some({ progress: 0.1, attempt: 2 }));
  receiveJob(some({ progress: 0.6 }));
  expect(job.value?.progress).toBe(0.1);
  receiveJob(some({ state: "done", progress: 1, plan_id: "p3" }));
  receiveJob(some({ progress: 0.9 }));
  expect(job.value?.state).toBe("done");
});

it("the first plan of our job is shown at once, and the better one in its place", async () => {
  receiveJob(some({ first_plan_id: "p1" }));
  await vi.advanceTimersByTimeAsync(0);
  expect(planning.value?.id).toBe("p1");
  receiveJob(some({ state: "done", progress: 1, first_plan_id: "p1", plan_id: "p2" }));
  await vi.advanceTimersByTimeAsync(0);
  expect(planning.value?.id).toBe("p2");
});

it("who has turned to another plan meanwhile is not called back", async () => {
  receiveJob(some({ job_id: "j9", first_plan_id: "p9" }));
  await vi.advanceTimersByTimeAsync(0);
  expect(planning.value?.id).toBe("p9");
  lookAtPlans({ id: "another" });
  receiveJob(some({ job_id: "j9", state: "done", progress: 1, first_plan_id: "p9", plan_id: "p10" }));
  await vi.advanceTimersByTimeAsync(0);
  expect(planning.value?.id).toBe("another");
});

it("another's plan is never brought onto our screen", async () => {
  receiveJob(some({ author: "account:budi", first_plan_id: "p1" }));
  await vi.advanceTimersByTimeAsync(0);
  expect(planning.value?.id).toBe("");
});
