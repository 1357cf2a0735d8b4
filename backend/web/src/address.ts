// The state that matters, as it stands in the address bar.

import type { FillClass } from "./api";
import { FILL_CLASSES, type Filter } from "./bins";

export type Language = "id" | "en";
export type Span = "24h" | "7d" | "28d";

export const SPANS: readonly Span[] = ["24h", "7d", "28d"];

/** What the list beside the plan's map shows. */
export type PlanPart = "routes" | "left" | "history";
export const PLAN_PARTS: readonly PlanPart[] = ["routes", "left", "history"];

export interface PlanAddress {
  /** Empty: the one in force, else the newest of the day. */
  id: string;
  /** `2026-11-23`; empty: today. */
  day: string;
  /** Whose route is open; empty: none. */
  vehicle: string;
  part: PlanPart;
}

export interface Address {
  /** Null: not said, the page's own memory decides. */
  language: Language | null;
  /** Code of the open bin. */
  bin: string | null;
  span: Span;
  filter: Filter;
  /** What the QR code of a label opens: the bin to mount a sensor in; empty: one to be chosen. */
  claim: string | null;
  /** Null: the plans are not shown. */
  plan: PlanAddress | null;
}

export function parseAddress(query: string): Address {
  const given = new URLSearchParams(query);
  const language = given.get("lang");
  const span = given.get("span");
  const classes = (given.get("class") ?? "").split(",");
  return {
    language: language === "id" || language === "en" ? language : null,
    bin: given.get("bin") || null,
    span: SPANS.find((known) => known === span) ?? "7d",
    filter: {
      classes: FILL_CLASSES.filter((known: FillClass) => classes.includes(known)),
      area: given.get("area") ?? "",
      search: given.get("q") ?? "",
    },
    claim: given.get("claim"),
    plan: parsePlan(given),
  };
}

/** The query part, `""` when everything is as it is by itself. */
export function formatAddress(address: Address): string {
  const query = new URLSearchParams();
  if (address.language !== null) query.set("lang", address.language);
  if (address.bin !== null) query.set("bin", address.bin);
  if (address.bin !== null && address.span !== "7d") query.set("span", address.span);
  if (address.filter.classes.length > 0) query.set("class", address.filter.classes.join(","));
  if (address.filter.area !== "") query.set("area", address.filter.area);
  if (address.filter.search !== "") query.set("q", address.filter.search);
  if (address.claim !== null) query.set("claim", address.claim);
  if (address.plan !== null) {
    query.set("plan", address.plan.id);
    if (address.plan.day !== "") query.set("day", address.plan.day);
    if (address.plan.vehicle !== "") query.set("vehicle", address.plan.vehicle);
    if (address.plan.part !== "routes") query.set("part", address.plan.part);
  }
  const text = query.toString().replaceAll("%2C", ",");
  return text === "" ? "" : `?${text}`;
}

function parsePlan(given: URLSearchParams): PlanAddress | null {
  const id = given.get("plan");
  if (id === null) return null;
  const day = given.get("day") ?? "";
  return {
    id,
    day: /^\d{4}-\d{2}-\d{2}$/.test(day) && !Number.isNaN(Date.parse(day)) ? day : "",
    vehicle: given.get("vehicle") ?? "",
    part: PLAN_PARTS.find((known) => known === given.get("part")) ?? "routes",
  };
}
