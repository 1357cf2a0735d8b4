import { expect, it } from "vitest";
import { plan } from "../testing/plan";
import { bin } from "../testing/sample";
import { drivesOf } from "./drives";
import { isNear, type Spot, spotAt, spotsOf } from "./whereabouts";

const RECORD = plan();
/** B-1 and B-2 stand at one collection point, B-4 and B-5 at another. */
const BINS = new Map(
  [
    ["B-1", "TPS Pasar"],
    ["B-2", "TPS Pasar"],
    ["B-3", "TPS 10"],
    ["B-4", "TPS 9"],
    ["B-5", "TPS 9"],
  ].map(([code = "", site_name = ""]) => [code, bin(code, { site_name })] as const),
);

function spots(number: 0 | 1) {
  const drive = drivesOf(RECORD)[number];
  if (drive === undefined) throw new Error("the plan of the tests has two vehicles");
  return spotsOf(drive, RECORD, BINS, (site) => `name of ${site}`);
}

function told(all: Spot[]) {
  return all.map(({ name, codes }) => [name, codes]);
}

it("bins of one collection point that follow one another are one place of the route", () => {
  expect(told(spots(0).route)).toEqual([["1–2 · TPS Pasar", ["B-1", "B-2"]]]);
  expect(told(spots(1).route)).toEqual([["1 · TPS 10", ["B-3"]]]);
});

it("elsewhere there are the other collection points by name, and bins not known by their code", () => {
  expect(told(spots(0).others)).toEqual([
    ["B-6", ["B-6"]],
    ["TPS 9", ["B-4", "B-5"]],
    ["TPS 10", ["B-3"]],
  ]);
  expect(told(spots(0).sites)).toEqual([
    ["name of TPA", ["TPA"]],
    ["name of TPS", ["TPS"]],
    ["name of POOL", ["POOL"]],
  ]);
});

it("a place is found by any of its codes", () => {
  expect(spotAt("B-2", spots(0))?.name).toBe("1–2 · TPS Pasar");
  expect(spotAt("POOL", spots(0))?.name).toBe("name of POOL");
  expect(spotAt(null, spots(0))).toBeUndefined();
});

it("a click far away from all that the plan knows is a slip", () => {
  expect(isNear(107.05, -6.35, RECORD)).toBe(true);
  expect(isNear(107.05, -5.9, RECORD)).toBe(false);
  expect(isNear(106.8, -6.25, RECORD)).toBe(false);
});
