import { expect, it } from "vitest";
import { add, type Change, changeOf, drop, NO_STEPS, parseDraft, present, type Steps, toBody, undo } from "./changes";

const lock = (bin: string, vehicle: string, position: number | null = null): Change => ({
  kind: "lock",
  bin,
  vehicle,
  position,
});
const after = (...changes: Change[]): Steps => changes.reduce(add, NO_STEPS);

it("the last word on a bin counts, and undo brings the one before it back", () => {
  const steps = after(lock("B-1", "V"), { kind: "forbid", bin: "B-2" }, { kind: "forbid", bin: "B-1" });
  expect(present(steps)).toEqual([
    { kind: "forbid", bin: "B-2" },
    { kind: "forbid", bin: "B-1" },
  ]);
  expect(changeOf(present(undo(steps)), "B-1")).toEqual(lock("B-1", "V"));
});

it("undo ends where nothing was changed", () => {
  expect(present(undo(undo(after({ kind: "force", bin: "B-1" }))))).toEqual([]);
});

it("a change that is taken back by itself can be brought back by undo", () => {
  const force: Change = { kind: "force", bin: "B-1" };
  const steps = drop(after(force, lock("B-2", "V")), force);
  expect(present(steps)).toEqual([lock("B-2", "V")]);
  expect(present(undo(steps))).toEqual([force, lock("B-2", "V")]);
});

it("two bins are never sent to the same place of a vehicle", () => {
  expect(present(after(lock("B-1", "V", 3), lock("B-2", "W", 3), lock("B-3", "V", 3)))).toEqual([
    lock("B-1", "V"),
    lock("B-2", "W", 3),
    lock("B-3", "V", 3),
  ]);
});

it("a vehicle that does not drive serves nothing, and one that is given a bin drives", () => {
  const without: Change = { kind: "without", vehicle: "V" };
  const keep: Change = { kind: "keep", vehicle: "V", stops: 4 };
  expect(present(after(lock("B-1", "V"), keep, lock("B-2", "W"), without))).toEqual([lock("B-2", "W"), without]);
  expect(present(after(without, lock("B-1", "V")))).toEqual([lock("B-1", "V")]);
  expect(present(after(keep, { ...keep, stops: 2 }, lock("B-1", "V")))).toEqual([
    { ...keep, stops: 2 },
    lock("B-1", "V"),
  ]);
});

it("what is sent has each change in the service's own list", () => {
  const steps = after(
    lock("B-1", "V", 2),
    lock("B-2", "V"),
    { kind: "forbid", bin: "B-3" },
    { kind: "force", bin: "B-4" },
    { kind: "unlock", bin: "B-5" },
    { kind: "keep", vehicle: "W", stops: 3 },
    { kind: "without", vehicle: "X" },
  );
  expect(toBody(present(steps))).toEqual({
    locks: [
      { bin: "B-1", vehicle: "V", position: 2 },
      { bin: "B-2", vehicle: "V" },
    ],
    forbid: ["B-3"],
    force: ["B-4"],
    unlock: ["B-5"],
    fixed_first: [{ vehicle: "W", stops: 3 }],
    without: ["X"],
  });
});

it("what the browser kept is read back, and nonsense is left out", () => {
  const draft = present(after(lock("B-1", "V"), { kind: "keep", vehicle: "W", stops: 3 }));
  expect(parseDraft(JSON.stringify(draft))).toEqual(draft);
  expect(parseDraft(null)).toEqual([]);
  expect(parseDraft("{")).toEqual([]);
  expect(parseDraft('{"kind":"forbid"}')).toEqual([]);
  expect(parseDraft('[{"kind":"forbid"},{"kind":"explode","bin":"B"},null,{"kind":"force","bin":"B"}]')).toEqual([
    { kind: "force", bin: "B" },
  ]);
});
