import { FILL_CLASSES } from "./bins";
import { counts, filter, messages, toggleClass } from "./store";

/** What the colours mean, how many there are of each, and a filter. */
export function Legend() {
  const t = messages.value;
  const { classes } = filter.value;
  return (
    <div class="legend" role="group" aria-label={t.legend}>
      {FILL_CLASSES.map((name) => (
        <button
          key={name}
          type="button"
          data-class={name}
          aria-pressed={classes.includes(name)}
          title={`${t.classes[name]}: ${t.ranges[name]}`}
          onClick={() => toggleClass(name)}
        >
          <span class="dot" data-class={name} aria-hidden="true" />
          <span class="legend-text">
            <span class="legend-name">{t.classes[name]}</span>{" "}
            <b class="legend-count">{counts.value[name]}</b>
            <span class="legend-range">{t.ranges[name]}</span>
          </span>
        </button>
      ))}
    </div>
  );
}
