// Bahasa Indonesia: the language of the screen. `en.ts` has the same keys.

import type { FillClass, Role } from "../api";
import type { Span } from "../address";

export const id = {
  title: "Angkut",
  tagline: "Pemantauan bak sampah",
  loading: "Memuat…",
  loadFailed: "Data wilayah tidak dapat dimuat. Periksa sambungan, lalu coba lagi.",
  tryAgain: "Coba lagi",

  signIn: "Masuk",
  signOut: "Keluar",
  username: "Nama pengguna",
  password: "Kata sandi",
  signInRefused: "Nama pengguna atau kata sandi salah.",
  signInTooOften: "Terlalu banyak percobaan. Tunggu sebentar, lalu coba lagi.",
  signInFailed: "Server tidak dapat dihubungi. Periksa sambungan, lalu coba lagi.",
  language: "Bahasa",
  roles: {
    admin: "Admin",
    dispatcher: "Pengatur angkutan",
    driver: "Pengemudi",
    evaluator: "Penilai",
    viewer: "Pengamat",
  } satisfies Record<Role, string> as Record<Role, string>,

  live: "Langsung",
  connecting: "Menyambung…",
  updatedAt: (time: string) => `diperbarui ${time} WIB`,
  offlineSince: (time: string) => `Terputus sejak ${time} WIB`,

  map: "Peta bak sampah",
  zoomIn: "Perbesar",
  zoomOut: "Perkecil",
  wholeDistrict: "Lihat seluruh kecamatan",
  attribution: "Batas wilayah © Cahya DSN, wilayah_boundaries (MIT)",

  legend: "Tingkat isi",
  classes: {
    full: "Penuh",
    high: "Hampir penuh",
    half: "Setengah",
    low: "Rendah",
    empty: "Kosong",
    unknown: "Tidak diketahui",
  } satisfies Record<FillClass, string> as Record<FillClass, string>,
  ranges: {
    full: "90% ke atas",
    high: "75–90%",
    half: "50–75%",
    low: "10–50%",
    empty: "di bawah 10%",
    unknown: "tanpa laporan",
  } satisfies Record<FillClass, string> as Record<FillClass, string>,

  list: "Daftar bak",
  search: "Cari kode atau lokasi",
  area: "Kelurahan",
  allAreas: "Semua kelurahan",
  knownBins: "Terpenuh lebih dulu",
  unknownBins: "Tidak diketahui",
  silentFor: (time: string) => `diam ${time}`,
  neverReported: "belum pernah melapor",
  lastLevel: (percent: string) => `terakhir ${percent}`,
  nothingFound: "Tidak ada bak yang cocok.",
  noBins: "Belum ada bak terdaftar.",
  clearFilter: "Hapus saringan",
  showMore: (n: number) => `Tampilkan ${n} lagi`,
  expandList: "Perluas daftar",
  shrinkList: "Perkecil daftar",

  close: "Tutup",
  binNotFound: "Bak ini tidak ada.",
  fillNow: "Isi sekarang",
  lastKnownFill: "Isi terakhir yang diketahui",
  lastSeen: "Kabar terakhir",
  container: "Wadah",
  containers: {
    wheelie_120: "Bak beroda",
    wheelie_240: "Bak beroda",
    wheelie_660: "Bak beroda besar",
    cart: "Gerobak",
    arm_roll_6m3: "Kontainer arm roll",
  } as Record<string, string>,
  litres: (volume: string) => `${volume} liter`,
  battery: "Baterai",
  device: "Perangkat",
  survey: "Survei",
  invented: "Belum disurvei: letak dan data bak ini perkiraan.",
  surveyed: "Sudah disurvei di lapangan",
  neighbours: "Bak lain di tempat ini",
  never: "belum pernah",
  unknownWhy: "Tidak ada laporan tepercaya dalam tiga selang kirim terakhir. Bak ini bukan berarti kosong.",

  curve: "Riwayat isi",
  spans: { "24h": "24 jam", "7d": "7 hari", "28d": "28 hari" } satisfies Record<Span, string> as Record<Span, string>,
  curveSummary: (n: number, low: string, high: string) =>
    `Grafik isi: ${n} titik, antara ${low} dan ${high}.`,
  curveEmpty: "Tidak ada laporan tepercaya dalam rentang ini.",
  curveFailed: "Riwayat tidak dapat dimuat.",
  curveHint: "Garis: rata-rata. Pita: terendah hingga tertinggi. Jeda: tidak ada laporan.",
  bucketRange: (low: string, high: string) => `${low}–${high}`,

  justNow: "baru saja",
  ago: (time: string) => `${time} lalu`,
  minutes: (n: number) => `${n} menit`,
  hours: (n: number) => `${n} jam`,
  days: (n: number) => `${n} hari`,
};

export type Messages = typeof id;
