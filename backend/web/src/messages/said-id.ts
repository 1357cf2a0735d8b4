// What planner and service say of plans, in Bahasa Indonesia. `said-en.ts` has the same keys.

import type { FaultField, FaultWord, Hurdle, NoteCode, Outdated } from "../api";

/** What a remark of the planner is about, as people call it; empty where it is not said. */
export interface NoteParts {
  vehicle: string;
  bin: string;
  place: string;
  position: number;
  hurdle: string;
  due: string;
  at: string;
  load: string;
  most: string;
}

/** What a fault is about; null and empty where it is not said. */
export interface FaultParts {
  vehicle: string;
  stops: number | null;
  position: number | null;
  from: string;
  until: string;
}

type NoteTexts = Record<NoteCode, (parts: NoteParts) => string>;
type FaultTexts = Record<FaultWord, (parts: FaultParts) => string>;

export const saidId = {
  noteTexts: {
    overloaded: ({ vehicle, load, most }) =>
      `${vehicle} membawa ${load}, padahal muatannya ${most}: membongkar dulu sebelum mengangkut lagi.`,
    no_way_home: ({ vehicle }) => `${vehicle} tidak punya rute: tidak ada jalan pulang.`,
    late_home: ({ vehicle, due, at }) =>
      `${vehicle} tidak dapat kembali pukul ${due} WIB: langsung pulang, tiba pukul ${at}.`,
    loaded_home: ({ vehicle, load }) =>
      `${vehicle} pulang membawa ${load}: tempat bongkar tutup sebelum terjangkau.`,
    no_break: ({ vehicle }) => `${vehicle} pulang tanpa istirahat: tidak ada waktu.`,
    not_first: ({ vehicle, bin, hurdle }) =>
      `${bin} tidak dapat termasuk perhentian pertama ${vehicle}: ${hurdle}.`,
    place_lost: ({ vehicle, bin, position }) =>
      `${bin} tetap dikunci di ${vehicle}, tetapi tidak lagi di urutan ${position}.`,
    at_the_end: ({ vehicle, bin, position }) =>
      `${bin} dikunci di ${vehicle} urutan ${position}, tetapi kendaraan itu berhenti lebih sedikit: menjadi yang terakhir.`,
    lock_lost: ({ vehicle, bin }) =>
      `${bin} tidak lagi dikunci di ${vehicle}, karena kendaraan itu tidak jalan.`,
    depot_off_roads: ({ place }) =>
      `Tidak ada jalan ke pool ${place}: kendaraannya tidak jalan. Perbaiki letaknya di data wilayah, atau bangun jaringan jalan dari peta yang mencakupnya.`,
    disposal_off_roads: ({ place }) =>
      `Tidak ada jalan ke tempat pembuangan ${place}: kendaraan membongkar di tempat lain. Perbaiki letaknya di data wilayah, atau bangun jaringan jalan dari peta yang mencakupnya.`,
  } satisfies NoteTexts as NoteTexts,
  hurdles: {
    access: "kendaraan ini tidak dapat masuk atau mengosongkannya",
    unreachable: "tidak ada jalan",
    window: "di luar jam layanannya",
    load: "muatan tidak cukup",
    trips: "terlalu banyak ritase",
    stops: "terlalu banyak perhentian",
    closed: "tempat bongkar sudah tutup",
    break: "istirahat tidak dapat diambil",
    shift: "kendaraan tidak kembali dalam jam kerja",
  } satisfies Record<Hurdle, string> as Record<Hurdle, string>,
  faults: {
    unknown: () => "Tidak ada dalam rencana ini.",
    served: ({ vehicle }) =>
      `Pada saat itu sudah, atau sedang, diangkut${vehicle && ` oleh ${vehicle}`}.`,
    outside_shift: ({ from, until }) =>
      `Waktu ini di luar giliran kerja${from && until && ` (${from}–${until} WIB)`}.`,
    before_plan: ({ from }) =>
      `Waktu ini sebelum rencana ini mulai${from && ` (${from} WIB)`}. Pilih waktu sesudahnya, atau ubah rencana sebelumnya.`,
    not_driving: ({ vehicle }) =>
      `${vehicle || "Kendaraannya"} tidak jalan. Jalankan lagi, atau kunci di kendaraan lain.`,
    alley: ({ vehicle }) =>
      `Letaknya di gang, ${vehicle || "kendaraan ini"} tidak dapat masuk.`,
    container: ({ vehicle }) =>
      `${vehicle || "Kendaraan ini"} tidak dapat mengosongkan wadahnya.`,
    too_large: ({ vehicle }) => `Isinya tidak muat di ${vehicle || "kendaraan ini"}.`,
    kept_apart: ({ vehicle }) =>
      `Petugas memisahkan bak ini dari ${vehicle || "kendaraan ini"}.`,
    no_vehicle: () => "Tidak ada kendaraan yang dapat mengangkutnya.",
    no_position: ({ vehicle, stops }) =>
      `${vehicle || "Kendaraan ini"} tidak berhenti sebanyak itu${stops === null ? "" : `: paling banyak ${stops} kali`}.`,
    position_fixed: ({ vehicle, stops, position }) =>
      position !== null
        ? `Bak ini sudah tetap di urutan ${position}. Kurangi perhentian yang dipertahankan.`
        : `${stops === null ? "Urutan itu" : `${stops} perhentian pertama ${vehicle}`} sudah tetap. Kurangi perhentian yang dipertahankan.`,
    fewer_stops: ({ vehicle, stops }) =>
      stops === null
        ? "Perhentian yang tersisa tidak sebanyak itu."
        : `Perhentian ${vehicle} yang tersisa hanya ${stops}.`,
    off_road: () => "Di tempat yang dilaporkan tidak ada jalan. Pilih titik di jalan.",
  } satisfies FaultTexts as FaultTexts,
  faultFields: {
    locks: "Kunci",
    hours: "Jam terjangkau",
    forbid: "Tidak diangkut",
    force: "Ditambahkan",
    complaints: "Pengaduan",
    unlock: "Buka kunci",
    fixed_first: "Perhentian yang dipertahankan",
    without: "Kendaraan yang tidak dipakai",
    again: "Kendaraan yang jalan lagi",
    queues: "Antrean",
    "underway.at": "Waktu hitung ulang",
    "underway.served": "Sudah diangkut",
    "underway.vehicles": "Keadaan kendaraan",
  } satisfies Record<FaultField, string> as Record<FaultField, string>,
  /** Why a plan is not accepted or published. */
  decisionRefusals: {
    shift_over: "Giliran kerja rencana ini sudah selesai. Buat rencana untuk hari lain.",
    plan_violates: "Rencana ini melanggar aturan (lihat di atas). Hitung ulang, atau buat rencana baru.",
    outdated:
      "Data kendaraan, bak, atau tempat di rute ini sudah berubah sejak rencana dibuat. Buat rencana baru.",
    nothing_to_plan:
      "Kendaraan, pool, atau tempat pembuangan tidak terdaftar lagi, atau datanya saling bertentangan. Perbaiki dan muat lagi data wilayahnya.",
    other_course:
      "Kendaraan sudah menjalankan rencana yang berlaku, dan rencana ini bukan lanjutannya. Ubah rencana yang berlaku lewat “Sedang berjalan”, atau tarik dulu rencana itu.",
  } as Record<string, string>,
  /** What a plan rests on and is not as it was. */
  outdatedParts: {
    vehicle: "Kendaraan",
    depot: "Pool",
    disposal_site: "Tempat pembuangan",
    bin: "Bak",
  } satisfies Record<Outdated["part"], string> as Record<Outdated["part"], string>,
  outdatedTraits: {
    gone: "tidak terdaftar lagi",
    kind: "jenisnya berubah",
    depot: "poolnya berubah",
    access: "jalan masuknya berubah",
    containers: "wadah yang dapat dikosongkan berubah",
    container: "wadahnya berubah",
    volume: "volumenya berubah",
    payload: "muatannya berubah",
    place: "letaknya berubah",
    opening: "jam bukanya berubah",
  } satisfies Record<Outdated["trait"], string> as Record<Outdated["trait"], string>,
  andOthers: "dan lainnya",
};

export type Said = typeof saidId;
