import { expect, it } from "vitest";
import type {
  Breach,
  Fault,
  FaultWord,
  Hurdle,
  InReason,
  MustReason,
  Note,
  NoteCode,
  OutReason,
  Outdated,
  Unit,
  Violation,
} from "../api";
import { en } from "../messages/en";
import { id } from "../messages/id";
import { bin } from "../testing/plan";
import { chance, faultText, gap, leftText, mustText, noteText, outdatedText, servedText, span, violationText } from "./words";

const INDONESIAN = { t: id.plans, locale: "id-ID" } as const;
const ENGLISH = { t: en.plans, locale: "en-GB" } as const;
const IN: InReason[] = ["must", "locked", "worth", "on_the_way"];
const OUT = Object.keys(id.plans.outReasons) as OutReason[];
const MUST = Object.keys(id.plans.must) as MustReason[];

it("what must be served says so with its figure", () => {
  const facts = bin("B", { gap_h: 98, overflow_probability: 0.985, fill_pct: 71.4 });
  expect(mustText("longest_gap", facts, INDONESIAN)).toBe("Wajib: sudah 4 hari 2 jam belum dikosongkan.");
  expect(mustText("overflow_risk", facts, ENGLISH)).toContain("99%");
  expect(mustText("threshold", facts, INDONESIAN)).toContain("71%");
  expect(mustText("longest_gap", undefined, INDONESIAN)).toBe(id.plans.must.longest_gap);
});

it("what is worth it says what waiting and what serving costs", () => {
  const served = { bin: "B", vehicle: "V", reason: "worth", prize_rp: 45_200, saving_rp: 8_100 } as const;
  expect(servedText(served, bin("B", { overflow_probability: 0.63 }), INDONESIAN)).toBe(
    "Layak: menunda diperkirakan merugikan Rp 45.200 (peluang meluap 63%), menjemput menambah Rp 8.100.",
  );
  expect(servedText(served, undefined, ENGLISH)).toBe(
    "Worth it: waiting is expected to cost Rp 45,200, serving adds Rp 8,100.",
  );
});

it("a bin on the way never costs less than nothing", () => {
  const served = { bin: "B", vehicle: "V", reason: "on_the_way", prize_rp: 1, saving_rp: -80 } as const;
  expect(servedText(served, undefined, ENGLISH)).toBe("On the way: adds only Rp 0.");
});

it("a bin that had to be served and stays says both", () => {
  const left = { bin: "B", reason: "no_time", must: "complaint", prize_rp: 0 } as const;
  expect(leftText(left, undefined, "", ENGLISH)).toBe(
    "Must: a citizen complained. But it is left: No time is left in this shift.",
  );
});

it("what is not worth it names the vehicle that would come cheapest", () => {
  const left = { bin: "B", reason: "not_worth", prize_rp: 1_846, insertion_rp: 2_083 } as const;
  expect(leftText(left, undefined, "MS03", INDONESIAN)).toContain("dengan MS03 menambah Rp 2.083");
});

it.each([INDONESIAN, ENGLISH])("every reason has words", (tongue) => {
  for (const reason of IN) {
    for (const must of [undefined, ...MUST]) {
      const served = { bin: "B", vehicle: "V", reason, must: must ?? null, prize_rp: 1, saving_rp: 1 };
      expect(servedText(served, bin("B"), tongue)).toMatch(/\p{L}.*\.$/u);
    }
  }
  for (const reason of OUT) {
    expect(leftText({ bin: "B", reason, prize_rp: 1 }, undefined, "", tongue)).toMatch(/\p{L}.*\.$/u);
  }
});

it("certainty is never claimed", () => {
  expect([0, 0.004, 0.5, 0.989, 0.999, 1].map(chance)).toEqual(["<1%", "<1%", "50%", "99%", ">99%", ">99%"]);
});

it("spans of time are told in the units that people use", () => {
  expect([0.2, 47.4, 48, 98].map((hours) => gap(hours, INDONESIAN))).toEqual([
    "0 jam",
    "47 jam",
    "2 hari",
    "4 hari 2 jam",
  ]);
  expect([40, 1800, 3900, -3900].map((seconds) => span(seconds, ENGLISH))).toEqual([
    "1 min",
    "30 min",
    "1 h 05 min",
    "1 h 05 min",
  ]);
});

const NAMES = {
  vehicle: (code: string) => code.replace("BKS-", ""),
  place: (code: string) => code.replace("TPA", "TPA Sumur Batu"),
  time: (seconds: number) => `${5 + seconds / 3600}.00`,
  clock: (moment: string) => moment.slice(11, 16),
};
const CODES = Object.keys(id.plans.noteTexts) as NoteCode[];
const WHYS = Object.keys(id.plans.faults) as FaultWord[];

it("a remark of the planner is said with what it is about", () => {
  const late: Note = { code: "late_home", text: "", vehicle: "BKS-DT01", due_s: 32_400, at_s: 36_000 };
  expect(noteText(late, NAMES, INDONESIAN)).toBe(
    "DT01 tidak dapat kembali pukul 14.00 WIB: langsung pulang, tiba pukul 15.00.",
  );
  const loaded: Note = { code: "loaded_home", text: "", vehicle: "BKS-DT01", load_kg: 1700, load_l: 0 };
  expect(noteText(loaded, NAMES, INDONESIAN)).toContain("DT01 pulang membawa 1.700 kg, 0 l:");
  const notFirst: Note = { code: "not_first", text: "", vehicle: "V", bin: "B-1", hurdle: "closed" };
  expect(noteText(notFirst, NAMES, ENGLISH)).toBe(
    "B-1 cannot be among the first stops of V: the disposal site has closed.",
  );
});

