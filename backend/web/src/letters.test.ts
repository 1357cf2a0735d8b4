import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { LetterCounts } from "./api";
import {
  choice,
  counts,
  devicesOf,
  forget,
  hasFailed,
  letters,
  loadMore,
  nextBefore,
  openOf,
  progress,
  replayChosen,
} from "./letters";

const COUNTS: LetterCounts = {
  by_reason: [
    { reason: "not_json", device: null, n: 9, open: 4, last_at: "2026-03-01T12:00:00Z" },
    { reason: "unknown_device", device: null, n: 3, open: 3, last_at: "2026-03-01T12:00:00Z" },
  ],
  by_device: [
    { reason: "not_json", device: "a", n: 5, open: 0, last_at: "2026-03-01T12:00:00Z" },
    { reason: "not_json", device: "b", n: 4, open: 4, last_at: "2026-03-01T12:00:00Z" },
    { reason: "unknown_device", device: "b", n: 2, open: 2, last_at: "2026-03-01T12:00:00Z" },
    { reason: "unknown_device", device: null, n: 1, open: 1, last_at: "2026-03-01T12:00:00Z" },
  ],
  removed: [],
};

const LAST_PAGE = { letters: [], next_before: null };

/** Answer the calls in turn, null: with an error; keep what was asked. */
function answering(...answers: (object | null)[]): { path: string; body: unknown }[] {
  const asked: { path: string; body: unknown }[] = [];
  vi.stubGlobal("fetch", async (path: string, init: RequestInit = {}) => {
    asked.push({ path, body: init.body === undefined ? null : JSON.parse(String(init.body)) });
    const answer = answers.shift();
    return answer === null || answer === undefined ? new Response("", { status: 503 }) : Response.json(answer);
  });
  return asked;
}

beforeEach(() => {
  forget();
  counts.value = null;
});

afterEach(() => vi.unstubAllGlobals());

it("counts the open letters of a reason, of a device, and of all", () => {
  expect(openOf(COUNTS, { reason: null, device: null })).toBe(7);
  expect(openOf(COUNTS, { reason: "not_json", device: null })).toBe(4);
  expect(openOf(COUNTS, { reason: null, device: "b" })).toBe(6);
  expect(openOf(null, { reason: null, device: null })).toBe(0);
});

it("offers each device with open letters once", () => {
  expect(devicesOf(COUNTS, null)).toEqual(["b"]);
  expect(devicesOf(COUNTS, "time_too_old")).toEqual([]);
});

it("replays part by part until none is left, then shows what is open", async () => {
  choice.value = { reason: "not_json", device: null };
  const asked = answering(
    { stored: 200, refused: 0, last: 41 },
    { stored: 1, refused: 2, last: null },
    COUNTS,
    LAST_PAGE,
  );
  await replayChosen();
  expect(progress.value).toEqual({ stored: 201, refused: 2 });
  expect(asked.slice(0, 2).map(({ body }) => body)).toEqual([
    { reason: "not_json", device: null, after: 0 },
    { reason: "not_json", device: null, after: 41 },
  ]);
  expect(letters.value).toEqual([]);
});

it("says that it failed and keeps what was done", async () => {
  answering({ stored: 200, refused: 0, last: 41 }, null, COUNTS, LAST_PAGE);
  await replayChosen();
  expect(progress.value).toEqual({ stored: 200, refused: 0 });
  expect(hasFailed.value).toBe(true);
});

it("drops a page that comes after the box was closed", async () => {
  nextBefore.value = 7;
  answering(LAST_PAGE);
  const loading = loadMore();
  forget();
  await loading;
  expect(letters.value).toBe(null);
});
