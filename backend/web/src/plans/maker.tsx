// Order a plan, and see how far it is.

import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { Policy } from "../api";
import { serverNow } from "../clock";
import { messages } from "../store";
import { actorName, shiftDay } from "./days";
import {
  again,
  dismiss,
  enough,
  followJobs,
  hasEnded,
  isOrdering,
  isOurs,
  isUnderWay,
  job,
  make,
  refusal,
} from "./jobs";
import { day, ofDay } from "./state";

const POLICIES: readonly Policy[] = ["integrated", "threshold_routed", "threshold", "fixed"];
const SEARCHES_S = [10, 30, 60, 180] as const;
/** Long enough for a district on a usual machine (docs/benchmarks.md). */
const USUAL_S = 30;

export function Maker() {
  const frame = useRef<HTMLElement>(null);
  useEffect(() => followJobs(), []);
  // Ordered from down in the list, how far it is, or why not, is said here.
  const isAwaited = isOrdering.value || (isUnderWay.value && (job.value === null || isOurs.value));
  useEffect(() => {
    if (isAwaited) frame.current?.scrollIntoView({ block: "nearest" });
  }, [isAwaited]);
  const isOver = day.value < shiftDay(serverNow());
  return (
    <section ref={frame} class="maker" aria-label={messages.value.plans.make}>
      {!isOver && !isUnderWay.value && <Order />}
      <Progress />
      <Refusal />
    </section>
  );
}

function Order() {
  const t = messages.value.plans;
  const policy = useSignal<Policy>("integrated");
  const seconds = useSignal<number>(USUAL_S);
  const hasPlans = ofDay.value.length > 0;
  const order = (
    <form
      class="order"
      onSubmit={(event) => {
        event.preventDefault();
        void make({ day: day.value, policy: policy.value, seconds: seconds.value });
      }}
    >
      <label>
        {t.policy}
        <select
          value={policy.value}
          onChange={(event) => {
            policy.value = event.currentTarget.value as Policy;
          }}
        >
          {POLICIES.map((one) => (
            <option key={one} value={one}>
              {t.policies[one]}
            </option>
          ))}
        </select>
      </label>
      <label>
        {t.searchFor}
        <select
          value={seconds.value}
          onChange={(event) => {
            seconds.value = Number(event.currentTarget.value);
          }}
        >
          {SEARCHES_S.map((one) => (
            <option key={one} value={one}>
              {t.secondsN(one)}
            </option>
          ))}
        </select>
      </label>
      <button type="submit" class="primary" disabled={isOrdering.value}>
        {t.make}
      </button>
    </form>
  );
  if (!hasPlans) return order;
  return (
    <details class="order-more">
      <summary>{t.makeAnother}</summary>
      {order}
    </details>
  );
}

function Progress() {
  const t = messages.value.plans;
  const told = job.value;
  if (told === null && isUnderWay.value) {
    return (
      <p class="progress" role="status">
        <b>{t.making}</b>
      </p>
    );
  }
  if (told === null) return null;
  if (hasEnded(told)) {
    // That one is cancelled is seen by who did it.
    if (told.state !== "failed") return null;
    return (
      <div class="plan-warning" data-bad="true" role="alert">
        <b>{t.jobFailed}</b>{" "}
        {t.refusals[told.code ?? ""] ?? t.failedAt(t.phases[told.phase] ?? told.phase)}{" "}
        <small lang="en">({told.message})</small>
        <p class="plan-actions">
          <button type="button" onClick={() => void again()}>
            {messages.value.tryAgain}
          </button>
          <button type="button" onClick={dismiss}>
            {messages.value.close}
          </button>
        </p>
      </div>
    );
  }
  const phase = t.phases[told.phase] ?? told.phase;
  const isFirstThere = told.first_plan_id !== null;
  return (
    <div class="progress" data-phase={told.phase}>
      <p role="status">
        <b>{isOurs.value ? t.making : t.makingBy(actorName(told.author))}</b> {phase}
        {isFirstThere && told.phase === "search" && `. ${t.firstShown}`}
      </p>
      <progress max={1} value={told.progress} aria-label={t.making} />
      <button type="button" disabled={told.cancel_asked} onClick={() => void enough()}>
        {isFirstThere ? t.enough : t.stop}
      </button>
    </div>
  );
}

function Refusal() {
  const t = messages.value.plans;
  const why = refusal.value;
  // What is wrong with changes is said where they are.
  if (why === null || why.code === "bad_changes") return null;
  return (
    <p class="plan-warning" data-bad="true" role="alert">
      {t.refusals[why.code] ?? t.refused} {why.detail !== "" && <small lang="en">({why.detail})</small>}
    </p>
  );
}
