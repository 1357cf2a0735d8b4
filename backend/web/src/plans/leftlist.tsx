// The bins that stay, and why.

import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { Left, OutReason } from "../api";
import { MoreRows } from "../pieces";
import { bins, messages, openCode, percent } from "../store";
import { isMissed, reasonsOf } from "./drives";
import { changesOfBin } from "./changes";
import { draft } from "./changestate";
import { Pending } from "./pending";
import { labelOf, tongue } from "./labels";
import { facts, left, leftFilter, record, select, unselect } from "./state";
import { LeftDetails } from "./stopdetails";
import { leftText } from "./words";

/** So many rows are drawn at first, and more at each wish. */
const FIRST_ROWS = 80;
const MORE_ROWS = 200;

export function LeftList() {
  const t = messages.value.plans;
  const rows = useSignal(FIRST_ROWS);
  const shown = record.value;
  // What was opened from the map must be drawn, however far down it is.
  const opened = left.value.findIndex((one) => one.bin === openCode.value);
  const drawn = Math.max(rows.value, opened + 1);
  const more = left.value.length - drawn;
  if (shown === null) return null;
  if (shown.plan.left.length === 0) return <p class="plan-note">{t.noneLeft}</p>;
  return (
    <>
      <Finder />
      {left.value.length === 0 && <p class="plan-note">{t.leftNone}</p>}
      <ol class="left-list">
        {left.value.slice(0, drawn).map((one) => (
          <LeftRow key={one.bin} left={one} />
        ))}
      </ol>
      <MoreRows
        left={more}
        step={MORE_ROWS}
        onMore={() => {
          rows.value = drawn + MORE_ROWS;
        }}
      />
    </>
  );
}

function Finder() {
  const t = messages.value;
  const shown = record.value;
  if (shown === null) return null;
  const { area, reason } = leftFilter.value;
  return (
    <div class="left-finder">
      <select
        aria-label={t.area}
        value={area}
        onChange={(event) => {
          leftFilter.value = { ...leftFilter.value, area: event.currentTarget.value };
        }}
      >
        <option value="">{t.allAreas}</option>
        {shown.data_trust.map((one) => (
          <option key={one.area} value={one.area}>
            {one.name}
          </option>
        ))}
      </select>
      <select
        aria-label={t.plans.reason}
        value={reason}
        onChange={(event) => {
          const chosen = event.currentTarget.value as OutReason | "";
          leftFilter.value = { ...leftFilter.value, reason: chosen };
        }}
      >
        <option value="">{t.plans.allReasons}</option>
        {reasonsOf(shown).map((one) => (
          <option key={one.reason} value={one.reason}>
            {t.plans.outReasons[one.reason].name} ({one.n})
          </option>
        ))}
      </select>
    </div>
  );
}

function LeftRow({ left: one }: { left: Left }) {
  const t = messages.value.plans;
  const row = useRef<HTMLLIElement>(null);
  const isOpen = openCode.value === one.bin;
  useEffect(() => {
    if (isOpen) row.current?.scrollIntoView({ block: "nearest" });
  }, [isOpen]);
  const its = facts.value.get(one.bin);
  const place = bins.value?.get(one.bin)?.properties;
  const vehicle = one.vehicle == null ? "" : labelOf(one.vehicle);
  return (
    <li ref={row} data-missed={isMissed(one)}>
      <button
        type="button"
        class="left-bin"
        data-code={one.bin}
        data-reason={one.reason}
        aria-current={isOpen ? "true" : undefined}
        aria-expanded={isOpen}
        onClick={() => (isOpen ? unselect() : select(one.bin))}
      >
        <span class="stop-text">
          <b>
            {isMissed(one) && <em>{t.missedTag}</em>} {one.bin}
          </b>
          <span>{place === undefined ? "" : `${place.site_name}, ${place.area_name}`}</span>
          <Pending changes={changesOfBin(draft.value, one.bin)} />
          {!isOpen && <span class="left-why">{leftText(one, its, vehicle, tongue.value)}</span>}
        </span>
        <span class="stop-facts">
          <span>{its?.fill_pct == null ? "" : t.fill(percent(its.fill_pct))}</span>
          <span>{t.outReasons[one.reason].name}</span>
        </span>
      </button>
      {isOpen && <LeftDetails left={one} facts={its} vehicle={vehicle} />}
    </li>
  );
}
