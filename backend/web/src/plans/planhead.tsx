// What a plan is, what it adds up to, what is wrong with it, and what may be done with it.

import type { Note } from "../api";
import { account, language, locale, messages, site } from "../store";
import { clockTime, dayAndTime } from "../time";
import { Decisions } from "./decisions";
import { actorName } from "./days";
import { isMissed, roundsKept, untreatedBy } from "./drives";
import { clock, labelOf, names, tongue } from "./labels";
import { record } from "./state";
import { decimal, noteText, violationText } from "./words";

/** So many remarks are read without being asked for. */
const FEW_NOTES = 3;

export function PlanHead() {
  const t = messages.value.plans;
  const shown = record.value;
  if (shown === null) return null;
  const { plan, state } = shown;
  return (
    <section class="plan-head" aria-label={t.totals}>
      <p>
        <b class="plan-state" data-state={state ?? "draft"}>
          {state === null ? t.draft : t.states[state]}
        </b>{" "}
        {t.policies[shown.policy]}
      </p>
      <p class="note">
        {t.madeBy(actorName(shown.author), dayAndTime(Date.parse(shown.created_at), locale.value))}.{" "}
        {t.readingsAsOf(`${clockTime(Date.parse(shown.readings_as_of), locale.value)} WIB`)}.
      </p>
      {plan.provenance.stage === "greedy" && shown.policy !== "threshold" && (
        <p class="note">{t.firstPlan}</p>
      )}
      <TakenOver />
      {account.value?.role !== "driver" && <Totals />}
      <Warnings />
      <Decisions />
    </section>
  );
}

/** A plan that begins in the shift: from when, and what was served before. */
function TakenOver() {
  const t = messages.value.plans;
  const standing = record.value?.standing;
  if (standing?.taken_over_at == null) return null;
  const served = standing.served.filter(({ bins }) => bins.length > 0);
  const count = served.reduce((sum, { bins }) => sum + bins.length, 0);
  return (
    <details class="plan-takeover">
      <summary>
        <b>{t.takenOver(clock(standing.taken_over_at))}</b> {t.servedN(count)}
      </summary>
      <ul>
        {served.map(({ vehicle, bins }) => (
          <li key={vehicle}>
            <b>{labelOf(vehicle)}</b>{" "}
            {bins.map((code) => (
              <span key={code}>{code} </span>
            ))}
          </li>
        ))}
      </ul>
    </details>
  );
}

function Totals() {
  const t = messages.value.plans;
  const shown = record.value;
  if (shown === null) return null;
  const { totals, left } = shown.plan;
  const missed = left.filter(isMissed).length;
  const landfills = (site.value?.places.features ?? [])
    .filter(({ properties }) => properties.kind === "disposal_site")
    .map(({ properties }) => properties.name);
  const number = (value: number) => decimal(value, locale.value);
  const all: [string, string, boolean?][] = [
    [String(totals.stops), t.stops],
    [String(totals.vehicles), t.vehicles],
    [number(totals.distance_m / 1000), t.km],
    [number(totals.duration_s / 3600), t.vehicleHours],
    [String(totals.trips), t.trips],
    [number(totals.load_kg / 1000), t.tonnes],
    [number(totals.queue_s / 3600), t.queueHours(landfills.join(", "))],
    [String(missed), t.missed, missed > 0],
  ];
  return (
    <dl class="plan-totals">
      {all.map(([value, name, isBad]) => (
        <div key={name} data-bad={isBad ?? false}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function Warnings() {
  const t = messages.value.plans;
  const shown = record.value;
  if (shown === null) return null;
  const fixed = shown.data_trust.filter((area) => area.is_fixed);
  const missed = shown.plan.left.filter(isMissed).length;
  const untreated = untreatedBy(shown);
  const rounds = roundsKept(shown);
  return (
    <>
      {shown.violations.length > 0 && (
        <div class="plan-warning" data-bad="true" role="alert">
          <b>{t.violations(shown.violations.length)}</b>
          <ul>
            {shown.violations.map((one) => (
              <li key={`${one.code} ${one.where} ${one.detail}`}>
                {violationText(one, names, tongue.value)} <small lang="en">({one.detail})</small>
              </li>
            ))}
          </ul>
        </div>
      )}
      {missed > 0 && (
        <p class="plan-warning" data-bad="true">
          {t.missedMust(missed)}
        </p>
      )}
      {untreated === "policy" && <p class="plan-warning">{t.untreated}</p>}
      {untreated === "before" && <p class="plan-warning">{t.untreatedBefore}</p>}
      {rounds !== null && (
        <p class="plan-warning" data-rounds={rounds}>
          {t.rounds[rounds]}
        </p>
      )}
      {untreated === "areas" && (
        <div class="plan-warning">
          {t.fixedAreas(fixed.map((area) => area.name).join(", "))}
          <ul>
            {fixed.map((area) => (
              <li key={area.area}>{t.trusted(area.name, area.trusted, area.bins)}</li>
            ))}
          </ul>
        </div>
      )}
      {shown.plan.notes != null && shown.plan.notes.length > 0 && (
        <details class="plan-notes" open={shown.plan.notes.length <= FEW_NOTES}>
          <summary>
            {t.notes} ({shown.plan.notes.length})
          </summary>
          <ul>
            {shown.plan.notes.map((note) => (
              <PlannerNote key={note.text} note={note} />
            ))}
          </ul>
        </details>
      )}
    </>
  );
}

/** In the language that is chosen, with the planner's own English beside. */
function PlannerNote({ note }: { note: Note }) {
  const said = noteText(note, names, tongue.value);
  if (said === null) return <li lang="en">{note.text}</li>;
  return (
    <li>
      {said} {language.value !== "en" && <small lang="en">({note.text})</small>}
    </li>
  );
}
