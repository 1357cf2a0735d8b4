import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { runningJob } from "../testing/job";
import { account, lookAtPlans, planning } from "../store";
import { dismiss, job, mostOfInterest, receiveJob } from "./jobs";
import { record } from "./state";

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
  const theirs = runningJob({ job_id: "j2", author: "account:budi" });
  const over = runningJob({ job_id: "j3", state: "done" });
  expect(mostOfInterest([theirs, runningJob(), over], "siti")?.job_id).toBe("j1");
  expect(mostOfInterest([theirs, over], "siti")?.job_id).toBe("j2");
  expect(mostOfInterest([over, runningJob({ kind: "forecast" })], "siti")).toBeNull();
});

it("another's job does not push ours away, and an old answer does not set it back", () => {
  receiveJob(runningJob());
  receiveJob(runningJob({ job_id: "j2", author: "account:budi" }));
  expect(job.value?.job_id).toBe("j1");
  receiveJob(runningJob({ progress: 0.2 }));
  expect(job.value?.progress).toBe(0.5);
  // Its worker was lost, and another has begun anew.
  receiveJob(runningJob({ progress: 0.1, attempt: 2 }));
  receiveJob(runningJob({ progress: 0.6 }));
  expect(job.value?.progress).toBe(0.1);
  receiveJob(runningJob({ state: "done", progress: 1, plan_id: "p3" }));
  receiveJob(runningJob({ progress: 0.9 }));
  expect(job.value?.state).toBe("done");
});

it("the first plan of our job is shown at once, and the better one in its place", async () => {
  receiveJob(runningJob({ first_plan_id: "p1" }));
  await vi.advanceTimersByTimeAsync(0);
  expect(planning.value?.id).toBe("p1");
  receiveJob(runningJob({ state: "done", progress: 1, first_plan_id: "p1", plan_id: "p2" }));
  await vi.advanceTimersByTimeAsync(0);
  expect(planning.value?.id).toBe("p2");
});

it("who has turned to another plan meanwhile is not called back", async () => {
  receiveJob(runningJob({ job_id: "j9", first_plan_id: "p9" }));
  await vi.advanceTimersByTimeAsync(0);
  expect(planning.value?.id).toBe("p9");
  lookAtPlans({ id: "another" });
  receiveJob(runningJob({ job_id: "j9", state: "done", progress: 1, first_plan_id: "p9", plan_id: "p10" }));
  await vi.advanceTimersByTimeAsync(0);
  expect(planning.value?.id).toBe("another");
});

it("another's plan is never brought onto our screen", async () => {
  receiveJob(runningJob({ author: "account:budi", first_plan_id: "p1" }));
  await vi.advanceTimersByTimeAsync(0);
  expect(planning.value?.id).toBe("");
});
