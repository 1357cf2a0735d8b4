// What an admin sees of the dead letters, and the calls about them.

import { computed, signal } from "@preact/signals";
import {
  fetchLetter,
  fetchLetterCounts,
  fetchLetters,
  type Letter,
  type LetterChoice,
  type LetterCounts,
  replayLetters,
  settleLetter,
  type WholeLetter,
} from "./api";

const ALL: LetterChoice = { reason: null, device: null };

export const choice = signal<LetterChoice>(ALL);
/** Null until they are known. */
export const counts = signal<LetterCounts | null>(null);
export const letters = signal<Letter[] | null>(null);
export const nextBefore = signal<number | null>(null);
/** The letter that is open, whole. */
export const whole = signal<WholeLetter | null>(null);
/** What a replay of many has done so far; null before the first. */
export const progress = signal<{ stored: number; refused: number } | null>(null);
export const isBusy = signal(false);
export const hasFailed = signal(false);

export const openTotal = computed(() => openOf(counts.value, ALL));
export const openChosen = computed(() => openOf(counts.value, choice.value));

/** Which list is wanted: a slow answer to an earlier wish is dropped. */
let turn = 0;

/** Open letters of a choice, by the counts of reasons and devices. */
export function openOf(found: LetterCounts | null, { reason, device }: LetterChoice): number {
  if (found === null) return 0;
  // The counts by device are cut off after the noisiest: used only where a device is chosen.
  const rows = device === null ? found.by_reason : found.by_device;
  return rows
    .filter((row) => reason === null || row.reason === reason)
    .filter((row) => device === null || row.device === device)
    .reduce((sum, row) => sum + row.open, 0);
}

/** Devices with open letters of this reason, the noisiest first. */
export function devicesOf(found: LetterCounts | null, reason: string | null): string[] {
  const rows = found?.by_device ?? [];
  const devices = rows
    .filter((row) => row.open > 0 && (reason === null || row.reason === reason))
    .flatMap((row) => (row.device === null ? [] : [row.device]));
  return [...new Set(devices)];
}

export async function loadCounts(): Promise<void> {
  counts.value = await fetchLetterCounts().catch(() => counts.value);
}

export async function load(): Promise<void> {
  turn += 1;
  const ours = turn;
  await attempt(async () => {
    const [found, page] = await Promise.all([
      fetchLetterCounts(),
      fetchLetters(choice.value, null),
    ]);
    if (turn !== ours) return;
    counts.value = found;
    letters.value = page.letters;
    nextBefore.value = page.next_before;
  });
}

export async function loadMore(): Promise<void> {
  const ours = turn;
  await attempt(async () => {
    const page = await fetchLetters(choice.value, nextBefore.value);
    if (turn !== ours) return;
    letters.value = [...(letters.value ?? []), ...page.letters];
    nextBefore.value = page.next_before;
  });
}

export async function choose(change: Partial<LetterChoice>): Promise<void> {
  choice.value = { ...choice.value, ...change };
  whole.value = null;
  progress.value = null;
  await load();
}

export async function toggle(number: number): Promise<void> {
  if (whole.value?.dead_letter_id === number) {
    whole.value = null;
    return;
  }
  await attempt(async () => {
    whole.value = await fetchLetter(number);
  });
}

/** Replay or discard one; it stays on the screen with what became of it. */
export async function settle(number: number, how: "replay" | "discard"): Promise<void> {
  await attempt(async () => {
    const settled = await settleLetter(number, how);
    whole.value = settled;
    letters.value = (letters.value ?? []).map((one) =>
      one.dead_letter_id === number ? settled : one,
    );
    await loadCounts();
  });
}

/** Replay all open letters of the choice, part by part. */
export async function replayChosen(): Promise<void> {
  const wanted = choice.value;
  whole.value = null;
  progress.value = { stored: 0, refused: 0 };
  await attempt(async () => {
    let last: number | null = 0;
    // Until the last part, or until the box is closed.
    while (last !== null && progress.value !== null) {
      const done = await replayLetters(wanted, last);
      if (progress.value === null) return;
      const { stored, refused } = progress.value;
      progress.value = { stored: stored + done.stored, refused: refused + done.refused };
      last = done.last;
    }
  });
  const failed = hasFailed.value;
  await load();
  hasFailed.value ||= failed;
}

export function forget(): void {
  turn += 1;
  choice.value = ALL;
  letters.value = null;
  nextBefore.value = null;
  whole.value = null;
  progress.value = null;
  hasFailed.value = false;
}

async function attempt(work: () => Promise<void>): Promise<void> {
  isBusy.value = true;
  hasFailed.value = false;
  try {
    await work();
  } catch {
    hasFailed.value = true;
  } finally {
    isBusy.value = false;
  }
}
