// What planner and service say of plans, in English.

import type { Said } from "./said-id";

export const saidEn: Said = {
  noteTexts: {
    overloaded: ({ vehicle, load, most }) =>
      `${vehicle} carries ${load} and holds ${most}: it serves nothing before it has unloaded.`,
    no_way_home: ({ vehicle }) => `${vehicle} has no route: no road leads it home.`,
    late_home: ({ vehicle, due, at }) =>
      `${vehicle} cannot be back by ${due} WIB: it goes home at once and is there at ${at}.`,
    loaded_home: ({ vehicle, load }) =>
      `${vehicle} comes home with ${load}: it reaches no disposal site before it closes.`,
    no_break: ({ vehicle }) => `${vehicle} goes home without its break: there is no time for it.`,
    not_first: ({ vehicle, bin, hurdle }) =>
      `${bin} cannot be among the first stops of ${vehicle}: ${hurdle}.`,
    place_lost: ({ vehicle, bin, position }) =>
      `${bin} is locked to ${vehicle} still, but no longer to its place ${position}.`,
    at_the_end: ({ vehicle, bin, position }) =>
      `${bin} is locked to place ${position} of ${vehicle}, which makes fewer stops: it comes at the end.`,
    lock_lost: ({ vehicle, bin }) =>
      `${bin} is no longer locked to ${vehicle}, which does not drive.`,
    depot_off_roads: ({ place }) =>
      `No road leads to the depot ${place}: its vehicles stay. Correct its place in the district's data, or build the road network from a map that covers it.`,
    disposal_off_roads: ({ place }) =>
      `No road leads to the disposal site ${place}: vehicles unload elsewhere. Correct its place in the district's data, or build the road network from a map that covers it.`,
  },
  hurdles: {
    access: "this vehicle does not get there, or cannot empty it",
    unreachable: "no road leads there",
    window: "outside its hours",
    load: "no room is left",
    trips: "too many trips",
    stops: "too many stops",
    closed: "the disposal site has closed",
    break: "there is no place for the break",
    shift: "the vehicle is not back within its shift",
  },
  faults: {
    unknown: () => "This plan has none of it.",
    served: ({ vehicle }) => `It is served by then, or being served${vehicle && `, by ${vehicle}`}.`,
    outside_shift: ({ from, until }) =>
      `This time is outside the shift${from && until && ` (${from}–${until} WIB)`}.`,
    before_plan: ({ from }) =>
      `This time is before this plan begins${from && ` (${from} WIB)`}. Choose a later one, or change the plan before it.`,
    not_driving: ({ vehicle }) =>
      `${vehicle || "Its vehicle"} does not drive. Let it drive again, or lock to another.`,
    alley: ({ vehicle }) =>
      `It stands in an alley where ${vehicle || "this vehicle"} does not get in.`,
    container: ({ vehicle }) => `${vehicle || "This vehicle"} cannot empty its container.`,
    too_large: ({ vehicle }) => `What it holds does not fit into ${vehicle || "this vehicle"}.`,
    kept_apart: ({ vehicle }) =>
      `A person keeps this bin and ${vehicle || "this vehicle"} apart.`,
    no_vehicle: () => "No vehicle can serve it.",
    no_position: ({ vehicle, stops }) =>
      `${vehicle || "This vehicle"} does not make so many stops${stops === null ? "" : `: ${stops} at most`}.`,
    position_fixed: ({ vehicle, stops, position }) =>
      position !== null
        ? `This bin is fixed at place ${position}. Keep fewer stops.`
        : `${stops === null ? "That place is" : `The first ${stops} stops of ${vehicle} are`} fixed. Keep fewer stops.`,
    fewer_stops: ({ vehicle, stops }) =>
      stops === null ? "There are not so many stops left." : `${vehicle} has only ${stops} stops left.`,
    off_road: () => "There is no road where it was reported. Choose a point on a road.",
  },
  faultFields: {
    locks: "Lock",
    hours: "Hours",
    forbid: "Not served",
    force: "Added",
    complaints: "Complaint",
    unlock: "Unlock",
    fixed_first: "Stops that are kept",
    without: "Vehicle that is not used",
    again: "Vehicle that drives again",
    queues: "Queue",
    "underway.at": "Time of the replan",
    "underway.served": "Served",
    "underway.vehicles": "State of a vehicle",
  },
  decisionRefusals: {
    shift_over: "The shift of this plan is over. Make a plan for another day.",
    plan_violates: "This plan breaks rules (see above). Replan it, or make a new one.",
    outdated:
      "Vehicles, bins or places of these routes have changed since the plan was made. Make a new plan.",
    nothing_to_plan:
      "Vehicles, the depot or disposal sites are registered no more, or contradict each other. Mend the district's data and load it again.",
    other_course:
      "Vehicles follow the plan in force already, and this one does not go on from it. Change the one in force with “Under way”, or withdraw that one first.",
  },
  outdatedParts: {
    vehicle: "Vehicle",
    depot: "Depot",
    disposal_site: "Disposal site",
    bin: "Bin",
  },
  outdatedTraits: {
    gone: "registered no more",
    kind: "another kind",
    depot: "another depot",
    access: "another access",
    containers: "empties other containers",
    container: "another container",
    volume: "another volume",
    payload: "another payload",
    place: "another place",
    opening: "other opening hours",
  },
  andOthers: "and others",
};
