import { useSignal } from "@preact/signals";
import type { BinFeature, Site } from "./api";
import { MoreRows, SheetHandle } from "./pieces";
import { Row } from "./row";
import { bins, changeFilter, clearFilter, filter, groups, isFiltered, messages } from "./store";

/** So many rows are drawn of a group at first, and more at each wish: 2,000 at once are slow. */
const FIRST_ROWS = 80;
const MORE_ROWS = 200;

export function List({ site }: { site: Site }) {
  const t = messages.value;
  const tall = useSignal(false);
  const { known, unknown } = groups.value;
  return (
    <section class="list" aria-label={t.list} data-tall={tall.value}>
      <SheetHandle tall={tall} />
      <Finder site={site} />
      <div class="rows">
        {bins.value === null && <p class="note">{t.loading}</p>}
        <Group name="known" title={t.knownBins} bins={known} />
        <Group name="unknown" title={t.unknownBins} bins={unknown} />
        {bins.value !== null && known.length + unknown.length === 0 && (
          <p class="note">{isFiltered.value ? t.nothingFound : t.noBins}</p>
        )}
        {isFiltered.value && (
          <button type="button" class="more" onClick={clearFilter}>
            {t.clearFilter}
          </button>
        )}
      </div>
    </section>
  );
}

function Finder({ site }: { site: Site }) {
  const t = messages.value;
  return (
    <form class="finder" role="search" onSubmit={(event) => event.preventDefault()}>
      <input
        type="search"
        aria-label={t.search}
        placeholder={t.search}
        value={filter.value.search}
        onInput={(event) => changeFilter({ search: event.currentTarget.value })}
      />
      <select
        aria-label={t.area}
        value={filter.value.area}
        onChange={(event) => changeFilter({ area: event.currentTarget.value })}
      >
        <option value="">{t.allAreas}</option>
        {site.areas.features.map(({ properties }) => (
          <option key={properties.code} value={properties.code}>
            {properties.common_name}
          </option>
        ))}
      </select>
    </form>
  );
}

function Group(group: { name: string; title: string; bins: readonly BinFeature[] }) {
  const rows = useSignal(FIRST_ROWS);
  if (group.bins.length === 0) return null;
  const left = group.bins.length - rows.value;
  return (
    <>
      <h2>
        {group.title} <span>{group.bins.length}</span>
      </h2>
      <ol data-group={group.name}>
        {group.bins.slice(0, rows.value).map((bin) => (
          <Row key={bin.properties.code} bin={bin} />
        ))}
      </ol>
      <MoreRows
        left={left}
        step={MORE_ROWS}
        onMore={() => {
          rows.value += MORE_ROWS;
        }}
      />
    </>
  );
}
