// The step of a claim that takes a photo.

import { useComputed, useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { draft, isShrinking, photo } from "./claims";
import { shrink } from "./picture";
import { messages } from "./store";

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
    const { claimId } = draft.value;
    hasFailed.value = false;
    isShrinking.value = true;
    try {
      const small = await shrink(file);
      // Somebody who meanwhile turned to another bin took no photo of that one.
      if (draft.value.claimId === claimId) photo.value = small;
    } catch {
      hasFailed.value = true;
    } finally {
      isShrinking.value = false;
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
          disabled={isShrinking.value}
          onChange={(event) => void take(event.currentTarget.files?.[0])}
        />
      </label>
      <p class="trouble" role="alert">
        {hasFailed.value ? t.noPicture : ""}
      </p>
    </section>
  );
}
