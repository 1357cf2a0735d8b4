// What a dispatcher corrects of a vehicle that is out: bins served, place, load.

import { useComputed, useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useId, useMemo } from "preact/hooks";
import type { VehicleAt } from "../api";
import { bins, locale, messages } from "../store";
import { toldOf } from "./changes";
import { draft, wrongWith } from "./changestate";
import { labelOf, placeName } from "./labels";
import { FaultText } from "./pending";
import { faultsOf } from "./refusals";
import { placeNames, record } from "./state";
import { litresFor, type Routed, wholeNumber } from "./underway";
import {
  point,
  pointing,
  progressRefusal,
  servedThen,
  setLoad,
  setPlace,
  setServed,
  tick,
  vehiclesPlanned,
} from "./underwaystate";
import { type Spot, spotAt, spotsOf } from "./whereabouts";
import { decimal } from "./words";

interface Props {
  routed: Routed;
  /** As the next plan takes it to be. */
  then: VehicleAt;
  /** Where it is by the plan alone, in words. */
  planned: string;
}

export function VehicleReport({ routed, then, planned }: Props) {
  const t = messages.value.plans;
  return (
    <div class="report" role="group" aria-label={t.correct(labelOf(routed.vehicle))}>
      {routed.stops.length > 0 && <ServedReport routed={routed} />}
      <PlaceReport routed={routed} planned={planned} />
      <LoadReport routed={routed} then={then} />
      {routed.stops.length > 0 && <Ticks routed={routed} />}
    </div>
  );
}

function ServedReport({ routed }: { routed: Routed }) {
  const t = messages.value.plans;
  const served = servedThen.value;
  // What was typed stays to be mended while it cannot be.
  const typed = useSignal<string | null>(null);
  if (served === null) return null;
  const { stops } = routed;
  const last = stops.findLast(({ bin }) => served.has(bin))?.position ?? 0;
  return (
    <NumberField
      label={t.servedUpTo(stops.length)}
      error={typed.value === null ? "" : t.servedWrong(stops.length)}
      value={typed.value ?? String(last)}
      onChange={(text) => {
        const upTo = wholeNumber(text);
        const isRight = upTo !== null && upTo <= stops.length;
        typed.value = isRight ? null : text;
        if (isRight) setServed(({ position }) => position <= upTo, routed);
      }}
    />
  );
}

/** For what was passed over: each bin by itself. */
function Ticks({ routed }: { routed: Routed }) {
  const t = messages.value.plans;
  const served = servedThen.value;
  if (served === null) return null;
  return (
    <details class="report-bins">
      <summary>{t.oneByOne}</summary>
      <div>
        {routed.stops.map((stop) => (
          <label key={stop.bin} title={stop.bin}>
            <input
              type="checkbox"
              aria-label={`${stop.position}. ${t.servedBin(stop.bin)}`}
              checked={served.has(stop.bin)}
              onChange={() => tick(stop, routed)}
            />
            <span>{stop.position}</span>
          </label>
        ))}
      </div>
    </details>
  );
}

function PlaceReport({ routed, planned }: Omit<Props, "then">) {
  const t = messages.value.plans;
  const shown = record.value;
  const { vehicle } = routed;
  // Names come once, levels all day: those are no reason to lay out all places anew.
  const hasNames = useComputed(() => bins.value !== null).value;
  const spots = useMemo(
    () => shown && spotsOf(routed, shown, bins.peek() ?? new Map(), placeName),
    [routed, shown, hasNames, placeNames.value],
  );
  if (spots === null) return null;
  const told = toldOf(draft.value, "place", vehicle);
  const spot = told && spotAt(told.at, spots);
  const chosen = told === undefined ? "" : (spot?.codes[0] ?? "map");
  const refused = told && [...faultsOf(told, progressRefusal.value?.faults ?? []), ...wrongWith(told)];
  const isPointing = pointing.value === vehicle;
  return (
    <div class="report-place">
      <Field label={t.placeNow}>
        {(props) => (
          <select
            {...props}
            value={chosen}
            onChange={(event) => {
              const found = spotAt(event.currentTarget.value || null, spots);
              const at = event.currentTarget.value;
              setPlace(vehicle, found === undefined ? null : { lon: found.lon, lat: found.lat, at });
            }}
          >
            <option value="">{t.asPlanned(planned)}</option>
            {chosen === "map" && <option value="map">{t.pointOnMap}</option>}
            <Group name={t.placeSites} spots={spots.sites} />
            <Group name={t.placeRoute} spots={spots.route} />
            <Group name={t.placeOthers} spots={spots.others} />
          </select>
        )}
      </Field>
      <button
        type="button"
        aria-pressed={isPointing}
        onClick={() => point(isPointing ? null : vehicle)}
      >
        {t.pointIt}
      </button>
      {refused?.slice(0, 1).map((fault) => <FaultText key={fault.detail} fault={fault} />)}
    </div>
  );
}

