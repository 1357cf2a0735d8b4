// What was collected, always in reach while there is something: looked at, taken back, sent.

import { messages } from "../store";
import { type Change, linesOf } from "./changes";
import {
  canUndo,
  changeAll,
  draft,
  dropAll,
  faults,
  mayChange,
  sendChanges,
  undoLast,
  wrongWith,
} from "./changestate";
import { isOrdering, isUnderWay } from "./jobs";
import { labelOf } from "./labels";
import { changeText, Faults, FaultText } from "./pending";
import { faultsBeside } from "./refusals";
import { select } from "./state";
import { underwayBody } from "./underwaystate";

export function ChangesBar() {
  const t = messages.value.plans;
  if (!mayChange.value || (draft.value.length === 0 && !canUndo.value)) return null;
  const isBusy = isOrdering.value || isUnderWay.value;
  const lines = linesOf(draft.value);
  const isRefused = faults.value.length > 0;
  return (
    <section class="changes-bar" aria-label={t.changesTitle}>
      <details open={isRefused}>
        <summary>
          <span role="status">{t.changesN(lines.length)}</span>
        </summary>
        {isRefused && <Refused />}
        <ul>
          {lines.map((changes) => (
            <Line key={JSON.stringify(changes)} changes={changes} />
          ))}
        </ul>
        {lines.length > 1 && (
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

/** A change, or what is said of several bins of a vehicle. */
function Line({ changes }: { changes: readonly Change[] }) {
  const t = messages.value.plans;
  const [one] = changes;
  if (one === undefined) return null;
  const isOne = changes.length === 1;
  const text =
    one.kind === "served" && !isOne
      ? t.changes.servedMany(labelOf(one.vehicle), changes.length, one.isServed)
      : changeText(one);
  const bin = isOne && "bin" in one ? one.bin : "";
  return (
    <li data-refused={changes.some((said) => wrongWith(said).length > 0)}>
      <span>
        {bin !== "" && (
          <button type="button" class="link" onClick={() => select(bin)}>
            {bin}
          </button>
        )}{" "}
        {text}
        {changes.map((said) => (
          <Faults key={JSON.stringify(said)} of={said} />
        ))}
      </span>
      <button
        type="button"
        class="close"
        aria-label={`${t.takeBack}: ${bin} ${text}`}
        title={t.takeBack}
        onClick={() => changeAll(new Set(changes), [])}
      >
        ×
      </button>
    </li>
  );
}

/** What is said of no single change is said here. */
function Refused() {
  const t = messages.value.plans;
  return (
    <p class="fault" role="alert">
      {t.refusals["bad_changes"]}{" "}
      {faultsBeside(draft.value, faults.value).map((fault) => (
        <span key={fault.detail}>
          {t.faultFields[fault.field]}
          {fault.code != null && `, ${fault.code}`}: <FaultText fault={fault} />{" "}
        </span>
      ))}
    </p>
  );
}
