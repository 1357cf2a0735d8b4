import type { BinFeature } from "./api";
import { silentSince } from "./bins";
import { messages, now, open, openCode, percent } from "./store";
import { ago, duration } from "./time";

export function Row({ bin }: { bin: BinFeature }) {
  const { code, site_name, area_name, fill_class } = bin.properties;
  const isOpen = openCode.value === code;
  return (
    <li>
      <button
        type="button"
        class="row"
        data-code={code}
        data-class={fill_class}
        aria-current={isOpen ? "true" : undefined}
        onClick={() => open(code)}
      >
        <Badge bin={bin} />
        <span class="row-text">
          <b>{code}</b>
          <span>
            {site_name}, {area_name}
          </span>
          <span class="row-time">{howFresh(bin)}</span>
        </span>
      </button>
    </li>
  );
}

export function Badge({ bin }: { bin: BinFeature }) {
  const { fill_class, fill_pct } = bin.properties;
  const name = messages.value.classes[fill_class];
  return (
    <span class="badge" data-class={fill_class}>
      <b aria-hidden={fill_class === "unknown"}>
        {fill_class === "unknown" || fill_pct === null ? "?" : percent(fill_pct)}
      </b>
      <span>{name}</span>
    </span>
  );
}

function howFresh(bin: BinFeature): string {
  const t = messages.value;
  const { fill_class, fill_pct, trusted_at } = bin.properties;
  if (trusted_at === null) return t.neverReported;
  if (fill_class !== "unknown") return ago(silentSince(bin), now.value, t);
  const silent = t.silentFor(duration(now.value - silentSince(bin), t));
  return fill_pct === null ? silent : `${silent}, ${t.lastLevel(percent(fill_pct))}`;
}
