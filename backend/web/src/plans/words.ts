// Why a bin is in a plan or not, in words. Pure functions.

import type { Fault, Left, MustReason, Note, Outdated, PlannedBin, Served, Unit, Violation } from "../api";
import type { Messages } from "../messages/id";
import type { Locale } from "../time";

/** Numbers and messages of the language that is chosen. */
export interface Tongue {
  t: Messages["plans"];
  locale: Locale;
}

function rupiah(value: number, locale: Locale): string {
  return `Rp ${Math.round(value).toLocaleString(locale)}`;
}

export function decimal(value: number, locale: Locale, digits = 1): string {
  return value.toLocaleString(locale, {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
}

/** A share of 0 to 1; certainty is never claimed. */
export function chance(share: number): string {
  if (share > 0.99) return ">99%";
  return share < 0.01 ? "<1%" : `${Math.round(100 * share)}%`;
}

/** `2 hari 5 jam`, `17 jam`. */
export function gap(hours: number, { t }: Tongue): string {
  const whole = Math.round(hours);
  return whole < 48 ? t.hours(whole) : t.daysHours(Math.floor(whole / 24), whole % 24);
}

/** Seconds as hours and minutes: `1 j 05 m`. */
export function span(seconds: number, { t }: Tongue): string {
  const minutes = Math.round(Math.abs(seconds) / 60);
  return minutes < 60
    ? t.minutesShort(minutes)
    : t.hoursShort(Math.floor(minutes / 60), String(minutes % 60).padStart(2, "0"));
}

/** Why a bin has to be served, with the figure that says so. */
export function mustText(must: MustReason, facts: PlannedBin | undefined, tongue: Tongue): string {
  const { t } = tongue;
  if (must === "longest_gap" && facts?.gap_h != null) return t.mustGap(gap(facts.gap_h, tongue));
  if (must === "overflow_risk" && facts?.overflow_probability != null) {
    return t.mustOverflow(chance(facts.overflow_probability));
  }
  if (must === "threshold" && facts?.fill_pct != null) {
    return t.mustThreshold(Math.round(facts.fill_pct));
  }
  return t.must[must];
}

/** Why a bin is served. */
export function servedText(
  served: Served,
  facts: PlannedBin | undefined,
  tongue: Tongue,
): string {
  const { t, locale } = tongue;
  const must = served.must == null ? "" : mustText(served.must, facts, tongue);
  switch (served.reason) {
    case "must":
      return must || t.mustAsked;
    case "locked":
      return must ? `${t.locked} ${must}` : t.locked;
    case "worth":
      return t.worth(
        rupiah(served.prize_rp, locale),
        rupiah(served.saving_rp, locale),
        facts?.overflow_probability == null ? "" : chance(facts.overflow_probability),
      );
    case "on_the_way":
      return t.onTheWay(rupiah(Math.max(served.saving_rp, 0), locale));
  }
}

/** Why a bin stays; `vehicle` is how the vehicle of the cheapest insertion is called. */
export function leftText(
  left: Left,
  facts: PlannedBin | undefined,
  vehicle: string,
  tongue: Tongue,
): string {
  const { t, locale } = tongue;
  const sentences = [];
  if (left.must != null) sentences.push(t.mustButLeft(mustText(left.must, facts, tongue)));
  sentences.push(
    left.reason === "not_worth" && left.insertion_rp != null
      ? t.notWorth(rupiah(left.insertion_rp, locale), rupiah(left.prize_rp, locale), vehicle)
      : t.outReasons[left.reason].text,
  );
  return sentences.join(" ");
}

/** How vehicles, places and times are called. */
export interface Names {
  vehicle: (code: string) => string;
  place: (code: string) => string;
  /** Of seconds from the start of the shift. */
  time: (seconds: number) => string;
  /** Of a moment as ISO 8601. */
  clock: (moment: string) => string;
}

/** A remark of the planner; null: of a plan from before there were codes, only its English is known. */
export function noteText(note: Note, names: Names, { t, locale }: Tongue): string | null {
  if (note.code == null) return null;
  const load = (kg: number | null | undefined, litres: number | null | undefined) =>
    [kg == null ? "" : `${decimal(kg, locale, 0)} kg`, litres == null ? "" : `${decimal(litres, locale, 0)} l`]
      .filter((one) => one !== "")
      .join(", ");
  return t.noteTexts[note.code]({
    vehicle: note.vehicle == null ? "" : names.vehicle(note.vehicle),
    bin: note.bin ?? "",
    place: note.place == null ? "" : names.place(note.place),
    position: note.position ?? 0,
    hurdle: note.hurdle == null ? "" : t.hurdles[note.hurdle],
    due: note.due_s == null ? "" : names.time(note.due_s),
    at: note.at_s == null ? "" : names.time(note.at_s),
    load: load(note.load_kg, note.load_l),
    most: load(note.most_kg, note.most_l),
  });
}

/** What is wrong with a change. */
export function faultText(fault: Fault, names: Names, { t }: Tongue): string {
  return t.faults[fault.why]({
    vehicle: fault.vehicle == null ? "" : names.vehicle(fault.vehicle),
    stops: fault.stops ?? null,
    position: fault.position ?? null,
    from: fault.from_at == null ? "" : names.clock(fault.from_at),
    until: fault.until_at == null ? "" : names.clock(fault.until_at),
  });
}

/** `Kendaraan B 9001: muatannya berubah`. */
export function outdatedText({ part, code, trait }: Outdated, names: Names, { t }: Tongue): string {
  const called = { vehicle: names.vehicle, depot: names.place, disposal_site: names.place };
  const name = part === "bin" ? code : called[part](code);
  return `${t.outdatedParts[part]} ${name}: ${t.outdatedTraits[trait]}`;
}

/** A rule that is broken: where, by what, and how far; of older plans the rule alone is known. */
export function violationText(wrong: Violation, names: Names, { t, locale }: Tongue): string {
  const figure = (value: number, unit: Unit) => {
    if (unit === "time") return names.time(value);
    const number = value.toLocaleString(locale, { maximumFractionDigits: 1 });
    return unit === "count" ? number : `${number} ${t.units[unit]}`;
  };
  const { figures } = wrong;
  const vehicle = wrong.vehicle == null ? "" : names.vehicle(wrong.vehicle);
  const known = [
    wrong.at == null ? "" : t.ruleAt(names.place(wrong.at)),
    wrong.reason == null ? "" : t.outReasons[wrong.reason].name,
    vehicle && wrong.code === "excuse" ? t.couldServe(vehicle) : vehicle,
    figures && t.ruleFigures(figure(figures.said, figures.unit), figure(figures.due, figures.unit)),
  ].filter(Boolean);
  const rule = `${names.vehicle(wrong.where)}: ${t.rules[wrong.code]}`;
  return known.length === 0 ? rule : `${rule} (${known.join("; ")})`;
}
