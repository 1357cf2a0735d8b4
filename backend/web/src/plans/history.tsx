// What became of the plan, and the other plans of the day.

import type { PlanLine } from "../api";
import { locale, messages } from "../store";
import { clockTime } from "../time";
import { actorName, replacedBy } from "./days";
import { ofDay, record, showPlan } from "./state";
import { decimal } from "./words";

export function History() {
  const t = messages.value.plans;
  const shown = record.value;
  if (shown === null) return null;
  return (
    <div class="history">
      <ol class="history-events">
        {shown.events.map((event) => {
          const by = replacedBy(event.note);
          const time = `${clockTime(Date.parse(event.at), locale.value)} WIB`;
          return (
            <li key={event.at}>
              {t.events[event.kind](actorName(event.actor), time)}
              {by === null && event.note !== "" && `: ${event.note}`}
              {by !== null && (
                <button type="button" class="link" onClick={() => showPlan(by)}>
                  {t.replacedBy}
                </button>
              )}
            </li>
          );
        })}
      </ol>
      <h3>{t.history}</h3>
      <ol>
        {ofDay.value.map((plan) => (
          <PlanRow key={plan.plan_id} plan={plan} isShown={plan.plan_id === shown.plan_id} />
        ))}
      </ol>
    </div>
  );
}

function PlanRow({ plan, isShown }: { plan: PlanLine; isShown: boolean }) {
  const t = messages.value.plans;
  const { totals } = plan;
  return (
    <li>
      <button
        type="button"
        class="history-plan"
        data-plan={plan.plan_id}
        aria-current={isShown ? "true" : undefined}
        onClick={() => showPlan(plan.plan_id)}
      >
        <b class="plan-state" data-state={plan.state ?? "draft"}>
          {plan.state === null ? t.draft : t.states[plan.state]}
        </b>
        <span class="stop-text">
          <b>
            {clockTime(Date.parse(plan.created_at), locale.value)} WIB
            {plan.author !== "" && `, ${actorName(plan.author)}`}
            {isShown && <small> ({t.shown})</small>}
          </b>
          <span>{t.policies[plan.policy]}</span>
          <span>
            {t.stopsN(totals.stops)} · {t.tripsN(totals.trips)} ·{" "}
            {decimal(totals.distance_m / 1000, locale.value)} km
          </span>
        </span>
      </button>
    </li>
  );
}
