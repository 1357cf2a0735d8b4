import { effect } from "@preact/signals";
import { render } from "preact";
import { useEffect } from "preact/hooks";
import { currentAccount } from "./api";
import { ClaimPage } from "./claim";
import { Header } from "./header";
import { Legend } from "./legend";
import { List } from "./list";
import { listen } from "./live";
import { BinMap } from "./map";
import { Panel } from "./panel";
import { PlanView } from "./plans/planview";
import { SignIn } from "./signin";
import {
  account,
  claiming,
  language,
  loadSite,
  messages,
  openCode,
  planning,
  readAddress,
  site,
  siteFailed,
  tick,
} from "./store";
import "./style.css";

/** How late a bin may be seen to turn `unknown`, and a "3 minutes ago" to change. */
const TICK_MS = 5_000;

function Page() {
  if (account.value === undefined) return <p class="centre">{messages.value.loading}</p>;
  if (account.value === null) return <SignIn />;
  return claiming.value === null ? <Workplace /> : <ClaimPage />;
}

function Workplace() {
  useEffect(() => {
    void loadSite();
    return listen();
  }, []);
  const t = messages.value;
  const place = site.value;
  const isPlanning = planning.value !== null;
  return (
    <div
      class="workplace"
      data-view={isPlanning ? "plans" : "bins"}
      data-panel={!isPlanning && openCode.value !== null}
    >
      <Header />
      {place === null ? (
        <div class="centre">
          <p>{siteFailed.value ? t.loadFailed : t.loading}</p>
          {siteFailed.value && (
            <button type="button" class="primary" onClick={() => void loadSite()}>
              {t.tryAgain}
            </button>
          )}
        </div>
      ) : isPlanning ? (
        <PlanView site={place} />
      ) : (
        <>
          <List site={place} />
          <div class="map-frame">
            <Legend />
            <BinMap site={place} />
          </div>
          <Panel />
        </>
      )}
    </div>
  );
}

async function start(): Promise<void> {
  readAddress();
  window.addEventListener("popstate", readAddress);
  effect(() => {
    document.documentElement.lang = language.value;
  });
  setInterval(tick, TICK_MS);
  const root = document.getElementById("page");
  if (root !== null) render(<Page />, root);
  // Unreachable at the start: the sign-in form is where one finds out and tries again.
  account.value = await currentAccount().catch(() => null);
}

void start();
