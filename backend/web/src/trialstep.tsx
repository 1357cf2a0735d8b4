// What the sensor says while one stands beside it.

import { useEffect } from "preact/hooks";
import { draft, followTrial, isTrialNew, measures, trial } from "./claims";
import { locale, messages, now, percent } from "./store";
import { ago, duration } from "./time";

export function TrialStep() {
  const t = messages.value.claim;
  const { device } = draft.value;
  useEffect(() => followTrial(), []);
  if (device === null) return null;
  const found = trial.value;
  const hasMeasures = measures.value.hanging !== null;
  const heard = found?.received_at == null ? null : Date.parse(found.received_at);
  const verdict = isTrialNew.value ? (found?.verdict ?? null) : null;
  return (
    <section class="claim-card trial" aria-label={t.trial} data-verdict={verdict ?? "waiting"}>
      <h2>{t.trial}</h2>
      {!hasMeasures && <p class="note">{t.measureFirst}</p>}
      {hasMeasures && (
        <p class="trial-said" role="status">
          {verdict === null ? (
            t.waiting(duration(device.interval_s * 1000, messages.value))
          ) : (
            <>
              <b class="big">
                {found?.fill_pct == null ? "?" : percent(found.fill_pct)}
              </b>
              {t.verdicts[verdict]}
            </>
          )}
        </p>
      )}
      {hasMeasures && found !== null && heard !== null && (
        <p class="note">
          {isTrialNew.value ? t.heard : t.heardBefore} {ago(heard, now.value, messages.value)}
          {found.distance_mm !== null && ` · ${centimetres(found.distance_mm)} cm`}
          {found.battery_mv !== null &&
            ` · ${(found.battery_mv / 1000).toLocaleString(locale.value, { maximumFractionDigits: 2 })} V`}
          {found.rssi_dbm !== null && ` · ${found.rssi_dbm} dBm`}
        </p>
      )}
    </section>
  );
}

function centimetres(mm: number): string {
  return (mm / 10).toLocaleString(locale.value, { maximumFractionDigits: 1 });
}
