// Accept, publish, withdraw; and the files of a plan.

import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { planUrl } from "../api";
import { locale, messages } from "../store";
import { clockTime, shortDay } from "../time";
import { linesOf } from "./changes";
import { draft } from "./changestate";
import { actorName } from "./days";
import { names, tongue } from "./labels";
import {
  decide,
  decision,
  decisionChanged,
  decisionText,
  inForce,
  mayPlan,
  record,
} from "./state";
import { outdatedText } from "./words";

const FILES = ["pdf", "csv", "gpx", "geojson", "vroom.json"] as const;
/** Of a withdrawal, as the service allows. */
const MAX_NOTE = 500;
/** Of what is not as it was, lines. */
const MOST_CHANGED = 8;

export function Decisions() {
  const t = messages.value.plans;
  const asked = useSignal<"none" | "publish" | "withdraw">("none");
  const shown = record.value;
  if (shown === null) return null;
  const isOpen = shown.state === null || shown.state === "accepted";
  const isBusy = decision.value === "busy";
  const end = () => {
    asked.value = "none";
  };
  return (
    <>
      <div class="plan-actions">
        {mayPlan.value && isOpen && (
          <button
            type="button"
            class="primary"
            disabled={isBusy || shown.violations.length > 0}
            onClick={() => {
              asked.value = "publish";
            }}
          >
            {t.publish}
          </button>
        )}
        {mayPlan.value && shown.state === null && (
          <button type="button" disabled={isBusy} onClick={() => void decide(shown.plan_id, "accept")}>
            {t.accept}
          </button>
        )}
        {mayPlan.value && shown.state !== "withdrawn" && (
          <button
            type="button"
            disabled={isBusy}
            onClick={() => {
              asked.value = "withdraw";
            }}
          >
            {t.withdraw}
          </button>
        )}
        <Files id={shown.plan_id} />
      </div>
      <div class="trouble" role="alert">
        {decisionText.value && <p>{decisionText.value}</p>}
        {decisionText.value && <Changed />}
      </div>
      {asked.value === "publish" && <Publish onEnd={end} />}
      {asked.value === "withdraw" && <Withdraw onEnd={end} />}
    </>
  );
}

/** Which of what the routes rest on is not as it was. */
function Changed() {
  const changed = decisionChanged.value;
  return (
    <ul class="plan-changed">
      {changed.slice(0, MOST_CHANGED).map((one) => (
        <li key={`${one.part} ${one.code} ${one.trait}`}>{outdatedText(one, names, tongue.value)}</li>
      ))}
      {changed.length > MOST_CHANGED && <li>{messages.value.plans.andOthers}</li>}
    </ul>
  );
}

function Files({ id }: { id: string }) {
  const t = messages.value.plans;
  return (
    <details class="plan-files">
      <summary>{t.download}</summary>
      <ul>
        {FILES.map((form) => (
          <li key={form}>
            <a href={planUrl(id, form)} download>
              {t.files[form]}
            </a>
          </li>
        ))}
      </ul>
    </details>
  );
}

function Publish({ onEnd }: { onEnd: () => void }) {
  const t = messages.value.plans;
  const asked = useRef(record.value);
  const shown = asked.current;
  if (shown === null) return null;
  const { totals } = shown.plan;
  const before = inForce.value;
  const waiting = linesOf(draft.value).length;
  return (
    <Question
      title={t.publishTitle(shortDay(Date.parse(shown.shift_start), locale.value))}
      answer={t.publish}
      onYes={() => void decide(shown.plan_id, "publish")}
      onEnd={onEnd}
    >
      <p>{t.publishWhat(totals.stops, totals.vehicles, totals.trips)}</p>
      {waiting > 0 && <p class="fault">{t.publishWithout(waiting)}</p>}
      {before !== null && (
        <p>
          {t.publishReplaces(
            actorName(before.author),
            clockTime(Date.parse(before.created_at), locale.value),
          )}
        </p>
      )}
    </Question>
  );
}

function Withdraw({ onEnd }: { onEnd: () => void }) {
  const t = messages.value.plans;
  const note = useSignal("");
  const asked = useRef(record.value);
  const shown = asked.current;
  if (shown === null) return null;
  return (
    <Question
      title={t.withdrawTitle}
      answer={t.withdraw}
      onYes={() => void decide(shown.plan_id, { withdraw: note.value.trim() })}
      onEnd={onEnd}
    >
      <p>{t.withdrawWhat}</p>
      {shown.state === "published" && <p>{t.withdrawForce}</p>}
      <label class="field">
        {t.note}
        <input
          type="text"
          maxLength={MAX_NOTE}
          value={note.value}
          onInput={(event) => {
            note.value = event.currentTarget.value;
          }}
        />
      </label>
    </Question>
  );
}

interface QuestionProps {
  title: string;
  answer: string;
  children: ComponentChildren;
  onYes: () => void;
  onEnd: () => void;
}

function Question({ title, answer, children, onYes, onEnd }: QuestionProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const way = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    dialog.current?.showModal();
    // Pressing Enter twice answers nothing that cannot be taken back.
    way.current?.focus();
  }, []);
  return (
    <dialog class="question" ref={dialog} aria-label={title} onClose={onEnd}>
      <form
        method="dialog"
        onSubmit={() => {
          onYes();
        }}
      >
        <h2>{title}</h2>
        {children}
        <p class="question-answers">
          <button ref={way} type="button" onClick={() => dialog.current?.close()}>
            {messages.value.plans.cancel}
          </button>
          <button type="submit" class="primary">
            {answer}
          </button>
        </p>
      </form>
    </dialog>
  );
}
