// Plans for tests: one district, two vehicles, four bins.

import type { PlanLine, PlannedBin, PlanRecord, PlanStep, VehicleAt } from "../api";

export const SHIFT_START = "2026-11-22T22:00:00Z";

export function bin(code: string, change: Partial<PlannedBin> = {}): PlannedBin {
  return {
    code,
    lon: 107,
    lat: -6.25,
    area: "A",
    container: "wheelie_240",
    access: "road",
    load_l: 100,
    load_kg: 20,
    fill_pct: 60,
    overflow_probability: 0.5,
    gap_h: 53,
    trusted: true,
    windows: [],
    ...change,
  };
}

export function step(kind: PlanStep["kind"], code: string, change: Partial<PlanStep> = {}): PlanStep {
  return {
    kind,
    code,
    arrive_s: 0,
    begin_s: 0,
    leave_s: 0,
    distance_m: 1000,
    load_l: 0,
    load_kg: 0,
    trip: 1,
    ...change,
  };
}

/** DT01 takes B-1 and B-2 in two trips with a break, MS01 takes B-3; B-4 to B-6 stay. */
export function plan(change: Partial<PlanRecord> = {}): PlanRecord {
  return {
    plan_id: "0b8f4a52-0000-4000-8000-000000000001",
    district: "32.75.01",
    timezone: "Asia/Jakarta",
    shift_start: SHIFT_START,
    policy: "integrated",
    parameters: {},
    budget: {},
    readings_as_of: "2026-11-22T21:50:00Z",
    state: null,
    author: "account:siti",
    created_at: "2026-11-22T21:51:00Z",
    is_treated: true,
    data_trust: [{ area: "A", name: "Durenjaya", bins: 6, trusted: 6, is_fixed: false }],
    violations: [],
    events: [],
    parent_id: null,
    changes: null,
    standing: null,
    problem: {
      bins: ["B-1", "B-2", "B-3", "B-4", "B-5", "B-6"].map((code) =>
        bin(code, code === "B-6" ? { area: "B" } : {}),
      ),
      vehicles: ["X-Y-DT01", "X-Y-DT02", "X-Y-MS01"].map((code) => ({
        code,
        kind: "dump_truck",
        access: "road",
        volume_l: 1000,
        payload_kg: 1000,
        shift: { from_s: 0, to_s: 32_400 },
      })),
      depots: [{ code: "POOL", lon: 107, lat: -6.25 }],
      disposal_sites: [
        { code: "TPA", lon: 107, lat: -6.3 },
        { code: "TPS", lon: 107, lat: -6.2 },
      ],
    },
    plan: {
      v: 1,
      routes: [
        {
          vehicle: "X-Y-DT01",
          steps: [
            step("start", "POOL", { distance_m: 0, leave_s: 60 }),
            step("stop", "B-1", { begin_s: 300 }),
            step("unload", "TPA", { arrive_s: 1000, begin_s: 1600, leave_s: 2200 }),
            step("break", "", { trip: 2, distance_m: 0 }),
            step("stop", "B-2", { trip: 2, begin_s: 4000 }),
            step("unload", "TPA", { trip: 2, arrive_s: 5000, begin_s: 5300, leave_s: 6000 }),
            step("end", "POOL", { trip: 2, arrive_s: 7200 }),
          ],
        },
        {
          vehicle: "X-Y-MS01",
          steps: [step("start", "POOL"), step("stop", "B-3"), step("unload", "TPS"), step("end", "POOL")],
        },
      ],
      served: [
        { bin: "B-1", vehicle: "X-Y-DT01", reason: "must", must: "longest_gap", prize_rp: 9000, saving_rp: 4000 },
        { bin: "B-2", vehicle: "X-Y-DT01", reason: "worth", prize_rp: 45_000, saving_rp: 8_100 },
        { bin: "B-3", vehicle: "X-Y-MS01", reason: "on_the_way", prize_rp: 100, saving_rp: -20 },
      ],
      left: [
        { bin: "B-4", reason: "not_worth", prize_rp: 100, insertion_rp: 5000, vehicle: "X-Y-MS01" },
        { bin: "B-5", reason: "no_time", must: "overflow_risk", prize_rp: 50 },
        { bin: "B-6", reason: "not_worth", prize_rp: 900, insertion_rp: 1000 },
      ],
      totals: {
        distance_m: 9000,
        duration_s: 7200,
        queue_s: 900,
        load_kg: 60,
        load_l: 300,
        trips: 3,
        stops: 3,
        vehicles: 2,
        cost_rp: 1,
        missed_rp: 1,
        changed: 0,
        objective_rp: 2,
      },
      provenance: {
        problem_sha256: "",
        travel_sha256: "",
        travel_source: "",
        approximate: true,
        seed: 1,
        iterations: 1,
        solver: "",
        stage: "search",
      },
      notes: [],
    },
    ...change,
  };
}

export function line(id: string, change: Partial<PlanLine> = {}): PlanLine {
  const { district, shift_start, policy, state, author, created_at, is_treated, plan: whole } = plan();
  return {
    plan_id: id,
    district,
    shift_start,
    policy,
    state,
    author,
    created_at,
    is_treated,
    approximate: true,
    violations: 0,
    totals: whole.totals,
    ...change,
  };
}

export function vehicleAt(vehicle: string, change: Partial<VehicleAt> = {}): VehicleAt {
  return {
    vehicle,
    has_left: true,
    lon: 107,
    lat: -6.25,
    free_at: null,
    load_kg: 0,
    load_l: 0,
    served: [],
    step: null,
    is_driving: false,
    next_bin: null,
    ...change,
  };
}
