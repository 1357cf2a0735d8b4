import type { FeatureCollection } from "geojson";
import { expect, it } from "vitest";
import type { VehicleAt } from "../api";
import { plan, vehicleAt } from "../testing/plan";
import { drivesOf } from "./drives";
import { linksOfTrip, namesIn } from "./navigation";
import { marksOf, trucksOf, waysOf } from "./planmapstyle";

const EXPORTED: FeatureCollection = {
  type: "FeatureCollection",
  features: [
    {
      type: "Feature",
      geometry: { type: "LineString", coordinates: [[107, -6], [107, -6.1]] },
      properties: { kind: "trip", vehicle: "X-Y-DT01", trip: 1, approximate: true, navigation: ["https://a", "https://b"] },
    },
    {
      type: "Feature",
      geometry: { type: "LineString", coordinates: [[107, -6], [107, -6.1]] },
      properties: { kind: "trip", vehicle: "gone", trip: 1, approximate: true },
    },
    {
      type: "Feature",
      geometry: { type: "Point", coordinates: [107, -6] },
      properties: { kind: "unload", vehicle: "X-Y-DT01", code: "TPA", bin: null, name: "TPA Sumur Batu" },
    },
  ],
};

it("ways bear the colour and the name of their vehicle, and say when they are no roads", () => {
  const [truck] = drivesOf(plan());
  const { features } = waysOf(EXPORTED, drivesOf(plan()));
  expect(features.map((way) => way.properties)).toEqual([
    { vehicle: "X-Y-DT01", label: "DT01", colour: truck?.colour, approximate: true },
  ]);
  expect(waysOf(null, drivesOf(plan())).features).toEqual([]);
});

it("marks are the bins that stay, those that should not, the stops, and the places in use", () => {
  const { features } = marksOf(plan(), drivesOf(plan()));
  expect(features.map(({ properties }) => `${properties.kind} ${properties.code} ${properties.text}`)).toEqual([
    "left B-4 ",
    "left B-6 ",
    "missed B-5 !",
    "stop B-1 1",
    "stop B-2 2",
    "stop B-3 1",
    "transfer TPA T",
    "transfer TPS T",
  ]);
});

it("links and names are those of the exported plan", () => {
  expect(linksOfTrip(EXPORTED, "X-Y-DT01", 1)).toEqual(["https://a", "https://b"]);
  expect(linksOfTrip(EXPORTED, "X-Y-DT01", 2)).toEqual([]);
  expect(linksOfTrip(null, "X-Y-DT01", 1)).toEqual([]);
  expect(namesIn(EXPORTED)).toEqual(new Map([["TPA", "TPA Sumur Batu"]]));
});

it("vehicles on their way are drawn where they can be sent on from, those in their depot not", () => {
  const drives = drivesOf(plan());
  const inDepot = vehicleAt("X-Y-MS01", { has_left: false });
  const isBack = vehicleAt("X-Y-MS01", { step: { kind: "end", code: "POOL" } });
  const onTheWay = vehicleAt("X-Y-DT01", { lon: 107.01, lat: -6.26 });
  const drawn = (...all: VehicleAt[]) => trucksOf(new Map(all.map((one) => [one.vehicle, one])), drives);
  expect(drawn(isBack).features).toEqual([]);
  const { features } = drawn(onTheWay, inDepot);
  expect(features.map(({ geometry }) => geometry.coordinates)).toEqual([[107.01, -6.26]]);
  expect(features[0]?.properties).toEqual({
    vehicle: "X-Y-DT01",
    label: "DT01",
    colour: drives[0]?.colour,
  });
});
