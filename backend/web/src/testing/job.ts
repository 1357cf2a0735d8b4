// A job for tests: a search that is half done.

import type { Job } from "../api";

export function runningJob(change: Partial<Job> = {}): Job {
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
