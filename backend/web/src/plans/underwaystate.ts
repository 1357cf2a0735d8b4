// How far the vehicles are when the next plan takes over in the shift: as the service takes them.

import { computed, effect, signal, untracked } from "@preact/signals";
import { fetchProgress, type Underway, type VehicleAt } from "../api";
import { serverNow } from "../clock";
import { now } from "../store";
import { toldOf } from "./changes";
import { change, changeAll, draft, takeBack } from "./changestate";
import type { Stop } from "./drives";
import { type Refusal, refusalOf } from "./jobs";
import { drives, record } from "./state";
import { asTold, type Routed, reportsOf, routedOf, servedAs, servedBy, takeoverMs } from "./underway";

const MINUTE_MS = 60_000;

interface Known {
  /** By the plan alone. */
  planned: readonly VehicleAt[];
  /** With what people have said. */
  taken: readonly VehicleAt[];
}

/** Null: nothing is to be taken over, or the answer is not there yet. */
const known = signal<Known | null>(null);
/** Why there is no answer, or none with what people have said. */
export const progressRefusal = signal<Refusal | null>(null);
/** The moment that is looked at, to the minute, as now moves on; null: nothing is taken over. */
export const takeoverMinute = computed(() => {
  const at_ms = takeoverMs(draft.value, now.value);
  return at_ms === null ? null : Math.floor(at_ms / MINUTE_MS) * MINUTE_MS;
});
export const vehiclesThen = computed(() => byVehicle(asTold(known.value?.taken ?? [], draft.value)));
/** As `vehiclesThen`, whatever people say. */
export const vehiclesPlanned = computed(() => byVehicle(known.value?.planned));
/** Bins that count as served then; null: that is not known. */
export const servedThen = computed(() => known.value && servedBy(draft.value, known.value.planned));
export const routed = computed(() => routedOf(drives.value, known.value?.planned ?? []));
/** The vehicle whose place the next click on the map tells; null: none. */
export const pointing = signal<string | null>(null);
/** The last click was nowhere near. */
export const pointedTooFar = signal(false);

export function point(vehicle: string | null): void {
  pointing.value = vehicle;
  pointedTooFar.value = false;
}

/** What is said of the vehicles, and nothing else: what the service is asked with. */
const reported = computed(() => {
  const words = draft.value.filter(({ kind }) => kind === "served" || kind === "place" || kind === "load");
  return JSON.stringify(words);
});

/** Ask again when something of it changes. The function returned ends it. */
export function followUnderway(): () => void {
  let turn = 0;
  const stop = effect(() => {
    const id = takeoverMinute.value === null ? undefined : record.value?.plan_id;
    void reported.value;
    turn += 1;
    const ours = turn;
    const receive = (found: Known | null, why: Refusal | null) => {
      if (turn !== ours) return;
      known.value = found;
      progressRefusal.value = why;
      if (found === null) point(null);
    };
    untracked(() => {
      if (id === undefined) receive(null, null);
      else void ask(id, momentThen(), receive);
    });
  });
  return () => {
    stop();
    turn += 1;
    point(null);
    known.value = null;
    progressRefusal.value = null;
  };
}

/** What is sent: of this very moment, if it is to be from now on; null: nothing is taken over. */
export async function underwayBody(): Promise<Underway | null> {
  const id = record.peek()?.plan_id;
  if (takeoverMinute.peek() === null || id === undefined) return null;
  const at = momentThen();
  if (reported.peek() === "[]") return { at, vehicles: [] };
  const planned = await fetchProgress(id, { at, vehicles: [] });
  return { at, vehicles: reportsOf(draft.peek(), planned, routedOf(drives.peek(), planned)) };
}

/** A person says that a stop is done, or that it is not. */
export function tick({ bin }: Stop, vehicle: Routed): void {
  const served = servedThen.value;
  if (served !== null) setServed((one) => served.has(one.bin) !== (one.bin === bin), vehicle);
}

/** A person says which of its bins a vehicle has served. */
export function setServed(wanted: (stop: Stop) => boolean, vehicle: Routed): void {
  if (known.value === null) return;
  const { gone, changes } = servedAs(wanted, vehicle, draft.value, known.value.planned);
  changeAll(gone, changes);
}

/** A person says where a vehicle is; null: where the plan has it. */
export function setPlace(vehicle: string, place: Place | null): void {
  point(null);
  if (place !== null) change({ kind: "place", vehicle, ...place });
  else takeBackOf("place", vehicle);
}

/** A person says what a vehicle carries; null: what the plan has. */
export function setLoad(vehicle: string, load: { load_kg: number; load_l: number } | null): void {
  if (load !== null) change({ kind: "load", vehicle, ...load });
  else takeBackOf("load", vehicle);
}

interface Place {
  lon: number;
  lat: number;
  /** The code of what is there; null: a point of the map. */
  at: string | null;
}

function takeBackOf(kind: "place" | "load", vehicle: string): void {
  const told = toldOf(draft.value, kind, vehicle);
  if (told !== undefined) takeBack(told);
}

async function ask(
  id: string,
  at: string,
  receive: (found: Known | null, why: Refusal | null) => void,
): Promise<void> {
  let planned: VehicleAt[];
  try {
    planned = await fetchProgress(id, { at, vehicles: [] });
  } catch (error) {
    receive(null, refusalOf(error));
    return;
  }
  try {
    const vehicles = reportsOf(draft.peek(), planned, routedOf(drives.peek(), planned));
    const taken = vehicles.length === 0 ? planned : await fetchProgress(id, { at, vehicles });
    receive({ planned, taken }, null);
  } catch (error) {
    // What people said is wrong in part: it is told there, and the rest goes on.
    receive({ planned, taken: planned }, refusalOf(error));
  }
}

function byVehicle(all: readonly VehicleAt[] = []): ReadonlyMap<string, VehicleAt> {
  return new Map(all.map((one) => [one.vehicle, one]));
}

function momentThen(): string {
  return new Date(takeoverMs(draft.peek(), serverNow()) ?? 0).toISOString();
}
