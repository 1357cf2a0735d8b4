import { signOut } from "./api";
import { Bell } from "./bell";
import { Brand } from "./brand";
import { LanguageSwitch } from "./language";
import { DeadLetters } from "./letterbox";
import {
  account,
  becomeNobody,
  beginClaim,
  beginPlans,
  connection,
  endPlans,
  locale,
  messages,
  planning,
  site,
} from "./store";
import { clockTime, clockTimeWithSeconds } from "./time";

export function Header() {
  const t = messages.value;
  const place = site.value;
  return (
    <header class="header">
      <h1>
        <Brand />
        {place !== null && <span class="place">{place.district.name}</span>}
      </h1>
      {account.value && <Views />}
      <LiveMark />
      {account.value && <Bell />}
      {account.value?.role === "admin" && <DeadLetters />}
      {account.value?.role === "technician" && (
        <button
          type="button"
          class="mount-button"
          aria-label={t.claim.title}
          title={t.claim.title}
          onClick={() => beginClaim("")}
        >
          <svg viewBox="0 0 24 24" width="24" height="24" aria-hidden="true">
            <path
              d="M4 4h6v6H4Zm10 0h6v6h-6ZM4 14h6v6H4Zm10 0h2v2h-2Zm4 0h2v2h-2Zm-4 4h2v2h-2Zm4 0h2v2h-2Z"
              fill="none"
              stroke="currentColor"
              stroke-width="1.8"
              stroke-linejoin="round"
            />
          </svg>
        </button>
      )}
      <LanguageSwitch />
      {account.value && (
        <div class="account">
          <span class="who">
            <b>{account.value.display_name}</b>
            <span>{t.roles[account.value.role]}</span>
          </span>
          <button type="button" onClick={leave}>
            {t.signOut}
          </button>
        </div>
      )}
    </header>
  );
}

function Views() {
  const t = messages.value.plans;
  const isPlanning = planning.value !== null;
  return (
    <nav class="switch views" aria-label={t.view}>
      <button type="button" aria-pressed={!isPlanning} onClick={endPlans}>
        {t.toBins}
      </button>
      <button type="button" aria-pressed={isPlanning} onClick={beginPlans}>
        {t.title}
      </button>
    </nav>
  );
}

function LiveMark() {
  const t = messages.value;
  const line = connection.value;
  return (
    <p class="live" data-state={line.state}>
      <span class="live-state" role="status">
        {line.state === "live" && t.live}
        {line.state === "connecting" && t.connecting}
        {line.state === "offline" && t.offlineSince(clockTime(line.since, locale.value))}
      </span>
      {line.state === "live" && (
        <span class="live-time">
          {t.updatedAt(clockTimeWithSeconds(line.updatedAt, locale.value))}
        </span>
      )}
    </p>
  );
}

async function leave(): Promise<void> {
  // Signed out or unreachable: either way nothing more is shown on this screen.
  await signOut().catch(() => undefined);
  becomeNobody();
}