function Group({ name, spots }: { name: string; spots: readonly Spot[] }) {
  if (spots.length === 0) return null;
  return (
    <optgroup label={name}>
      {spots.map((spot) => (
        <option key={spot.codes[0]} value={spot.codes[0]}>
          {spot.name}
        </option>
      ))}
    </optgroup>
  );
}

function LoadReport({ routed, then }: Omit<Props, "planned">) {
  const t = messages.value.plans;
  const { vehicle } = routed;
  const known = record.value?.problem.vehicles.find(({ code }) => code === vehicle);
  const told = toldOf(draft.value, "load", vehicle);
  const number = (value: number) => decimal(value, locale.value, 0);
  // What was typed stays to be mended while it cannot be.
  const typed = useSignal<{ kg: string; litres: string } | null>(null);
  const { kg, litres } = typed.value ?? {
    kg: number((told ?? then).load_kg),
    litres: number((told ?? then).load_l),
  };
  const [load_kg, load_l] = [wholeNumber(kg), wholeNumber(litres)];
  // A truck may well be overloaded; it may be a slip, too.
  const hint = (value: number | null, most: number | undefined, unit: string) =>
    value !== null && most !== undefined && value > most ? t.loadTooMuch(number(most), unit) : "";
  const keep = () => {
    if (typed.value === null || load_kg === null || load_l === null) return;
    typed.value = null;
    setLoad(vehicle, { load_kg, load_l });
  };
  return (
    <div class="report-load">
      <NumberField
        label={t.loadKg}
        error={load_kg === null ? t.loadWrong : ""}
        hint={hint(load_kg, known?.payload_kg, "kg")}
        value={kg}
        onInput={(text) => {
          const now_kg = wholeNumber(text);
          // Crews tell weights; the room goes with it unless somebody says otherwise. As dense as
          // planned: what was told before may have been a slip.
          const load = vehiclesPlanned.value.get(vehicle) ?? then;
          const room = now_kg === null ? litres : number(litresFor(now_kg, load, routed, known));
          typed.value = { kg: text, litres: room };
        }}
        onChange={keep}
      />
      <NumberField
        label={t.loadL}
        error={load_l === null ? t.loadWrong : ""}
        hint={hint(load_l, known?.volume_l, "l")}
        value={litres}
        onInput={(text) => {
          typed.value = { kg, litres: text };
        }}
        onChange={keep}
      />
      {told !== undefined && (
        <button type="button" class="link" onClick={() => setLoad(vehicle, null)}>
          {t.loadAsPlanned}
        </button>
      )}
    </div>
  );
}

interface NumberProps extends Said {
  value: string;
  onInput?: (text: string) => void;
  onChange: (text: string) => void;
}

/** For a whole number as people type it. */
function NumberField({ value, onInput, onChange, ...said }: NumberProps) {
  return (
    <Field {...said}>
      {(props) => (
        <input
          {...props}
          type="text"
          inputMode="numeric"
          value={value}
          onInput={(event) => onInput?.(event.currentTarget.value)}
          onChange={(event) => onChange(event.currentTarget.value)}
        />
      )}
    </Field>
  );
}

interface Said {
  label: string;
  error?: string;
  hint?: string;
}

interface FieldProps extends Said {
  children: (props: Record<string, string | boolean>) => ComponentChildren;
}

/** A field with its name, and what is wrong with it or worth a second look. */
function Field({ label, error = "", hint = "", children }: FieldProps) {
  const id = useId();
  return (
    <p class="report-field">
      <label for={id}>{label}</label>
      {children({ id, "aria-invalid": error !== "", "aria-describedby": `${id}-said` })}
      {error !== "" && (
        <span id={`${id}-said`} class="fault" role="alert">
          {error}
        </span>
      )}
      {error === "" && hint !== "" && (
        <small id={`${id}-said`} role="status">
          {hint}
        </small>
      )}
    </p>
  );
}
