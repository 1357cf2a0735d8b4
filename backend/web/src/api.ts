// What the service says, and the few calls the page makes. The types come from its own description.

import { noteServerTime } from "./clock";
import type { components } from "./schema";

type Schemas = components["schemas"];

export type Role = Schemas["Role"];
export type Account = Schemas["AccountOut"];
export type Site = Schemas["SiteOut"];
export type FillClass = Schemas["FillClass"];
export type BinProperties = Schemas["BinProperties"];
export type BinFeature = Schemas["BinFeature"];
export type BinCollection = Schemas["BinCollection"];
export type Readings = Schemas["ReadingsOut"];
export type Alert = Schemas["AlertOut"];
export type AlertKind = Alert["kind"];
export type Alerts = Schemas["AlertsOut"];
export type Letter = Schemas["LetterOut"];
export type Letters = Schemas["LettersOut"];
export type WholeLetter = Schemas["WholeLetterOut"];
export type LetterCounts = Schemas["CountsOut"];

/** The service answered, but not with what was asked for. */
export class ApiError extends Error {
  constructor(readonly status: number) {
    super(`the service answered ${status}`);
  }
}

export async function currentAccount(): Promise<Account | null> {
  const { account } = await call<Schemas["SessionOut"]>("/api/session");
  return account;
}

export async function signIn(username: string, password: string): Promise<Account> {
  const { account } = await call<Schemas["SignedInOut"]>("/api/session", {
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

export function fetchAlerts(): Promise<Alerts> {
  return call<Alerts>("/api/alerts");
}

export function acknowledge(alertId: number): Promise<Alert> {
  return call<Alert>(`/api/alerts/${alertId}/acknowledge`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({}),
  });
}

export interface LetterChoice {
  reason: string | null;
  device: string | null;
}

export function fetchLetters(choice: LetterChoice, before: number | null): Promise<Letters> {
  const query = new URLSearchParams();
  if (choice.reason !== null) query.set("reason", choice.reason);
  if (choice.device !== null) query.set("device", choice.device);
  if (before !== null) query.set("before", String(before));
  return call<Letters>(`/api/dead-letters?${query}`);
}

export function fetchLetterCounts(): Promise<LetterCounts> {
  return call<LetterCounts>("/api/dead-letters/counts");
}

export function fetchLetter(number: number): Promise<WholeLetter> {
  return call<WholeLetter>(`/api/dead-letters/${number}`);
}

export function settleLetter(number: number, how: "replay" | "discard"): Promise<WholeLetter> {
  return call<WholeLetter>(`/api/dead-letters/${number}/${how}`, { method: "POST" });
}

export function replayLetters(
  choice: LetterChoice,
  after: number,
): Promise<Schemas["ReplayedOut"]> {
  return call<Schemas["ReplayedOut"]>("/api/dead-letters/replay", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ ...choice, after }),
  });
}

async function call<Answer>(path: string, init: RequestInit = {}): Promise<Answer> {
  const response = await fetch(path, init);
  noteServerTime(response.headers.get("Date"), Date.now());
  if (!response.ok) throw new ApiError(response.status);
  return (response.status === 204 ? undefined : await response.json()) as Answer;
}
