import { expect, it } from "vitest";
import { line } from "../testing/plan";
import { actorName, dayOf, daysLater, mainPlan, plansOfDay, replacedBy, shiftDay } from "./days";

it("a shift at five in Bekasi is of that day, though UTC is still on the day before", () => {
  expect(dayOf(Date.parse("2026-11-22T22:00:00Z"))).toBe("2026-11-23");
  expect(dayOf(Date.parse("2026-11-22T16:59:59Z"))).toBe("2026-11-22");
});

it("a day is looked at until its shift ends at 14:00, then the next", () => {
  expect(shiftDay(Date.parse("2026-11-22T06:59:59Z"))).toBe("2026-11-22");
  expect(shiftDay(Date.parse("2026-11-22T07:00:00Z"))).toBe("2026-11-23");
  expect(shiftDay(Date.parse("2026-11-22T17:00:00Z"))).toBe("2026-11-23");
});

it("days follow one another over the end of a month and a year", () => {
  expect(daysLater("2026-12-31", 1)).toBe("2027-01-01");
  expect(daysLater("2028-03-01", -1)).toBe("2028-02-29");
});

it("the plans of a day are its own, the newest first", () => {
  const plans = [
    line("old", { created_at: "2026-11-22T20:00:00Z" }),
    line("new", { created_at: "2026-11-22T21:00:00Z" }),
    line("other day", { shift_start: "2026-11-23T22:00:00Z" }),
  ];
  expect(plansOfDay(plans, "2026-11-23").map((plan) => plan.plan_id)).toEqual(["new", "old"]);
});

it("what is shown by itself is the plan in force, else the newest that was not withdrawn", () => {
  const gone = line("gone", { state: "withdrawn" });
  const draft = line("draft");
  const force = line("force", { state: "published" });
  expect(mainPlan([gone, draft, force])).toBe(force);
  expect(mainPlan([gone, draft])).toBe(draft);
  expect(mainPlan([gone])).toBe(gone);
  expect(mainPlan([])).toBeNull();
});

it("a note says which plan took the place, unless a person wrote it", () => {
  const id = "1754ca21-758a-4e78-b3d2-18fd8136bdab";
  expect(replacedBy(`replaced by ${id}`)).toBe(id);
  expect(replacedBy("replaced by a better one")).toBeNull();
  expect(replacedBy("banjir")).toBeNull();
});

it("accounts are called by their names, other authors as they are", () => {
  expect(actorName("account:siti")).toBe("siti");
  expect(actorName("cli:root")).toBe("cli:root");
});
