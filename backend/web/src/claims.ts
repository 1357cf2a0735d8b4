// The state of the page on which a sensor is mounted, and what it does.

import { computed, effect, signal } from "@preact/signals";
import {
  ApiError,
  type Candidate,
  type Claim,
  fetchCandidates,
  fetchClaims,
  fetchTarget,
  fetchTrial,
  saveClaim,
  sendPhoto,
  type Trial,
  undoClaim,
} from "./api";
import { serverNow } from "./clock";
import {
  cautions,
  claimOf,
  type Draft,
  emptyDraft,
  measured,
  measuresOf,
  newId,
} from "./draft";
import { beginClaim } from "./store";

const DRAFT_KEY = "angkut.claim";
const TRIAL_MS = 3_000;
const LAST_CLAIMS = 5;

/** A word of the service, or `offline` when it cannot be reached. */
export type Failure = string;

export const draft = signal<Draft>(restored());
export const candidates = signal<Candidate[] | null>(null);
export const photo = signal<Blob | null>(null);
/** A chosen photo is being made small; what is saved before that is done would lack it. */
export const isShrinking = signal(false);
export const saved = signal<Claim | null>(null);
export const isBusy = signal(false);
export const binFailure = signal<Failure | null>(null);
export const deviceFailure = signal<Failure | null>(null);
export const saveFailure = signal<Failure | null>(null);
export const photoFailure = signal<Failure | null>(null);
export const trial = signal<Trial | null>(null);
export const lastClaims = signal<Claim[]>([]);

export const asked = computed(() => cautions(draft.value));
export const measures = computed(() => measured(draft.value.measures, draft.value.kind));
export const isTrialNew = computed(() => {
  const at = trial.value?.received_at;
  return at != null && Date.parse(at) >= draft.value.chosenAt;
});

// A phone that opens its camera may throw the page away: what was filled in outlives that.
effect(() => {
  const text = JSON.stringify(draft.value);
  if (saved.value === null) sessionStorage.setItem(DRAFT_KEY, text);
  else sessionStorage.removeItem(DRAFT_KEY);
});

export function change(part: Partial<Draft>): void {
  draft.value = { ...draft.value, ...part };
}

/** Begin anew, for another bin. */
export function startOver(): void {
  forget();
  beginClaim("");
  void loadLastClaims();
}

function forget(): void {
  draft.value = emptyDraft(newId());
  candidates.value = null;
  photo.value = null;
  saved.value = null;
  trial.value = null;
  for (const failure of [binFailure, deviceFailure, saveFailure, photoFailure]) {
    failure.value = null;
  }
}

export async function lookUpBin(typed: string): Promise<void> {
  await attempt(binFailure, async () => {
    const bin = await fetchTarget(typed);
    const before = draft.value.bin?.code;
    if (before !== bin.code) {
      // What was filled in for another bin is not of this one.
      if (before !== undefined) forget();
      change({ bin, measures: measuresOf(bin), kind: bin.mounted?.kind ?? null });
    } else change({ bin });
    beginClaim(bin.code);
  });
}

export async function lookUpDevices(typed: string): Promise<void> {
  await attempt(deviceFailure, async () => {
    const found = await fetchCandidates(typed);
    candidates.value = found;
    const [first] = found;
    if (first !== undefined && found.length === 1) chooseDevice(first);
    if (first === undefined) deviceFailure.value = "no_device";
  });
}

export function chooseDevice(device: Candidate): void {
  change({ device, chosenAt: serverNow() });
  candidates.value = null;
  trial.value = null;
}

/** Ask for the newest reading again and again; the function returned ends it. */
export function followTrial(): () => void {
  const end = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const ask = async () => {
    const { device } = draft.value;
    const { hanging } = measures.value;
    if (device !== null && hanging !== null) {
      // What was heard stays on the screen while the network is away.
      const found = await fetchTrial(device.device_id, hanging, end.signal).catch(() => null);
      if (end.signal.aborted) return;
      if (found !== null && draft.value.device === device) trial.value = found;
    }
    timer = setTimeout(ask, TRIAL_MS);
  };
  void ask();
  return () => {
    end.abort();
    clearTimeout(timer);
  };
}

export async function save(): Promise<void> {
  const claim = claimOf(draft.value);
  if (claim === null) return;
  await attempt(saveFailure, async () => {
    saved.value = await saveClaim(claim);
  });
  if (saved.value !== null) {
    await uploadPhoto();
    return;
  }
  // The answer to an earlier save was lost: what was corrected since is a claim of its own.
  if (saveFailure.value === "claim_changed") change({ claimId: newId() });
  // Somebody else, or that save, may have changed what is asked about.
  if (["bin_taken", "device_elsewhere", "claim_changed"].includes(saveFailure.value ?? "")) await refresh();
}

/** Send the photo of what was saved; it may be tried again. */
export async function uploadPhoto(): Promise<void> {
  const claim = saved.value;
  const picture = photo.value;
  if (claim === null || picture === null) return;
  await attempt(photoFailure, async () => {
    saved.value = await sendPhoto(claim.claim_id, picture);
  });
}

export async function undo(claim: Claim): Promise<void> {
  await attempt(saveFailure, async () => {
    const undone = await undoClaim(claim.claim_id);
    if (saved.value?.claim_id === undone.claim_id) saved.value = undone;
    lastClaims.value = lastClaims.value.map((one) =>
      one.claim_id === undone.claim_id ? undone : one,
    );
  });
}

export async function loadLastClaims(): Promise<void> {
  lastClaims.value = await fetchClaims(LAST_CLAIMS).catch(() => []);
}

async function refresh(): Promise<void> {
  const { bin, device } = draft.value;
  if (bin === null || device === null) return;
  const [there, found] = await Promise.all([
    fetchTarget(bin.code).catch(() => bin),
    fetchCandidates(device.device_id).catch(() => []),
  ]);
  const same = found.find((one) => one.device_id === device.device_id);
  change({ bin: there, device: same ?? device });
}

async function attempt(failure: { value: Failure | null }, act: () => Promise<void>): Promise<void> {
  if (isBusy.value) return;
  isBusy.value = true;
  failure.value = null;
  try {
    await act();
  } catch (error) {
    failure.value = error instanceof ApiError ? error.code || String(error.status) : "offline";
  } finally {
    isBusy.value = false;
  }
}

function restored(): Draft {
  const fresh = emptyDraft(newId());
  try {
    const kept = JSON.parse(sessionStorage.getItem(DRAFT_KEY) ?? "null") as Draft | null;
    return kept === null ? fresh : { ...fresh, ...kept };
  } catch {
    return fresh;
  }
}
