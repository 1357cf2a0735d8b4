import { signOut } from "./api";
import { Bell } from "./bell";
import { Brand } from "./brand";
import { LanguageSwitch } from "./language";
import { DeadLetters } from "./letterbox";
import { account, becomeNobody, connection, locale, messages, site } from "./store";
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
      <LiveMark />
      {account.value && <Bell />}
      {account.value?.role === "admin" && <DeadLetters />}
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
