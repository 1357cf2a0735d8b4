import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { Letter } from "./api";
import {
  choice,
  choose,
  counts,
  devicesOf,
  forget,
  hasFailed,
  isBusy,
  letters,
  load,
  loadCounts,
  loadMore,
  nextBefore,
  openChosen,
  openTotal,
  progress,
  replayChosen,
  settle,
  toggle,
  whole,
} from "./letters";
import { locale, messages } from "./store";
import { dayAndTime } from "./time";
import "./letterbox.css";

/** The button in the header and what it opens; for admins. */
export function DeadLetters() {
  const t = messages.value.letters;
  const isOpen = useSignal(false);
  useEffect(() => {
    void loadCounts();
    return () => {
      forget();
      counts.value = null;
    };
  }, []);
  return (
    <>
      <button
        type="button"
        class="letterbox-button"
        aria-label={t.button(openTotal.value)}
        title={t.button(openTotal.value)}
        onClick={() => {
          isOpen.value = true;
        }}
      >
        <svg viewBox="0 0 24 24" width="22" height="22" aria-hidden="true">
          <path
            d="M3 6h18v12H3Zm0 0 9 7 9-7"
            fill="none"
            stroke="currentColor"
            stroke-width="1.8"
            stroke-linejoin="round"
          />
        </svg>
        {openTotal.value > 0 && <b>{openTotal.value > 99 ? "99+" : openTotal.value}</b>}
      </button>
      {isOpen.value && (
        <Letterbox
          onClose={() => {
            isOpen.value = false;
            forget();
          }}
        />
      )}
    </>
  );
}

function Letterbox({ onClose }: { onClose: () => void }) {
  const t = messages.value.letters;
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    dialog.current?.showModal();
    void load();
  }, []);
  const removed = counts.value?.removed.reduce((sum, row) => sum + row.n, 0) ?? 0;
  return (
    <dialog class="letterbox" ref={dialog} aria-label={t.title} onClose={onClose}>
      <header>
        <h2>{t.title}</h2>
        <button type="button" onClick={() => dialog.current?.close()}>
          {messages.value.close}
        </button>
      </header>
      <p class="note">
        {t.note} {removed > 0 && t.removed(removed)}
      </p>
      <Choice />
      <p class="letterbox-said" role="status">
        {progress.value !== null && t.progress(progress.value.stored, progress.value.refused)}
      </p>
      <p class="trouble" role="alert">
        {hasFailed.value ? t.failed : ""}
      </p>
      {letters.value === null && !hasFailed.value && <p>{messages.value.loading}</p>}
      {letters.value?.length === 0 && <p>{t.none}</p>}
      <ol>
        {letters.value?.map((letter) => (
          <Row key={letter.dead_letter_id} letter={letter} />
        ))}
      </ol>
      {nextBefore.value !== null && (
        <button type="button" class="more" disabled={isBusy.value} onClick={() => void loadMore()}>
          {messages.value.showMore(50)}
        </button>
      )}
    </dialog>
  );
}

function Choice() {
  const t = messages.value.letters;
  const { reason, device } = choice.value;
  const reasons = counts.value?.by_reason.filter((row) => row.open > 0) ?? [];
  const devices = devicesOf(counts.value, reason);
  return (
    <div class="letterbox-choice">
      <select
        aria-label={t.all}
        value={reason ?? ""}
        disabled={isBusy.value}
        onChange={(event) =>
          void choose({ reason: event.currentTarget.value || null, device: null })
        }
      >
        <option value="">{t.all}</option>
        {reasons.map((row) => (
          <option key={row.reason} value={row.reason}>
            {t.reasons[row.reason] ?? row.reason} ({row.open})
          </option>
        ))}
      </select>
      <select
        aria-label={t.device}
        value={device ?? ""}
        disabled={isBusy.value}
        onChange={(event) => void choose({ device: event.currentTarget.value || null })}
      >
        <option value="">{t.allDevices}</option>
        {devices.map((one) => (
          <option key={one} value={one}>
            {one}
          </option>
        ))}
      </select>
      <button
        type="button"
        class="primary"
        disabled={isBusy.value || openChosen.value === 0}
        onClick={() => void replayChosen()}
      >
        {t.replayAll(openChosen.value)}
      </button>
    </div>
  );
}

function Row({ letter }: { letter: Letter }) {
  const t = messages.value.letters;
  const number = letter.dead_letter_id;
  const open = whole.value?.dead_letter_id === number ? whole.value : null;
  return (
    <li class="letter" data-outcome={letter.outcome ?? "none"}>
      <button
        type="button"
        class="letter-head"
        aria-expanded={open !== null}
        onClick={() => void toggle(number)}
      >
        <b>{t.reasons[letter.reason] ?? letter.reason}</b>
        <span>{letter.device ?? t.foreign}</span>
        <time dateTime={letter.received_at}>
          {dayAndTime(Date.parse(letter.received_at), locale.value)}
        </time>
      </button>
      {letter.outcome !== null && (
        <p class="letter-outcome">
          <b>{t.outcomes[letter.outcome]}</b> {letter.outcome_detail}
        </p>
      )}
      {open !== null && (
        <div class="letter-whole">
          <p>{open.detail}</p>
          <p class="note">{open.topic}</p>
          <pre tabIndex={0}>{open.payload_text}</pre>
          {open.outcome !== "stored" && (
            <p class="letter-act">
              <button
                type="button"
                disabled={isBusy.value}
                onClick={() => void settle(number, "replay")}
              >
                {t.replay}
              </button>
              {open.is_open && (
                <button
                  type="button"
                  disabled={isBusy.value}
                  onClick={() => void settle(number, "discard")}
                >
                  {t.discard}
                </button>
              )}
            </p>
          )}
        </div>
      )}
    </li>
  );
}
