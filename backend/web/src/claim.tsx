// The page on which a technician mounts a sensor, made for a phone at a bin.

import { effect } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { Claim } from "./api";
import {
  asked,
  change,
  draft,
  isBusy,
  isShrinking,
  lastClaims,
  loadLastClaims,
  lookUpBin,
  photo,
  photoFailure,
  save,
  saved,
  saveFailure,
  startOver,
  undo,
  uploadPhoto,
} from "./claims";
import { BinStep, DeviceStep, MeasureStep } from "./claimsteps";
import { distanceM, missing } from "./draft";
import { LanguageSwitch } from "./language";
import { PhotoStep } from "./photostep";
import { PlaceStep } from "./placestep";
import { claiming, endClaim, locale, mayMount, messages } from "./store";
import { dayAndTime } from "./time";
import { TrialStep } from "./trialstep";
import "./claim.css";

export function ClaimPage() {
  const t = messages.value.claim;
  return (
    <div class="claim">
      <header class="claim-head">
        <button type="button" class="back" aria-label={t.toMap} title={t.toMap} onClick={endClaim}>
          ‹
        </button>
        <h1>{t.title}</h1>
        <LanguageSwitch />
      </header>
      {mayMount.value ? <Body /> : <p class="claim-card">{t.notAllowed}</p>}
    </div>
  );
}

function Body() {
  useEffect(() => {
    void loadLastClaims();
    // The address names the bin, also when one goes back to an earlier one.
    return effect(() => {
      const code = claiming.value;
      if (code && code !== draft.peek().bin?.code && saved.peek() === null) void lookUpBin(code);
    });
  }, []);
  if (saved.value !== null) return <Saved claim={saved.value} />;
  return (
    <main class="claim-body">
      <BinStep />
      {draft.value.bin === null ? (
        <LastClaims />
      ) : (
        <>
          <DeviceStep />
          <PlaceStep />
          <MeasureStep />
          <TrialStep />
          <PhotoStep />
          <NoteStep />
          <Cautions />
          <SaveBar />
        </>
      )}
    </main>
  );
}

function NoteStep() {
  const t = messages.value.claim;
  return (
    <section class="claim-card">
      <label class="field">
        <b>{t.note}</b>
        <textarea
          rows={2}
          maxLength={500}
          value={draft.value.note}
          onInput={(event) => change({ note: event.currentTarget.value })}
        />
      </label>
    </section>
  );
}

function Cautions() {
  const t = messages.value.claim;
  if (asked.value.length === 0) return null;
  return (
    <fieldset class="claim-card cautions">
      <legend>{t.look}</legend>
      {asked.value.map((one) => (
        <label key={one}>
          <input
            type="checkbox"
            checked={draft.value.confirmed.includes(one)}
            onChange={(event) => {
              const others = draft.value.confirmed.filter((other) => other !== one);
              change({ confirmed: event.currentTarget.checked ? [...others, one] : others });
            }}
          />
          <span>{cautionText(one)}</span>
        </label>
      ))}
    </fieldset>
  );
}

/** Always in reach of a thumb. */
function SaveBar() {
  const t = messages.value.claim;
  const [first] = missing(draft.value);
  return (
    <div class="claim-save">
      <p class="trouble" role="alert">
        {saveFailure.value === null ? "" : `${failureText(saveFailure.value)} ${t.kept}`}
      </p>
      <button
        type="button"
        class="primary"
        disabled={first !== undefined || isBusy.value || isShrinking.value}
        onClick={() => void save()}
      >
        {isBusy.value ? t.saving : t.save}
      </button>
      {isShrinking.value && <p class="note">{t.shrinkingPhoto}</p>}
      {first !== undefined && <p class="note">{t.missing[first]}</p>}
    </div>
  );
}

function Saved({ claim }: { claim: Claim }) {
  const t = messages.value.claim;
  const isUndone = claim.undone_at !== null;
  return (
    <main class="claim-body">
      <section class="claim-card done" data-undone={isUndone} role="status">
        <h2>{isUndone ? t.undone : t.done}</h2>
        <p>
          <b>{claim.bin_code}</b> · {claim.device_id}
        </p>
        <p class="note">{dayAndTime(Date.parse(claim.made_at), locale.value)}</p>
        {claim.has_photo && <p class="note">{t.photoSaved}</p>}
        {photoFailure.value !== null && !isUndone && (
          <>
            <p class="trouble" role="alert">
              {t.photoNotSaved} {failureText(photoFailure.value)}
            </p>
            {photo.value !== null && (
              <button
                type="button"
                class="secondary"
                disabled={isBusy.value}
                onClick={() => void uploadPhoto()}
              >
                {t.sendPhotoAgain}
              </button>
            )}
          </>
        )}
      </section>
      {!isUndone && <TrialStep />}
      <SaveTrouble />
      <button type="button" class="primary" onClick={startOver}>
        {t.next}
      </button>
      {!isUndone && <UndoButton claim={claim} />}
    </main>
  );
}

function SaveTrouble() {
  return (
    <p class="trouble" role="alert">
      {saveFailure.value === null ? "" : failureText(saveFailure.value)}
    </p>
  );
}

function UndoButton({ claim }: { claim: Claim }) {
  return (
    <button
      type="button"
      class="secondary"
      disabled={isBusy.value}
      onClick={() => void undo(claim)}
    >
      {messages.value.claim.undo}
    </button>
  );
}

function LastClaims() {
  const t = messages.value.claim;
  if (lastClaims.value.length === 0) return null;
  return (
    <section class="claim-card">
      <h2>{t.last}</h2>
      <SaveTrouble />
      <ul class="last-claims">
        {lastClaims.value.map((claim) => (
          <li key={claim.claim_id}>
            <div>
              <b>{claim.bin_code}</b> {claim.device_id}
              <span class="note">{dayAndTime(Date.parse(claim.made_at), locale.value)}</span>
            </div>
            {claim.undone_at === null ? (
              <UndoButton claim={claim} />
            ) : (
              <span class="note">{t.undone}</span>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}

function cautionText(caution: string): string {
  const t = messages.value.claim;
  const { bin, device, place } = draft.value;
  switch (caution) {
    case "far":
      return t.cautions.far(bin && place ? Math.round(distanceM(place, bin)) : 0);
    case "replace":
      return t.cautions.replace(bin?.mounted?.device_id ?? "");
    case "move":
      return t.cautions.move(device?.bin_code ?? "");
    default:
      return t.cautions.noPosition;
  }
}

function failureText(failure: string): string {
  const t = messages.value.claim;
  return t.failures[failure] ?? t.failed;
}
