// What the service says, and the few calls the page makes.

import type { Feature, FeatureCollection, MultiPolygon, Point, Polygon } from "geojson";
import { noteServerTime } from "./clock";

export type Role = "admin" | "dispatcher" | "driver" | "evaluator" | "viewer";

export interface Account {
  username: string;
  display_name: string;
  role: Role;
}

export type FillClass = "unknown" | "empty" | "low" | "half" | "high" | "full";

export interface BinProperties {
  code: string;
  site_name: string;
  area_code: string;
  area_name: string;
  container: string;
  volume_l: number;
  /** The newest trusted level; kept when the class is `unknown`. */
  fill_pct: number | null;
  fill_class: FillClass;
  /** When that level was measured. */
  trusted_at: string | null;
  /** From then on the level is too old to be believed. */
  unknown_after: string | null;
  /** The newest sign of life, trusted or not. */
  seen_at: string | null;
  battery_mv: number | null;
  device_id: string | null;
  /** Nobody surveyed this position. */
  invented: boolean;
}

export type BinCollection = FeatureCollection<Point, BinProperties>;

export interface AreaProperties {
  code: string;
  name: string;
  common_name: string;
  population: number | null;
}

export interface PlaceProperties {
  kind: "depot" | "disposal_site";
  code: string;
  name: string;
  invented: boolean;
}

export interface Site {
  city: string;
  district: { code: string; name: string };
  bbox: [west: number, south: number, east: number, north: number];
  timezone: string;
  areas: FeatureCollection<Polygon | MultiPolygon, AreaProperties>;
  places: FeatureCollection<Point, PlaceProperties>;
}

export interface ReadingPoint {
  /** Start of the bucket. */
  t: string;
  mean: number;
  min: number;
  max: number;
  n: number;
}

export interface Readings {
  code: string;
  bucket_s: number;
  points: ReadingPoint[];
}

export type BinFeature = Feature<Point, BinProperties>;

/** The service answered, but not with what was asked for. */
export class ApiError extends Error {
  constructor(readonly status: number) {
    super(`the service answered ${status}`);
  }
}

export async function currentAccount(): Promise<Account | null> {
  const { account } = await call<{ account: Account | null }>("/api/session");
  return account;
}

export async function signIn(username: string, password: string): Promise<Account> {
  const { account } = await call<{ account: Account }>("/api/session", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ username, password }),
  });
  return account;
}

export async function signOut(): Promise<void> {
  await call<undefined>("/api/session", { method: "DELETE" });
}

export function fetchSite(): Promise<Site> {
  return call<Site>("/api/site");
}

export function fetchReadings(code: string, from: Date, signal: AbortSignal): Promise<Readings> {
  const query = new URLSearchParams({ from: from.toISOString() });
  return call<Readings>(`/api/bins/${encodeURIComponent(code)}/readings?${query}`, { signal });
}

async function call<Answer>(path: string, init: RequestInit = {}): Promise<Answer> {
  const response = await fetch(path, init);
  noteServerTime(response.headers.get("Date"), Date.now());
  if (!response.ok) throw new ApiError(response.status);
  return (response.status === 204 ? undefined : await response.json()) as Answer;
}
