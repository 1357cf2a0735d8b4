import { expect, it } from "vitest";
import { add, type Change, changesOfBin, drop, exchange, linesOf, NO_STEPS, present, type Steps, toBody, undo } from "./changes";

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
  expect(changesOfBin(present(undo(steps)), "B-1")).toEqual([lock("B-1", "V")]);
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
    { kind: "again", vehicle: "Y" },
    { kind: "complaint", bin: "B-6" },
    { kind: "hours", bin: "B-6", after: "2026-11-23T03:00:00Z", before: null },
    { kind: "queue", site: "TPA", minutes: 45 },
  );
  const underway = { at: "2026-11-23T02:30:00Z", vehicles: [] };
  expect(toBody(present(steps), underway)).toEqual({
    locks: [
      { bin: "B-1", vehicle: "V", position: 2 },
      { bin: "B-2", vehicle: "V" },
    ],
    forbid: ["B-3"],
    force: ["B-4"],
    complaints: ["B-6"],
    hours: [{ bin: "B-6", after: "2026-11-23T03:00:00Z", before: null }],
    unlock: ["B-5"],
    fixed_first: [{ vehicle: "W", stops: 3 }],
    without: ["X"],
    again: ["Y"],
    queues: [{ disposal_site: "TPA", extra_min: 45 }],
    underway,
  });
});

it("hours, a complaint and a lock of a bin stand side by side; keeping it out answers them all", () => {
  const words: Change[] = [
    lock("B-1", "V"),
    { kind: "complaint", bin: "B-1" },
    { kind: "hours", bin: "B-1", after: null, before: "2026-11-23T03:00:00Z" },
  ];
  expect(present(after(...words))).toEqual(words);
  const forbid: Change = { kind: "forbid", bin: "B-1" };
  expect(present(after(...words, forbid))).toEqual([forbid]);
  const force: Change = { kind: "force", bin: "B-1" };
  expect(present(after(...words, force))).toEqual([words[2], force]);
});

it("a vehicle that has broken down has served what it has, and drives when that is said last", () => {
  const served: Change = { kind: "served", bin: "B-1", vehicle: "V", isServed: true };
  const without: Change = { kind: "without", vehicle: "V" };
  const again: Change = { kind: "again", vehicle: "V" };
  expect(present(after(served, without))).toEqual([served, without]);
  expect(present(after(without, again))).toEqual([again]);
});

it("what is served is not asked for, and what is not served may be", () => {
  const served: Change = { kind: "served", bin: "B-1", vehicle: "V", isServed: true };
  const notYet: Change = { ...served, isServed: false };
  expect(present(after(lock("B-1", "W"), served))).toEqual([served]);
  expect(present(after(notYet, lock("B-1", "W")))).toEqual([notYet, lock("B-1", "W")]);
});

it("without a replanning in the shift nothing is said of what was served", () => {
  const underway: Change = { kind: "underway", at: null };
  const later: Change = { kind: "underway", at: "2026-11-23T02:30:00Z" };
  const served: Change = { kind: "served", bin: "B-1", vehicle: "V", isServed: true };
  const steps = after(underway, served, later);
  expect(present(steps)).toEqual([served, later]);
  expect(present(drop(steps, later))).toEqual([]);
  expect(present(undo(drop(steps, later)))).toEqual([served, later]);
});

it("of the queue at a place the last word counts, and other places keep theirs", () => {
  const queue = (site: string, minutes: number): Change => ({ kind: "queue", site, minutes });
  expect(present(after(queue("TPA", 45), queue("TPS", 10), queue("TPA", 0)))).toEqual([
    queue("TPS", 10),
    queue("TPA", 0),
  ]);
});

it("bins of a vehicle that are told together are one line, taken back in one step", () => {
  const served = (bin: string, vehicle: string, isServed: boolean): Change => ({
    kind: "served",
    bin,
    vehicle,
    isServed,
  });
  const draft = [served("B-1", "V", true), lock("B-9", "V"), served("B-2", "V", true), served("B-3", "V", false)];
  const steps = after(...draft);
  const [first, ...others] = linesOf(present(steps));
  expect(first).toEqual([draft[0], draft[2]]);
  expect(others).toEqual([[draft[1]], [draft[3]]]);
  expect(present(exchange(steps, new Set(first), []))).toEqual([draft[1], draft[3]]);
});
