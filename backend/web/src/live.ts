// The event stream: the whole state first, then changes. It comes back by itself.

import { forgetAlerts, loadAlerts, receiveAlerts } from "./alerts";
import { type Alerts, type BinCollection, currentAccount, type Job } from "./api";
import { receiveJob } from "./plans/jobs";
import { loadList } from "./plans/state";
import { becomeNobody, noteOffline, planning, receiveChanges, receiveState } from "./store";

const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 30_000;

/** Start listening. The function returned ends it. */
export function listen(): () => void {
  let source: EventSource | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let retry_ms = FIRST_RETRY_MS;
  let ended = false;

  function connect(): void {
    clearTimeout(timer);
    source?.close();
    source = new EventSource("/api/live");
    source.addEventListener("state", (event) => {
      retry_ms = FIRST_RETRY_MS;
      receiveState(JSON.parse(event.data) as BinCollection);
      void loadAlerts();
      // What became of plans while the line was down is not known.
      if (planning.value !== null) void loadList();
    });
    source.addEventListener("bins", (event) => {
      receiveChanges(JSON.parse(event.data) as BinCollection);
    });
    source.addEventListener("alerts", (event) => {
      receiveAlerts(JSON.parse(event.data) as Alerts);
    });
    source.addEventListener("job", (event) => {
      receiveJob(JSON.parse(event.data) as Job);
    });
    source.addEventListener("plans", () => {
      if (planning.value !== null) void loadList();
    });
    source.addEventListener("error", () => {
      noteOffline();
      // A dropped line is retried by the browser; a refusal is final for it, so we ask why.
      if (source?.readyState === EventSource.CLOSED) void retry();
    });
  }

  async function retry(): Promise<void> {
    const who = await whoIsSignedIn();
    if (ended) return;
    if (who === "nobody") {
      becomeNobody();
      return;
    }
    // Many pages lose the same server at once: they must not come back in one moment.
    timer = setTimeout(connect, retry_ms * (0.5 + Math.random() / 2));
    retry_ms = Math.min(2 * retry_ms, LONGEST_RETRY_MS);
  }

  window.addEventListener("offline", noteOffline);
  // The stream may have lived through it without a word: a new one says the whole state.
  window.addEventListener("online", connect);
  connect();
  return () => {
    ended = true;
    forgetAlerts();
    clearTimeout(timer);
    source?.close();
    window.removeEventListener("offline", noteOffline);
    window.removeEventListener("online", connect);
  };
}

async function whoIsSignedIn(): Promise<"somebody" | "nobody" | "unreachable"> {
  try {
    return (await currentAccount()) === null ? "nobody" : "somebody";
  } catch {
    return "unreachable";
  }
}
