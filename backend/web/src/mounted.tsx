// How the sensor of a bin hangs, for those who see to it.

import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { fetchTarget, photoUrl, type Target } from "./api";
import { account, locale, messages } from "./store";
import { dayAndTime } from "./time";

const LOOKERS: readonly string[] = ["admin", "dispatcher", "technician"];

export function Mounted({ code, device }: { code: string; device: string }) {
  const found = useSignal<Target["mounted"]>(null);
  const maySee = LOOKERS.includes(account.value?.role ?? "");
  useEffect(() => {
    let isShown = true;
    found.value = null;
    if (maySee) {
      fetchTarget(code).then(
        (target) => {
          if (isShown) found.value = target.mounted;
        },
        () => undefined, // beside the level this is an extra: left out when it cannot be had
      );
    }
    return () => {
      isShown = false;
    };
  }, [code, device, maySee]);

  const there = found.value;
  if (there === null) return null;
  const t = messages.value.mounted;
  const cm = (mm: number) => (mm / 10).toLocaleString(locale.value, { maximumFractionDigits: 1 });
  const by = there.actor?.replace(/^account:/, "");
  return (
    <section class="past" aria-label={t.title}>
      <h3>{t.title}</h3>
      <p class="note">
        {t.since(dayAndTime(Date.parse(there.since), locale.value))}
        {by !== undefined && `, ${by}`}
      </p>
      <p class="note">
        {t.measures(cm(there.d_empty_mm), cm(there.d_full_mm))}
        {there.kind != null && ` · ${messages.value.claim.kinds[there.kind]}`}
      </p>
      {there.has_photo && there.claim_id !== null && (
        <img class="photo" src={photoUrl(there.claim_id)} alt={t.photo} loading="lazy" />
      )}
    </section>
  );
}
