// Steps of a claim: which bin, which sensor, how it hangs.

import { useSignal } from "@preact/signals";
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
  startOver,
} from "./claims";
import { type Field, KINDS, type Kind } from "./draft";
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
