// Where vehicles unload: how much longer than usual one waits there.

import { useSignal } from "@preact/signals";
import { messages } from "../store";
import { ofKind } from "./changes";
import { change, draft, mayChange } from "./changestate";
import { placeName } from "./labels";
import { Pending } from "./pending";
import { record } from "./state";

/** As the service allows. */
const LONGEST_MIN = 600;

export function QueuePanel() {
  const t = messages.value.plans;
  const shown = record.value;
  if (!mayChange.value || shown === null) return null;
  return (
    <details class="plan-panel">
      <summary>{t.queues}</summary>
      {shown.problem.disposal_sites.map(({ code }) => (
        <Queue key={`${shown.plan_id} ${code}`} code={code} />
      ))}
    </details>
  );
}

function Queue({ code }: { code: string }) {
  const t = messages.value.plans;
  const pending = ofKind(draft.value, "queue").filter(({ site }) => site === code);
  const standing = record.value?.standing?.queues.find((one) => one.disposal_site === code);
  const known = pending[0]?.minutes ?? standing?.extra_min ?? 0;
  const typed = useSignal(String(known));
  const minutes = Number.parseInt(typed.value, 10);
  const isAllowed = minutes >= 0 && minutes <= LONGEST_MIN && minutes !== known;
  return (
    <form
      class="fields queue"
      onSubmit={(event) => {
        event.preventDefault();
        if (isAllowed) change({ kind: "queue", site: code, minutes });
      }}
    >
      <label>
        {t.longerAt(placeName(code))}
        <input
          type="number"
          inputMode="numeric"
          min={0}
          max={LONGEST_MIN}
          value={typed.value}
          onInput={(event) => {
            typed.value = event.currentTarget.value;
          }}
        />
      </label>
      <button type="submit" disabled={!isAllowed}>
        {t.noteIt}
      </button>
      <Pending changes={pending} />
    </form>
  );
}
