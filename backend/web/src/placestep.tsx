// The step of a claim that says where one stands.

import { useComputed, useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { change, draft } from "./claims";
import { distanceM, type Place } from "./draft";
import { messages } from "./store";

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

function round(degreesGiven: number): number {
  return Math.round(degreesGiven * 1e6) / 1e6;
}

function degrees(text: string, most: number): number | null {
  const value = Number(text.trim().replace(",", "."));
  return text.trim() === "" || !Number.isFinite(value) || Math.abs(value) > most ? null : value;
}
