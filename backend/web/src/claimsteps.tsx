// The steps of a claim: which bin, which sensor, where, how it hangs, a photo.

import { useComputed, useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import {
  binFailure,
  candidates,
  change,
  chooseDevice,
  deviceFailure,
  draft,
  isBusy,
  lookUpBin,
  lookUpDevices,
  measures,
  photo,
  startOver,
} from "./claims";
import { distanceM, type Field, KINDS, type Kind, type Place } from "./draft";
import { shrink } from "./picture";
import { ScanButton } from "./scanner";
import { locale, messages, now } from "./store";
import { ago } from "./time";

export function BinStep() {
  const t = messages.value.claim;
  const { bin } = draft.value;
  return (
    <section class="claim-card" aria-label={t.bin}>
      <h2>{t.bin}</h2>
      {bin === null ? (
        <Finder
          label={t.binCode}
          hint={t.binHint}
          failure={binFailure.value}
          onCode={(text) => void lookUpBin(text)}
        />
      ) : (
        <div class="chosen">
          <div>
            <b class="big">{bin.code}</b>
            <span>
              {bin.site_name}, {bin.area_name}
            </span>
            <span class="note">
              {messages.value.containers[bin.container] ?? bin.container},{" "}
              {messages.value.litres(bin.volume_l.toLocaleString(locale.value))}
            </span>
            <span class="note">
              {bin.mounted === null ? t.binFree : t.binHas(bin.mounted.device_id)}
            </span>
          </div>
          <button type="button" class="secondary" onClick={startOver}>
            {t.other}
          </button>
        </div>
      )}
    </section>
  );
}

export function DeviceStep() {
  const t = messages.value.claim;
  const { device } = draft.value;
  return (
    <section class="claim-card" aria-label={t.device}>
      <h2>{t.device}</h2>
      {device === null ? (
        <>
          <Finder
            label={t.deviceId}
            hint={t.deviceHint}
            failure={deviceFailure.value}
            onCode={(text) => void lookUpDevices(text)}
          />
          {candidates.value !== null && candidates.value.length > 1 && (
            <ul class="candidates">
              {candidates.value.map((one) => (
                <li key={one.device_id}>
                  <button type="button" onClick={() => chooseDevice(one)}>
                    <b>{one.device_id}</b>
                    <span class="note">
                      {one.model} {one.bin_code === null ? t.inStock : t.hangsIn(one.bin_code)}
                    </span>
                  </button>
                </li>
              ))}
            </ul>
          )}
        </>
      ) : (
        <div class="chosen">
          <div>
            <b class="big">{device.device_id}</b>
            <span>{device.model}</span>
            <span class="note">
              {device.bin_code === null ? t.inStock : t.hangsIn(device.bin_code)}
              {device.seen_at !== null &&
                ` · ${ago(Date.parse(device.seen_at), now.value, messages.value)}`}
            </span>
          </div>
          <button type="button" class="secondary" onClick={() => change({ device: null })}>
            {t.other}
          </button>
        </div>
      )}
    </section>
  );
}

function Finder(props: {
  label: string;
  hint: string;
  failure: string | null;
  onCode: (text: string) => void;
}) {
  const t = messages.value.claim;
  const text = useSignal("");
  return (
    <form
      class="find"
      onSubmit={(event) => {
        event.preventDefault();
        if (text.value.trim() !== "") props.onCode(text.value.trim());
      }}
    >
      <label class="field">
        {props.label}
        <input
          value={text.value}
          maxLength={300}
          autocapitalize="characters"
          autocomplete="off"
          spellcheck={false}
          onInput={(event) => {
            text.value = event.currentTarget.value;
          }}
        />
      </label>
      <p class="note">{props.hint}</p>
      <p class="trouble" role="alert">
        {props.failure === null ? "" : (t.failures[props.failure] ?? t.failed)}
      </p>
      <div class="buttons">
        <ScanButton onCode={props.onCode} />
        <button type="submit" class="secondary" disabled={isBusy.value}>
          {t.find}
        </button>
      </div>
    </form>
  );
}

export function PlaceStep() {
  const t = messages.value.claim;
  const trouble = useSignal<"denied" | "unavailable" | null>(null);
  const isLooking = useSignal(false);
  const { bin, place } = draft.value;

  function locate(): void {
    if (navigator.geolocation === undefined) {
      trouble.value = "unavailable";
      return;
    }
    isLooking.value = true;
    trouble.value = null;
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => {
        isLooking.value = false;
        const found: Place = {
          lon: round(coords.longitude),
          lat: round(coords.latitude),
          accuracy_m: Math.round(coords.accuracy),
        };
        change({ place: found });
      },
      (error) => {
        isLooking.value = false;
        trouble.value = error.code === error.PERMISSION_DENIED ? "denied" : "unavailable";
      },
      { enableHighAccuracy: true, timeout: 30_000, maximumAge: 5_000 },
    );
  }

  const distance = place === null || bin === null ? null : Math.round(distanceM(place, bin));
  return (
    <section class="claim-card" aria-label={t.place}>
      <h2>{t.place}</h2>
      {distance !== null && place !== null && (
        <p>
          <b class="big">{t.metres(distance)}</b> {t.fromPlace}
          <span class="note">
            {place.accuracy_m === null ? t.typedPlace : t.accuracy(place.accuracy_m)}
          </span>
        </p>
      )}
      {bin?.invented && <p class="note">{t.placeInvented}</p>}
      <p class="trouble" role="alert">
        {trouble.value === null ? "" : t.placeFailures[trouble.value]}
      </p>
      <button type="button" class="secondary" disabled={isLooking.value} onClick={locate}>
        {isLooking.value ? t.locating : place === null ? t.locate : t.locateAgain}
      </button>
      <details>
        <summary>{t.typePlace}</summary>
        <TypedPlace />
      </details>
    </section>
  );
}

