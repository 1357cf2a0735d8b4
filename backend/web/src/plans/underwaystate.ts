// How far the vehicles are when the next plan takes over in the shift: as the service takes them.

import { computed, effect, signal, untracked } from "@preact/signals";
import { fetchProgress, type Underway, type VehicleAt } from "../api";
import { serverNow } from "../clock";
import { now } from "../store";
import { changesOfBin, ofKind } from "./changes";
import { change, draft, takeBack } from "./changestate";
import type { Drive, Stop } from "./drives";
import { type Refusal, refusalOf } from "./jobs";
import { drives, record } from "./state";
import { reportsOf, servedIn, type Told, takeoverMs, toldIn } from "./underway";

const MINUTE_MS = 60_000;

interface Known {
  /** By the plan alone. */
  planned: readonly VehicleAt[];
  /** With what people have said. */
  taken: readonly VehicleAt[];
}

/** Null: nothing is to be taken over, or the answer is not there yet. */
const known = signal<Known | null>(null);
/** Why there is no answer. */
export const progressRefusal = signal<Refusal | null>(null);
/** The moment that is looked at, to the minute, as now moves on; null: nothing is taken over. */
export const takeoverMinute = computed(() => {
  const at_ms = takeoverMs(draft.value, now.value);
  return at_ms === null ? null : Math.floor(at_ms / MINUTE_MS) * MINUTE_MS;
});
export const vehiclesThen = computed(
  () => new Map(known.value?.taken.map((one) => [one.vehicle, one] as const) ?? []),
);
/** Bins that count as served then; null: that is not known. */
export const servedThen = computed(() => known.value && servedIn(known.value.taken));
/** Those that do by the plan alone. */
const plannedThen = computed(() => known.value && servedIn(known.value.planned));

/** Ask again when something of it changes. The function returned ends it. */
export function followUnderway(): () => void {
  let turn = 0;
  const stop = effect(() => {
    const id = takeoverMinute.value === null ? undefined : record.value?.plan_id;
    const told = toldIn(draft.value);
    turn += 1;
    const ours = turn;
    const receive = (found: Known | null, why: Refusal | null) => {
      if (turn !== ours) return;
      known.value = found;
      progressRefusal.value = why;
    };
    untracked(() => {
      if (id === undefined) receive(null, null);
      else {
        ask(id, momentThen(), told).then(
          (found) => receive(found, null),
          (error: unknown) => receive(null, refusalOf(error)),
        );
      }
    });
  });
  return () => {
    stop();
    turn += 1;
    known.value = null;
    progressRefusal.value = null;
  };
}

/** What is sent: of this very moment, if it is to be from now on; null: nothing is taken over. */
export async function underwayBody(): Promise<Underway | null> {
  const id = record.peek()?.plan_id;
  if (takeoverMinute.peek() === null || id === undefined) return null;
  const at = momentThen();
  const told = toldIn(draft.peek());
  if (told.size === 0) return { at, vehicles: [] };
  const planned = await fetchProgress(id, { at, vehicles: [] });
  return { at, vehicles: reportsOf(told, planned, drives.peek()) };
}

/** A person says that a stop is done, or that it is not, against what was assumed. */
export function tick({ bin }: Stop, drive: Drive): void {
  const isServed = !servedThen.value?.has(bin);
  const before = ofKind(changesOfBin(draft.value, bin), "served")[0];
  const isAsPlanned = plannedThen.value?.has(bin) === isServed;
  if (before !== undefined && isAsPlanned) takeBack(before);
  else change({ kind: "served", bin, vehicle: drive.vehicle, isServed });
}

async function ask(id: string, at: string, told: Told): Promise<Known> {
  const planned = await fetchProgress(id, { at, vehicles: [] });
  if (told.size === 0) return { planned, taken: planned };
  const vehicles = reportsOf(told, planned, drives.peek());
  return { planned, taken: await fetchProgress(id, { at, vehicles }) };
}

function momentThen(): string {
  return new Date(takeoverMs(draft.peek(), serverNow()) ?? 0).toISOString();
}
