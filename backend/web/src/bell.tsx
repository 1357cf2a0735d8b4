import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import {
  alerts,
  alertsOf,
  inOrder,
  isListOpen,
  mayAcknowledge,
  takeCare,
  valueText,
  waiting,
} from "./alerts";
import type { Alert } from "./api";
import { MoreRows } from "./pieces";
import { locale, messages, now, open } from "./store";
import { ago, dayAndTime } from "./time";
import "./bell.css";

/** So many are drawn at first, and more at each wish. */
const FIRST_ROWS = 50;

export function Bell() {
  const t = messages.value.alerts;
  const frame = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const n = waiting.value;

  useEffect(() => {
    if (!isListOpen.value) return undefined;
    const onKey = (event: KeyboardEvent) => {
      if (event.key !== "Escape") return;
      isListOpen.value = false;
      button.current?.focus();
    };
    const onPress = (event: PointerEvent) => {
      if (!frame.current?.contains(event.target as Node)) isListOpen.value = false;
    };
    window.addEventListener("keydown", onKey);
    window.addEventListener("pointerdown", onPress);
    return () => {
      window.removeEventListener("keydown", onKey);
      window.removeEventListener("pointerdown", onPress);
    };
  }, [isListOpen.value]);

  return (
    <div class="bell" ref={frame}>
      <button
        ref={button}
        type="button"
        class="bell-button"
        aria-expanded={isListOpen.value}
        aria-label={t.bell(n)}
        title={t.bell(n)}
        data-waiting={n}
        onClick={() => {
          isListOpen.value = !isListOpen.value;
        }}
      >
        <svg viewBox="0 0 24 24" width="22" height="22" aria-hidden="true">
          <path
            d="M12 3a6 6 0 0 0-6 6v4l-2 4h16l-2-4V9a6 6 0 0 0-6-6Zm-2 16a2 2 0 0 0 4 0"
            fill="none"
            stroke="currentColor"
            stroke-width="1.8"
            stroke-linejoin="round"
          />
        </svg>
        {n > 0 && <b>{n > 99 ? "99+" : n}</b>}
      </button>
      {isListOpen.value && <AlertList />}
    </div>
  );
}

function AlertList() {
  const t = messages.value.alerts;
  const rows = useSignal(FIRST_ROWS);
  const found = alerts.value;
  const ordered = found === null ? [] : inOrder(found);
  const left = ordered.length - rows.value;
  return (
    <section class="alert-list" aria-label={t.title}>
      <h2>
        {t.title} <span>{found?.open_total ?? ""}</span>
      </h2>
      {found === null && <p class="note">{messages.value.loading}</p>}
      {found !== null && ordered.length === 0 && <p class="note">{t.none}</p>}
      <ol>
        {ordered.slice(0, rows.value).map((alert) => (
          <AlertRow key={alert.alert_id} alert={alert} withBin />
        ))}
      </ol>
      <MoreRows
        left={left}
        step={FIRST_ROWS}
        onMore={() => {
          rows.value += FIRST_ROWS;
        }}
      />
    </section>
  );
}

/** The open alerts of one bin; nothing when there are none. */
export function BinAlerts({ code }: { code: string }) {
  const found = alertsOf(alerts.value, code);
  if (found.length === 0) return null;
  return (
    <section class="bin-alerts" aria-label={messages.value.alerts.title}>
      <ul>
        {found.map((alert) => (
          <AlertRow key={alert.alert_id} alert={alert} />
        ))}
      </ul>
    </section>
  );
}

function AlertRow({ alert, withBin = false }: { alert: Alert; withBin?: boolean }) {
  const t = messages.value.alerts;
  const isTaken = alert.acknowledged_at !== null;
  const since = Date.parse(alert.since);
  return (
    <li class="alert" data-kind={alert.kind} data-taken={isTaken}>
      <p class="alert-what">
        <b>{t.kinds[alert.kind]}</b> {valueText(alert.kind, alert.value, locale.value)}
      </p>
      {withBin && (
        <button
          type="button"
          class="alert-bin"
          onClick={() => {
            open(alert.bin_code);
            isListOpen.value = false;
          }}
        >
          <b>{alert.bin_code}</b> {alert.site_name}, {alert.area_name}
        </button>
      )}
      <p class="alert-since" title={dayAndTime(since, locale.value)}>
        {ago(since, now.value, messages.value)}
      </p>
      {isTaken && (
        <p class="alert-taken">
          {alert.acknowledged_by === null ? t.taken : t.takenBy(alert.acknowledged_by)}
          {alert.note !== null && `: ${alert.note}`}
        </p>
      )}
      {!isTaken && mayAcknowledge.value && <TakeCare alert={alert} />}
    </li>
  );
}

function TakeCare({ alert }: { alert: Alert }) {
  const t = messages.value.alerts;
  const state = useSignal<"idle" | "busy" | "failed">("idle");
  const onClick = async () => {
    state.value = "busy";
    state.value = (await takeCare(alert)) ? "idle" : "failed";
  };
  return (
    <div class="alert-act">
      <button type="button" disabled={state.value === "busy"} onClick={() => void onClick()}>
        {t.takeCare}
      </button>
      {state.value === "failed" && (
        <span class="trouble" role="alert">
          {t.failed}
        </span>
      )}
    </div>
  );
}
