// A claim as it is filled in: pure functions, nothing is kept here.

import type { Candidate, ClaimIn, Hanging, Target } from "./api";

export type Caution = NonNullable<ClaimIn["confirmed"]>[number];
export type Kind = NonNullable<Hanging["kind"]>;

export const KINDS: readonly Kind[] = ["lid", "rim", "wall", "roof", "pole", "other"];

/** As typed: centimetres, which is what tapes show, and degrees. */
export interface Measures {
  empty: string;
  full: string;
  depth: string;
  height: string;
  angle: string;
}

export interface Place {
  lon: number;
  lat: number;
  /** Null: typed by hand. */
  accuracy_m: number | null;
}

export interface Draft {
  /** The same for every attempt to save: the service makes one claim of them. */
  claimId: string;
  bin: Target | null;
  device: Candidate | null;
  /** By the server's clock, ms: what the sensor said before it was chosen was not measured here. */
  chosenAt: number;
  place: Place | null;
  measures: Measures;
  kind: Kind | null;
  note: string;
  confirmed: readonly Caution[];
}

export type Field = "empty" | "full" | "depth" | "height" | "angle";
export type Trouble = "missing" | "number" | "range" | "order" | "sum";

/** A phone less sure than this says nothing about its place; the service counts alike. */
const MAX_ACCURACY_M = 100;
const METRES_PER_DEGREE = 111_195;
const SUM_SLACK_MM = 100;

export function emptyDraft(claimId: string): Draft {
  return {
    claimId,
    bin: null,
    device: null,
    chosenAt: 0,
    place: null,
    measures: { empty: "", full: "", depth: "", height: "", angle: "" },
    kind: null,
    note: "",
    confirmed: [],
  };
}

/** `120`, `120,5` and `-3.5`; null: no number. A thousands separator is none of ours. */
export function parseNumber(text: string): number | null {
  const trimmed = text.trim();
  if (!/^[+-]?\d{1,5}([.,]\d{1,2})?$/.test(trimmed)) return null;
  return Number(trimmed.replace(",", "."));
}

export interface Measured {
  hanging: Hanging | null;
  troubles: Partial<Record<Field, Trouble>>;
}

/** Turn what was typed into millimetres, or say what is wrong with which field. */
export function measured(measures: Measures, kind: Kind | null): Measured {
  const troubles: Partial<Record<Field, Trouble>> = {};
  const mm = (field: Field, low: number, high: number, isNeeded: boolean): number | null => {
    const text = measures[field];
    if (text.trim() === "") {
      if (isNeeded) troubles[field] = "missing";
      return null;
    }
    const value = parseNumber(text);
    if (value === null) {
      troubles[field] = "number";
      return null;
    }
    const scaled = field === "angle" ? value : Math.round(value * 10);
    if (scaled < low || scaled > high) {
      troubles[field] = "range";
      return null;
    }
    return scaled;
  };
  const empty = mm("empty", 1, 20_000, true);
  const full = mm("full", 0, 20_000, true);
  const depth = mm("depth", 50, 20_000, false);
  const height = mm("height", -5_000, 5_000, false);
  const angle = mm("angle", 0, 60, false);
  if (empty !== null && full !== null && empty <= full) troubles.full = "order";
  if (empty !== null && depth !== null && height !== null) {
    const slack = Math.max(SUM_SLACK_MM, empty / 10);
    if (Math.abs(depth + height - empty) > slack) troubles.depth = "sum";
  }
  if (empty === null || full === null || Object.keys(troubles).length > 0) {
    return { hanging: null, troubles };
  }
  const hanging: Hanging = {
    d_empty_mm: empty,
    d_full_mm: full,
    offset_mm: 0,
    angle_deg: angle ?? 0,
    kind,
    inner_depth_mm: depth,
    sensor_height_mm: height,
  };
  return { hanging, troubles };
}

/** Metres between two places that are near each other. */
export function distanceM(a: { lon: number; lat: number }, b: { lon: number; lat: number }): number {
  const scale = Math.cos(((a.lat + b.lat) / 2) * (Math.PI / 180));
  return METRES_PER_DEGREE * Math.hypot((a.lon - b.lon) * scale, a.lat - b.lat);
}

/** What a person must confirm before this can be saved. */
export function cautions({ bin, device, place }: Draft): Caution[] {
  if (bin === null) return [];
  const found: Caution[] = [];
  if (place === null) found.push("no_position");
  else {
    const unsure = Math.min(place.accuracy_m ?? 0, MAX_ACCURACY_M);
    if (distanceM(place, bin) - unsure > bin.far_m) found.push("far");
  }
  if (device === null) return found;
  if (bin.mounted !== null && bin.mounted.device_id !== device.device_id) found.push("replace");
  if (device.bin_code !== null && device.bin_code !== bin.code) found.push("move");
  return found;
}

export type Step = "bin" | "device" | "measures" | "confirm";

/** What is still missing, in the order of the page; empty: it can be saved. */
export function missing(draft: Draft): Step[] {
  const steps: Step[] = [];
  if (draft.bin === null) steps.push("bin");
  if (draft.device === null) steps.push("device");
  if (measured(draft.measures, draft.kind).hanging === null) steps.push("measures");
  if (cautions(draft).some((one) => !draft.confirmed.includes(one))) steps.push("confirm");
  return steps;
}

/** What is sent; null while something is missing. */
export function claimOf(draft: Draft): ClaimIn | null {
  const { hanging } = measured(draft.measures, draft.kind);
  if (draft.bin === null || draft.device === null || hanging === null) return null;
  const asked = cautions(draft);
  return {
    claim_id: draft.claimId,
    bin_code: draft.bin.code,
    device_id: draft.device.device_id,
    hanging,
    position: draft.place,
    confirmed: draft.confirmed.filter((one) => asked.includes(one)),
    note: draft.note.trim(),
  };
}

/** What was measured last time, to begin with when a sensor is exchanged. */
export function measuresOf(bin: Target): Measures {
  const cm = (mm: number | null | undefined) => (mm == null ? "" : String(mm / 10));
  const there = bin.mounted;
  return {
    empty: cm(there?.d_empty_mm),
    full: cm(there?.d_full_mm),
    depth: cm(there?.inner_depth_mm),
    height: cm(there?.sensor_height_mm),
    angle: there?.angle_deg ? String(there.angle_deg) : "",
  };
}

/** A random id, also where the page has no secure context. */
export function newId(): string {
  if (typeof crypto.randomUUID === "function") return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
