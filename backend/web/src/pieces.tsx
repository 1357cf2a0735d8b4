// Small pieces that stand in more than one place.

import type { Signal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { messages } from "./store";

/** A line of a list of facts. */
export function Fact({ name, children }: { name: string; children: ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

/** Below the rows that are drawn: how many more there are at a wish; nothing where none is left. */
export function MoreRows(rows: { left: number; step: number; onMore: () => void }) {
  if (rows.left <= 0) return null;
  return (
    <button type="button" class="more" onClick={rows.onMore}>
      {messages.value.showMore(Math.min(rows.left, rows.step))}
    </button>
  );
}

/** On a telephone: makes the list tall, and small again. */
export function SheetHandle({ tall }: { tall: Signal<boolean> }) {
  const t = messages.value;
  return (
    <button
      type="button"
      class="sheet-handle"
      aria-expanded={tall.value}
      aria-label={tall.value ? t.shrinkList : t.expandList}
      onClick={() => {
        tall.value = !tall.value;
      }}
    />
  );
}
