import { expect, it } from "vitest";
import { type Address, formatAddress, parseAddress } from "./address";

const PLAIN: Address = {
  language: null,
  bin: null,
  span: "7d",
  filter: { classes: [], area: "", search: "" },
  claim: null,
  plan: null,
};

it("an empty address is the plain page", () => {
  expect(parseAddress("")).toEqual(PLAIN);
  expect(formatAddress(PLAIN)).toBe("");
});

it("what is written is read back", () => {
  const address: Address = {
    language: "en",
    bin: "BKS-BT-0001",
    span: "28d",
    filter: { classes: ["full", "unknown"], area: "32.75.01.1003", search: "Jl. Juanda & co" },
    claim: "BKS-BT-0002",
    plan: { id: "1754ca21", day: "2026-11-23", vehicle: "BKS-BT-DT01", part: "left" },
  };
  expect(parseAddress(formatAddress(address))).toEqual(address);
});

it("nonsense in the address is left out", () => {
  expect(parseAddress("?lang=fr&span=9y&class=full,brimming&bin=")).toEqual({
    ...PLAIN,
    filter: { ...PLAIN.filter, classes: ["full"] },
  });
});

it("a claim without a bin is one whose bin is to be chosen", () => {
  expect(parseAddress("?claim=").claim).toBe("");
  expect(formatAddress({ ...PLAIN, claim: "" })).toBe("?claim=");
});

it("plans without a name are those of today; a day that is none is left out", () => {
  const today = { id: "", day: "", vehicle: "", part: "routes" } as const;
  expect(parseAddress("?plan=").plan).toEqual(today);
  expect(parseAddress("?plan=&day=2026-13-45&part=nonsense").plan).toEqual(today);
  expect(parseAddress("?plan=&day=kemarin").plan).toEqual(today);
  expect(formatAddress({ ...PLAIN, plan: today })).toBe("?plan=");
});
