import { expect, it } from "vitest";
import { SHIFT_START } from "../testing/plan";
import { clockOf, momentOf } from "./shifttimes";

const START = Date.parse(SHIFT_START);

it("a time is the first such time of the shift, in Bekasi, also past midnight", () => {
  const iso = (clock: string) => new Date(momentOf(START, clock) ?? 0).toISOString();
  expect(clockOf(START)).toBe("05:00");
  expect(iso("05:00")).toBe("2026-11-22T22:00:00.000Z");
  expect(iso("09:30")).toBe("2026-11-23T02:30:00.000Z");
  expect(iso("04:59")).toBe("2026-11-23T21:59:00.000Z");
});

it("what is no time is none", () => {
  expect(momentOf(START, "")).toBeNull();
  expect(momentOf(START, "9.30")).toBeNull();
});