function TypedPlace() {
  const t = messages.value.claim;
  const { place, bin } = draft.value;
  const lat = useSignal("");
  const lon = useSignal("");
  // What the phone found is where a correction begins.
  useEffect(() => {
    lat.value = String(place?.lat ?? bin?.lat ?? "");
    lon.value = String(place?.lon ?? bin?.lon ?? "");
  }, [place, bin]);
  const typed = useComputed(() => {
    const found = { lat: degrees(lat.value, 90), lon: degrees(lon.value, 180) };
    return found.lat === null || found.lon === null ? null : { lat: found.lat, lon: found.lon };
  });
  return (
    <div class="pair">
      <label class="field">
        {t.latitude}
        <input
          inputMode="decimal"
          value={lat.value}
          onInput={(event) => {
            lat.value = event.currentTarget.value;
          }}
        />
      </label>
      <label class="field">
        {t.longitude}
        <input
          inputMode="decimal"
          value={lon.value}
          onInput={(event) => {
            lon.value = event.currentTarget.value;
          }}
        />
      </label>
      <button
        type="button"
        class="secondary"
        disabled={typed.value === null}
        onClick={() => {
          if (typed.value !== null) change({ place: { ...typed.value, accuracy_m: null } });
        }}
      >
        {t.usePlace}
      </button>
    </div>
  );
}

export function MeasureStep() {
  const t = messages.value.claim;
  return (
    <section class="claim-card" aria-label={t.measures}>
      <h2>{t.measures}</h2>
      <div class="pair">
        <Measure field="empty" />
        <Measure field="full" />
      </div>
      <p class="note">{t.measureHint}</p>
      <label class="field">
        {t.kind}
        <select
          value={draft.value.kind ?? ""}
          onChange={(event) => change({ kind: (event.currentTarget.value || null) as Kind | null })}
        >
          <option value="">–</option>
          {KINDS.map((one) => (
            <option key={one} value={one}>
              {t.kinds[one]}
            </option>
          ))}
        </select>
      </label>
      <details>
        <summary>{t.moreMeasures}</summary>
        <div class="pair">
          <Measure field="depth" />
          <Measure field="height" />
          <Measure field="angle" />
        </div>
      </details>
    </section>
  );
}

function Measure({ field }: { field: Field }) {
  const t = messages.value.claim;
  const value = draft.value.measures[field];
  const trouble = measures.value.troubles[field];
  // Nothing typed yet is no mistake.
  const said = trouble === undefined || trouble === "missing" ? "" : t.troubles[trouble];
  return (
    <label class="field">
      {t.fields[field]}
      <span class="with-unit">
        <input
          inputMode="decimal"
          name={field}
          value={value}
          aria-invalid={said !== ""}
          onInput={(event) =>
            change({ measures: { ...draft.value.measures, [field]: event.currentTarget.value } })
          }
        />
        <span>{field === "angle" ? "°" : "cm"}</span>
      </span>
      <span class="trouble">{said}</span>
    </label>
  );
}

export function PhotoStep() {
  const t = messages.value.claim;
  const hasFailed = useSignal(false);
  const shown = useComputed(() => (photo.value === null ? null : URL.createObjectURL(photo.value)));
  useEffect(() => {
    const url = shown.value;
    return () => {
      if (url !== null) URL.revokeObjectURL(url);
    };
  }, [shown.value]);

  async function take(file: File | undefined): Promise<void> {
    if (file === undefined) return;
    hasFailed.value = false;
    try {
      photo.value = await shrink(file);
    } catch {
      hasFailed.value = true;
    }
  }

  return (
    <section class="claim-card" aria-label={t.photo}>
      <h2>{t.photo}</h2>
      {shown.value !== null && <img class="photo" src={shown.value} alt={t.photo} />}
      <label class="secondary file">
        {photo.value === null ? t.takePhoto : t.takePhotoAgain}
        <input
          type="file"
          accept="image/*"
          capture="environment"
          onChange={(event) => void take(event.currentTarget.files?.[0])}
        />
      </label>
      <p class="trouble" role="alert">
        {hasFailed.value ? t.noPicture : ""}
      </p>
    </section>
  );
}

function round(degreesGiven: number): number {
  return Math.round(degreesGiven * 1e6) / 1e6;
}

function degrees(text: string, most: number): number | null {
  const value = Number(text.trim().replace(",", "."));
  return text.trim() === "" || !Number.isFinite(value) || Math.abs(value) > most ? null : value;
}
