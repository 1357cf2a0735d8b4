import { describe, expect, test } from "vitest";
import type { Candidate, Target } from "./api";
import {
  cautions,
  claimOf,
  distanceM,
  type Draft,
  emptyDraft,
  type Measures,
  measured,
  measuresOf,
  missing,
  newId,
  parseNumber,
} from "./draft";

const HERE = { lon: 107.01, lat: -6.23, accuracy_m: 10 };

const BIN: Target = {
  code: "BKS-BT-0241",
  short_code: "0241-5",
  site_name: "TPS RW 04",
  area_name: "Bekasi Jaya",
  container: "wheelie_660",
  volume_l: 660,
  lon: HERE.lon,
  lat: HERE.lat,
  invented: true,
  far_m: 100,
  mounted: null,
};

const DEVICE: Candidate = {
  device_id: "70b3d57ed0001234",
  model: "EM400-MUD",
  interval_s: 1800,
  bin_code: null,
  seen_at: null,
};

const MOUNTED: Target["mounted"] = {
  device_id: "other",
  since: "2026-01-01T00:00:00Z",
  claim_id: null,
  actor: null,
  has_photo: false,
  d_empty_mm: 1205,
  d_full_mm: 200,
  offset_mm: 0,
  angle_deg: 0,
  kind: "lid",
  inner_depth_mm: null,
  sensor_height_mm: null,
};

function measures(change: Partial<Measures> = {}): Measures {
  return { empty: "120", full: "20", depth: "", height: "", angle: "", ...change };
}

function filled(change: Partial<Draft> = {}): Draft {
  const draft = emptyDraft("6f1d8e1c-0000-4000-8000-000000000000");
  return { ...draft, bin: BIN, device: DEVICE, place: HERE, measures: measures(), ...change };
}

test("numbers are read as people here write them, and nothing is guessed", () => {
  expect(["120", " 120,5 ", "-3.5", "0"].map(parseNumber)).toEqual([120, 120.5, -3.5, 0]);
  const wrong = ["", "12o", "1.200", "1e3", "∞", "1,2,3", "120 cm"];
  expect(wrong.map(parseNumber)).toEqual(wrong.map(() => null));
});

describe("measures", () => {
  test("are centimetres and become millimetres", () => {
    const { hanging } = measured(measures({ empty: "120,5", depth: "110", height: "10", angle: "7,5" }), "lid");
    expect(hanging).toEqual({
      d_empty_mm: 1205,
      d_full_mm: 200,
      offset_mm: 0,
      angle_deg: 7.5,
      kind: "lid",
      inner_depth_mm: 1100,
      sensor_height_mm: 100,
    });
  });

  test.each([
    [{ empty: "" }, "empty", "missing"],
    [{ empty: "abc" }, "empty", "number"],
    [{ empty: "3000" }, "empty", "range"],
    [{ full: "120" }, "full", "order"],
    [{ depth: "80", height: "5" }, "depth", "sum"],
    [{ angle: "61" }, "angle", "range"],
    [{ height: "x" }, "height", "number"],
  ] as const)("%o: %s is %s", (change, field, trouble) => {
    const found = measured(measures(change), null);
    expect(found.hanging).toBeNull();
    expect(found.troubles[field]).toBe(trouble);
  });

  test("begin with those of the sensor that hangs there", () => {
    const found = measuresOf({ ...BIN, mounted: MOUNTED });
    expect([found.empty, found.full, found.depth, found.angle]).toEqual(["120.5", "20", "", ""]);
    expect(measured(found, null).hanging?.d_empty_mm).toBe(1205);
  });
});

describe("what must be confirmed", () => {
  test("nothing at the right bin with a sensor from stock", () => {
    expect(cautions(filled())).toEqual([]);
    expect(missing(filled())).toEqual([]);
  });

  test("a distance beyond the bound and what the phone may be wrong by", () => {
    const place = { ...HERE, lat: HERE.lat - 0.001 }; // 111 m
    expect(Math.round(distanceM(place, BIN))).toBe(111);
    expect(cautions(filled({ place: { ...place, accuracy_m: 5 } }))).toEqual(["far"]);
    expect(cautions(filled({ place: { ...place, accuracy_m: 20 } }))).toEqual([]);
    expect(cautions(filled({ place: { ...place, accuracy_m: null } }))).toEqual(["far"]);
    const lost = { ...HERE, lat: HERE.lat - 0.01, accuracy_m: 5000 };
    expect(cautions(filled({ place: lost }))).toEqual(["far"]);
  });

  test("no position, a taken bin and a sensor from elsewhere, all at once", () => {
    const draft = filled({
      place: null,
      bin: { ...BIN, mounted: MOUNTED },
      device: { ...DEVICE, bin_code: "BKS-BT-0001" },
    });
    expect(cautions(draft)).toEqual(["no_position", "replace", "move"]);
    expect(missing(draft)).toEqual(["confirm"]);
    const confirmed = { ...draft, confirmed: cautions(draft) };
    expect(missing(confirmed)).toEqual([]);
    expect(claimOf(confirmed)?.confirmed).toEqual(["no_position", "replace", "move"]);
  });

  test("the same sensor measured anew needs no confirmation", () => {
    const draft = filled({
      bin: { ...BIN, mounted: { ...MOUNTED, device_id: DEVICE.device_id } },
      device: { ...DEVICE, bin_code: BIN.code },
    });
    expect(cautions(draft)).toEqual([]);
  });
});

test("what is missing is named in the order of the page", () => {
  expect(missing(emptyDraft("x"))).toEqual(["bin", "device", "measures"]);
  expect(claimOf(emptyDraft("x"))).toBeNull();
});

test("only what is still asked about is sent as confirmed", () => {
  const claim = claimOf(filled({ confirmed: ["far", "replace"], note: " miring " }));
  expect(claim).toMatchObject({ confirmed: [], note: "miring", position: HERE });
});

test("ids are those of RFC 9562, with a secure context or without", () => {
  const form = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
  expect(newId()).toMatch(form);
  const { randomUUID } = crypto;
  Object.defineProperty(crypto, "randomUUID", { value: undefined, configurable: true });
  try {
    expect(newId()).toMatch(form);
    expect(newId()).not.toBe(newId());
  } finally {
    Object.defineProperty(crypto, "randomUUID", { value: randomUUID, configurable: true });
  }
});
