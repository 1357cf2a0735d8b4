import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { line, plan } from "../testing/plan";
import { account, planning } from "../store";
import { followPlans, loadList, ofDay, planList, record, showDay, showPlan, ways } from "./state";

const OLD = "0b8f4a52-0000-4000-8000-00000000000a";
const NEW = "0b8f4a52-0000-4000-8000-00000000000b";
/** Of the shift that plans for tests have. */
const DAY = "2026-11-23";
const LIST = `/api/plans?day=${DAY}&limit=200`;

/** What is asked of the service, in order, and what it has not answered yet. */
let asked: string[] = [];
let waiting: Map<string, () => void> = new Map();
/** In the list of the service. */
let listed: string[] = [];
let end: () => void = () => undefined;

function answer(path: string): unknown {
  if (path.startsWith("/api/plans?")) return { plans: listed.map((id) => line(id)) };
  if (path.endsWith(".geojson")) return { type: "FeatureCollection", features: [] };
  return plan({ plan_id: path.slice("/api/plans/".length) });
}

async function come(path: string): Promise<void> {
  waiting.get(path)?.();
  waiting.delete(path);
  await vi.advanceTimersByTimeAsync(0);
}

beforeEach(async () => {
  vi.useFakeTimers();
  vi.stubGlobal("location", { pathname: "/" });
  vi.stubGlobal("history", { pushState: () => undefined, replaceState: () => undefined });
  vi.stubGlobal("fetch", async (path: string) => {
    asked.push(path);
    await new Promise<void>((resolve) => waiting.set(path, resolve));
    return Response.json(answer(path));
  });
  asked = [];
  waiting = new Map();
  listed = [OLD];
  account.value = { username: "siti", display_name: "Siti", role: "dispatcher" };
  planning.value = { id: OLD, day: DAY, vehicle: "", part: "routes" };
  end = followPlans();
  for (const path of [...waiting.keys()]) await come(path);
});

afterEach(() => {
  end();
  planning.value = null;
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

it("a plan and its ways are asked for at once, and the plan is shown before the ways are there", async () => {
  asked = [];
  showPlan(NEW);
  expect(asked).toEqual([`/api/plans/${NEW}`, `/api/plans/${NEW}.geojson`]);
  await come(`/api/plans/${NEW}`);
  expect(record.value?.plan_id).toBe(NEW);
  expect(ways.value).toBeNull();
  await come(`/api/plans/${NEW}.geojson`);
  expect(ways.value).not.toBeNull();
});

it("a list that comes before the new plan does not bring the old one back", async () => {
  listed = [NEW];
  showPlan(NEW);
  void loadList();
  await come(LIST);
  await come(`/api/plans/${NEW}`);
  await come(`/api/plans/${NEW}.geojson`);
  expect(record.value?.plan_id).toBe(NEW);
  expect(ways.value).not.toBeNull();
  expect(waiting.size).toBe(0);
});

it("another day has a list of its own, and a late answer about the day before is dropped", async () => {
  void loadList();
  const late = waiting.get(LIST);
  showDay("2026-11-24");
  expect(planList.value).toBeNull();
  late?.();
  await vi.advanceTimersByTimeAsync(0);
  expect(planList.value).toBeNull();
  listed = [];
  await come("/api/plans?day=2026-11-24&limit=200");
  expect(ofDay.value).toEqual([]);
  expect(record.value).toBeNull();
});
