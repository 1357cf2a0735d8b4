// What the service says, and the few calls the page makes. The types come from its own description.

import type { FeatureCollection } from "geojson";
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
export type Target = Schemas["TargetOut"];
export type Candidate = Schemas["CandidateOut"];
export type Trial = Schemas["TrialOut"];
export type Verdict = NonNullable<Trial["verdict"]>;
export type Hanging = Schemas["HangingModel"];
export type Claim = Schemas["ClaimOut"];
export type ClaimIn = Schemas["ClaimIn"];
export type Collections = Schemas["CollectionsOut"];
export type Quality = Schemas["QualityOut"];
export type PlanLine = Schemas["PlanLineOut"];
export type PlanRecord = Schemas["PlanOut"];
export type PlannedBin = Schemas["PlannedBinOut"];
export type PlannedVehicle = Schemas["PlannedVehicleOut"];
export type Difference = Schemas["DifferenceOut"];
export type Route = Schemas["Route"];
export type PlanStep = Schemas["Step"];
export type Served = Schemas["Served"];
export type Left = Schemas["Left"];
export type MustReason = Schemas["MustReason"];
export type InReason = Schemas["InReason"];
export type OutReason = Schemas["OutReason"];
export type Policy = Schemas["Policy"];
export type PlanState = Schemas["EventKind"];
export type PlanOrder = Pick<Schemas["PlanIn"], "day" | "policy" | "seconds">;
export type PlanChanges = Partial<Schemas["Changes"]>;
export type Job = Schemas["JobOut"];
/** A rule that a plan breaks. */
export type Breach = Schemas["Breach"];
export type Violation = Schemas["ViolationOut"];
export type Unit = Schemas["Unit"];
/** Something that is wrong with changes. */
export type Fault = Schemas["Fault"];
export type FaultWord = Schemas["FaultWord"];
export type FaultField = Schemas["FaultField"];
/** What the routes of a plan rest on and is not as it was. */
export type Outdated = Schemas["Outdated"];
/** A remark of the planner. */
export type Note = Schemas["Note"];
export type NoteCode = Schemas["NoteCode"];
export type Hurdle = Schemas["Hurdle"];
export type Underway = Pick<Schemas["UnderwayNow"], "at" | "vehicles">;
export type VehicleAt = Schemas["VehicleAtOut"];

/** How far back the panel tells collections. */
const COLLECTIONS_MS = 28 * 86_400_000;

/** The service answered, but not with what was asked for. */
export class ApiError extends Error {
  /** `code` is the service's word for it, `detail` its sentence; empty when it said none. */
  constructor(
    readonly status: number,
    readonly code = "",
    readonly detail = "",
    readonly faults: readonly Fault[] = [],
    readonly changed: readonly Outdated[] = [],
  ) {
    super(`the service answered ${status} ${code}`);
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

export function fetchCollections(code: string, signal: AbortSignal): Promise<Collections> {
  const from = new Date(Date.now() - COLLECTIONS_MS).toISOString();
  const query = new URLSearchParams({ from });
  return call<Collections>(`/api/bins/${encodeURIComponent(code)}/collections?${query}`, { signal });
}

export function fetchQuality(code: string, signal: AbortSignal): Promise<Quality> {
  return call<Quality>(`/api/bins/${encodeURIComponent(code)}/quality?days=7`, { signal });
}

export function fetchTarget(typed: string): Promise<Target> {
  return call<Target>(`/api/claims/bin?${new URLSearchParams({ typed })}`);
}

export async function fetchCandidates(typed: string): Promise<Candidate[]> {
  const query = new URLSearchParams({ typed });
  return (await call<Schemas["CandidatesOut"]>(`/api/claims/devices?${query}`)).devices;
}

export function fetchTrial(device: string, hanging: Hanging, signal: AbortSignal): Promise<Trial> {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(hanging)) {
    if (value !== null) query.set(name, String(value));
  }
  return call<Trial>(`/api/claims/devices/${encodeURIComponent(device)}/trial?${query}`, { signal });
}

export async function fetchClaims(limit: number): Promise<Claim[]> {
  return (await call<Schemas["ClaimsOut"]>(`/api/claims?limit=${limit}`)).claims;
}

export function saveClaim(claim: ClaimIn): Promise<Claim> {
  return call<Claim>("/api/claims", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(claim),
  });
}

