import { locale, messages } from "../store";
import { shortDay } from "../time";
import { dayOf, daysLater, noonOf } from "./days";
import { serverNow } from "../clock";
import { day, showDay } from "./state";

/** Which day's shift is looked at. */
export function DayChoice() {
  const t = messages.value.plans;
  const chosen = day.value;
  const today = dayOf(serverNow());
  const near =
    chosen === today ? t.today : chosen === daysLater(today, 1) ? t.tomorrow : "";
  return (
    <div class="day-choice" role="group" aria-label={t.day}>
      <Step name={t.dayBefore} sign="‹" to={daysLater(chosen, -1)} />
      <label>
        <span>
          <b>{shortDay(noonOf(chosen), locale.value)}</b> {near !== "" && <small>{near}</small>}
        </span>
        <input
          type="date"
          aria-label={t.day}
          value={chosen}
          onChange={(event) => {
            const typed = event.currentTarget.value;
            if (typed !== "") showDay(typed);
          }}
        />
      </label>
      <Step name={t.dayAfter} sign="›" to={daysLater(chosen, 1)} />
    </div>
  );
}

function Step({ name, sign, to }: { name: string; sign: string; to: string }) {
  return (
    <button type="button" aria-label={name} title={name} onClick={() => showDay(to)}>
      {sign}
    </button>
  );
}