it("a vehicle that carries too much is told with what it holds", () => {
  const load = { load_kg: 3_300, load_l: 5_200, most_kg: 3_000, most_l: 5_000 };
  const note: Note = { code: "overloaded", text: "", vehicle: "BKS-DT01", ...load };
  expect(noteText(note, NAMES, INDONESIAN)).toBe(
    "DT01 membawa 3.300 kg, 5.200 l, padahal muatannya 3.000 kg, 5.000 l: membongkar dulu sebelum mengangkut lagi.",
  );
});

it("a place that no road leads to is named as people call it", () => {
  const note: Note = { code: "disposal_off_roads", text: "", place: "TPA" };
  expect(noteText(note, NAMES, INDONESIAN)).toMatch(/^Tidak ada jalan ke tempat pembuangan TPA Sumur Batu: /);
  expect(noteText({ ...note, code: "depot_off_roads", place: "POOL" }, NAMES, ENGLISH)).toMatch(
    /^No road leads to the depot POOL: its vehicles stay\./,
  );
});

const BARE = { detail: "", at: null, vehicle: null, reason: null, figures: null };

it("a broken rule is told with where, by what and how far", () => {
  const heavy: Violation = {
    ...BARE,
    code: "capacity",
    where: "BKS-DT01",
    at: "B-12",
    figures: { said: 5_200, due: 5_000, unit: "l" },
  };
  expect(violationText(heavy, NAMES, INDONESIAN)).toBe(
    "DT01: melebihi muatan (di B-12; rencana 5.200 l, aturan 5.000 l)",
  );
  const shut: Violation = { ...heavy, code: "closed", at: "TPA", figures: { said: 36_000, due: 32_400, unit: "time" } };
  expect(violationText(shut, NAMES, ENGLISH)).toBe(
    "DT01: the disposal site is closed (at TPA Sumur Batu; the plan has 15.00, the rules 14.00)",
  );
  const excuse: Violation = { ...BARE, code: "excuse", where: "B-6", vehicle: "BKS-DT01", reason: "no_capacity" };
  expect(violationText(excuse, NAMES, INDONESIAN)).toBe(
    "B-6: alasan bak ditinggal tidak benar (Muatan penuh; DT01 dapat mengangkutnya)",
  );
});

it.each([INDONESIAN, ENGLISH])("every broken rule has words, whatever is known of it", (tongue) => {
  for (const code of Object.keys(id.plans.rules) as Breach[]) {
    expect(violationText({ ...BARE, code, where: "B-6" }, NAMES, tongue)).toMatch(/^B-6: [^()]+$/);
    for (const unit of ["time", "count", ...Object.keys(id.plans.units)] as Unit[]) {
      const said = violationText({ ...BARE, code, where: "B-6", figures: { said: 2, due: 1, unit } }, NAMES, tongue);
      expect(said).toMatch(/ \(.*\d.*\d.*\)$/);
      expect(said).not.toMatch(/undefined|null|  | ,/);
    }
  }
});

it("of a remark from before there were codes only the sentence is known", () => {
  expect(noteText({ text: "T1 is late" }, NAMES, INDONESIAN)).toBeNull();
  expect(noteText({ code: null, text: "T1 is late" }, NAMES, ENGLISH)).toBeNull();
});

it.each([INDONESIAN, ENGLISH])("every remark and fault is a sentence, whatever is known of it", (tongue) => {
  for (const code of CODES) {
    for (const hurdle of Object.keys(id.plans.hurdles) as Hurdle[]) {
      const note: Note = { code, text: "", vehicle: "BKS-DT01", bin: "B-1", place: "TPA", position: 3, hurdle };
      expect(noteText(note, NAMES, tongue)).toMatch(/\b(DT01|TPA Sumur Batu)\b.*\.$/);
    }
  }
  for (const why of WHYS) {
    const bare: Fault = { field: "locks", code: "B-1", why, detail: "" };
    const whole: Fault = { ...bare, vehicle: "V", stops: 3, from_at: "2026-11-22T22:00:00Z", until_at: null };
    for (const fault of [bare, whole, { ...bare, vehicle: null, stops: null, position: 2 }]) {
      const said = faultText(fault, NAMES, tongue);
      expect(said).toMatch(/^[\p{Lu}\d].*\.$/u);
      expect(said).not.toMatch(/undefined|null|  /);
    }
  }
});

it("a fault is said with its figures", () => {
  const outside: Fault = {
    field: "underway.at",
    code: null,
    why: "outside_shift",
    detail: "",
    from_at: "2026-11-22T22:00:00Z",
    until_at: "2026-11-23T07:00:00Z",
  };
  expect(faultText(outside, NAMES, INDONESIAN)).toBe("Waktu ini di luar giliran kerja (22:00–07:00 WIB).");
  const fixed: Fault = { field: "locks", code: "B", why: "position_fixed", detail: "", vehicle: "V", stops: 4 };
  expect(faultText(fixed, NAMES, INDONESIAN)).toContain("4 perhentian pertama V sudah tetap.");
});

it("what is not as it was is named as people call it", () => {
  const said = (part: Outdated["part"], code: string, trait: Outdated["trait"]) =>
    outdatedText({ part, code, trait, detail: "" }, NAMES, INDONESIAN);
  expect(said("vehicle", "BKS-DT01", "payload")).toBe("Kendaraan DT01: muatannya berubah");
  expect(said("disposal_site", "TPA", "opening")).toBe("Tempat pembuangan TPA Sumur Batu: jam bukanya berubah");
  expect(said("bin", "B-1", "gone")).toBe("Bak B-1: tidak terdaftar lagi");
});
