// What was collected, always in reach while there is something: looked at, taken back, sent.

import { messages } from "../store";
import type { Change } from "./changes";
import {
  canUndo,
  draft,
  dropAll,
  faults,
  mayChange,
  sendChanges,
  takeBack,
  undoLast,
  wrongWith,
} from "./changestate";
import { isOrdering, isUnderWay } from "./jobs";
import { changeText, Faults, FaultText } from "./pending";
import { select } from "./state";
import { underwayBody } from "./underwaystate";

export function ChangesBar() {
  const t = messages.value.plans;
  if (!mayChange.value || (draft.value.length === 0 && !canUndo.value)) return null;
  const isBusy = isOrdering.value || isUnderWay.value;
  const isRefused = faults.value.length > 0;
  return (
    <section class="changes-bar" aria-label={t.changesTitle}>
      <details open={isRefused}>
        <summary>
          <span role="status">{t.changesN(draft.value.length)}</span>
        </summary>
        {isRefused && <Refused />}
        <ul>
          {draft.value.map((one) => (
            <Line key={JSON.stringify(one)} one={one} />
          ))}
        </ul>
        {draft.value.length > 1 && (
          <button type="button" class="link" onClick={dropAll}>
            {t.dropAll}
          </button>
        )}
      </details>
      <div class="plan-actions">
        <button type="button" disabled={!canUndo.value} onClick={undoLast}>
          {t.undo}
        </button>
        <button
          type="button"
          class="primary"
          disabled={isBusy || draft.value.length === 0}
          onClick={() => void sendChanges(underwayBody)}
        >
          {t.replan}
        </button>
      </div>
    </section>
  );
}

function Line({ one }: { one: Change }) {
  const t = messages.value.plans;
  const name = `${"bin" in one ? one.bin : ""} ${changeText(one)}`;
  return (
    <li data-refused={wrongWith(one).length > 0}>
      <span>
        {"bin" in one && (
          <button type="button" class="link" onClick={() => select(one.bin)}>
            {one.bin}
          </button>
        )}{" "}
        {changeText(one)}
        <Faults of={one} />
      </span>
      <button
        type="button"
        class="close"
        aria-label={`${t.takeBack}: ${name}`}
        title={t.takeBack}
        onClick={() => takeBack(one)}
      >
        ×
      </button>
    </li>
  );
}

/** What is said of no single change is said here. */
function Refused() {
  const t = messages.value.plans;
  const matched = new Set(draft.value.flatMap((one) => wrongWith(one)));
  const others = faults.value.filter((fault) => !matched.has(fault));
  return (
    <p class="fault" role="alert">
      {t.refusals["bad_changes"]}{" "}
      {others.map((fault) => (
        <span key={fault.detail}>
          {t.faultFields[fault.field]}
          {fault.code != null && `, ${fault.code}`}: <FaultText fault={fault} />{" "}
        </span>
      ))}
    </p>
  );
}
