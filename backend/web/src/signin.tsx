import { useSignal } from "@preact/signals";
import type { TargetedSubmitEvent } from "preact";
import { ApiError, signIn } from "./api";
import { Brand } from "./brand";
import { LanguageSwitch } from "./language";
import { account, messages } from "./store";

export function SignIn() {
  const trouble = useSignal<"refused" | "often" | "failed" | null>(null);
  const busy = useSignal(false);

  async function submit(event: TargetedSubmitEvent<HTMLFormElement>): Promise<void> {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    busy.value = true;
    trouble.value = null;
    try {
      account.value = await signIn(String(form.get("username")), String(form.get("password")));
    } catch (error) {
      const status = error instanceof ApiError ? error.status : 0;
      trouble.value = status === 401 ? "refused" : status === 429 ? "often" : "failed";
    } finally {
      busy.value = false;
    }
  }

  const t = messages.value;
  const said = { refused: t.signInRefused, often: t.signInTooOften, failed: t.signInFailed };
  return (
    <main class="sign-in">
      <form onSubmit={submit}>
        <Brand />
        <p class="note">{t.tagline}</p>
        <label>
          {t.username}
          <input name="username" autocomplete="username" autocapitalize="none" required />
        </label>
        <label>
          {t.password}
          <input name="password" type="password" autocomplete="current-password" required />
        </label>
        <p class="trouble" role="alert">
          {trouble.value === null ? "" : said[trouble.value]}
        </p>
        <button type="submit" class="primary" disabled={busy.value}>
          {t.signIn}
        </button>
        <LanguageSwitch />
      </form>
    </main>
  );
}