export function undoClaim(claimId: string): Promise<Claim> {
  return call<Claim>(`/api/claims/${claimId}/undo`, { method: "POST" });
}

export function sendPhoto(claimId: string, photo: Blob): Promise<Claim> {
  return call<Claim>(photoUrl(claimId), {
    method: "PUT",
    headers: { "Content-Type": photo.type },
    body: photo,
  });
}

export function photoUrl(claimId: string): string {
  return `/api/claims/${claimId}/photo`;
}

/** Of a day's shift, the newest first. */
export async function fetchPlans(day: string): Promise<PlanLine[]> {
  const query = new URLSearchParams({ day, limit: "200" });
  return (await call<Schemas["PlansOut"]>(`/api/plans?${query}`)).plans;
}

export function fetchPlan(id: string): Promise<PlanRecord> {
  return call<PlanRecord>(planUrl(id));
}

export function fetchPlanWays(id: string): Promise<FeatureCollection> {
  return call<FeatureCollection>(planUrl(id, "geojson"));
}

/** Where the vehicles of a plan are at a moment, with what is reported of them; nothing is kept. */
export async function fetchProgress(id: string, underway: Underway): Promise<VehicleAt[]> {
  return (await post<Schemas["ProgressOut"]>(`${planUrl(id)}/progress`, underway)).vehicles;
}

export function fetchDifference(from: string, to: string): Promise<Difference> {
  return call<Difference>(`${planUrl(from)}/difference?${new URLSearchParams({ to })}`);
}

export async function decidePlan(id: string, how: "accept" | "publish"): Promise<void> {
  await call<unknown>(`${planUrl(id)}/${how}`, { method: "POST" });
}

export async function withdrawPlan(id: string, note: string): Promise<void> {
  await post<unknown>(`${planUrl(id)}/withdraw`, { note });
}

export async function orderPlan(order: PlanOrder): Promise<string> {
  return (await post<Schemas["JobIdOut"]>("/api/plans", order)).job_id;
}

export async function orderReplan(
  id: string,
  changes: PlanChanges,
  seconds: number,
): Promise<string> {
  return (await post<Schemas["JobIdOut"]>(`${planUrl(id)}/replan`, { changes, seconds })).job_id;
}

export async function fetchJobs(): Promise<Job[]> {
  return (await call<Schemas["JobsOut"]>("/api/jobs?limit=20")).jobs;
}

export function fetchJob(id: string): Promise<Job> {
  return call<Job>(`/api/jobs/${id}`);
}

export function cancelJob(id: string): Promise<Job> {
  return call<Job>(`/api/jobs/${id}/cancel`, { method: "POST" });
}

export async function retryJob(id: string): Promise<string> {
  return (await call<Schemas["JobIdOut"]>(`/api/jobs/${id}/retry`, { method: "POST" })).job_id;
}

/** The plan, or a file of it; of a vehicle: what that one does. */
export function planUrl(id: string, form = "", vehicle = ""): string {
  const query = vehicle && `?${new URLSearchParams({ vehicle })}`;
  return `/api/plans/${encodeURIComponent(id)}${form && `.${form}`}${query}`;
}

function post<Answer>(path: string, body: unknown): Promise<Answer> {
  return call<Answer>(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
}

async function call<Answer>(path: string, init: RequestInit = {}): Promise<Answer> {
  const response = await fetch(path, init);
  noteServerTime(response.headers.get("Date"), Date.now());
  if (!response.ok) {
    const said = (await response.json().catch(() => null)) as {
      error?: string;
      detail?: unknown;
      faults?: Fault[];
      changed?: Outdated[];
    } | null;
    const detail = typeof said?.detail === "string" ? said.detail : "";
    throw new ApiError(response.status, said?.error ?? "", detail, said?.faults, said?.changed);
  }
  return (response.status === 204 ? undefined : await response.json()) as Answer;
}
