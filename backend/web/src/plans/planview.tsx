// The plan view: which bins are served in a shift, by whom and why.

import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { Site } from "../api";
import { PLAN_PARTS } from "../address";
import { SheetHandle } from "../pieces";
import { locale, lookAtPlans, messages, openCode, planning } from "../store";
import { clockTime } from "../time";
import { ChangesBar } from "./changesbar";
import { followChanges } from "./changestate";
import { Compared } from "./compared";
import { DayChoice } from "./daychoice";
import { actorName } from "./days";
import { History } from "./history";
import { LeftList } from "./leftlist";
import { Maker } from "./maker";
import { PlanHead } from "./planhead";
import { PlanMap } from "./planmap";
import { RouteList } from "./routelist";
import {
  followPlans,
  inForce,
  isAwaited,
  mayPlan,
  ofDay,
  planList,
  record,
  showPlan,
  trouble,
  tryAgain,
  unselect,
} from "./state";
import { followUnderway, point, pointing } from "./underwaystate";
import "./plans.css";
import "./routes.css";
import "./changing.css";
import "./underway.css";

export function PlanView({ site }: { site: Site }) {
  const t = messages.value;
  const tall = useSignal(false);
  useEffect(() => {
    const ends = [followPlans(), followChanges(), followUnderway()];
    return () => {
      for (const end of ends) end();
    };
  }, []);
  // On a telephone the map must be seen to point at it.
  const isPointing = pointing.value !== null;
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key === "Escape") closeOpen();
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, []);
  return (
    <>
      <section
        class="list plan-list"
        aria-label={t.plans.list}
        aria-busy={isAwaited.value}
        data-tall={tall.value && !isPointing}
      >
        {!isPointing && <SheetHandle tall={tall} />}
        <div class="rows">
          <DayChoice />
          {mayPlan.value && <Maker />}
          <Trouble />
          <NewInForce />
          {record.value !== null && (
            <>
              <PlanHead />
              <Compared />
              <Parts />
            </>
          )}
        </div>
        {record.value !== null && <ChangesBar />}
      </section>
      <div class="map-frame">
        <PlanMap site={site} />
      </div>
    </>
  );
}

/** Close what is open of a bin, unless a question is; who used the keys goes on from its row. */
function closeOpen(): void {
  if (pointing.peek() !== null) {
    point(null);
    return;
  }
  const code = openCode.peek();
  if (code === null || document.querySelector("dialog[open]") !== null) return;
  unselect();
  document.querySelector<HTMLElement>(`.plan-list [data-code="${CSS.escape(code)}"]`)?.focus();
}

function Trouble() {
  const t = messages.value;
  const isListOnly = trouble.value === "list" && record.value !== null;
  if (trouble.value === "load" || trouble.value === "list") {
    return (
      <p class="plan-note trouble" role="alert">
        {isListOnly ? t.plans.listFailed : t.plans.loadFailed}{" "}
        <button type="button" class="link" onClick={() => void tryAgain()}>
          {t.tryAgain}
        </button>
      </p>
    );
  }
  if (trouble.value === "not_found") {
    return (
      <p class="plan-note" role="alert">
        {t.plans.notFound}
      </p>
    );
  }
  if (record.value !== null) return null;
  const isNone = planList.value !== null && ofDay.value.length === 0 && planning.value?.id === "";
  const none = mayPlan.value ? t.plans.noPlans : t.plans.noPlansDriver;
  return <p class="plan-note">{isNone ? none : t.loading}</p>;
}

/** Somebody else may publish while one looks at another plan of the day. */
function NewInForce() {
  const t = messages.value.plans;
  const other = inForce.value;
  if (other === null || record.value === null || record.value.plan_id === other.plan_id) return null;
  const time = clockTime(Date.parse(other.created_at), locale.value);
  return (
    <p class="plan-note plan-other" role="status">
      {t.newInForce(actorName(other.author), time)}{" "}
      <button type="button" class="link" onClick={() => showPlan(other.plan_id)}>
        {t.openIt}
      </button>
    </p>
  );
}

function Parts() {
  const t = messages.value.plans;
  const shown = record.value;
  const part = planning.value?.part ?? "routes";
  if (shown === null) return null;
  const counts = {
    routes: shown.plan.routes.length,
    left: shown.plan.left.length,
    history: ofDay.value.length,
  };
  return (
    <>
      <div class="switch plan-parts" role="group" aria-label={t.part}>
        {PLAN_PARTS.map((one) => (
          <button
            key={one}
            type="button"
            aria-pressed={part === one}
            onClick={() => lookAtPlans({ part: one })}
          >
            {t.parts[one]} <b>{counts[one]}</b>
          </button>
        ))}
      </div>
      {part === "routes" && <RouteList />}
      {part === "left" && <LeftList />}
      {part === "history" && <History />}
    </>
  );
}
