import { expect, test } from "vitest";
import { fitted } from "./picture";

test("a photo is made smaller, never larger, and keeps its shape", () => {
  expect(fitted({ width: 4000, height: 3000 })).toEqual({ width: 1280, height: 960 });
  expect(fitted({ width: 3000, height: 4000 })).toEqual({ width: 960, height: 1280 });
  expect(fitted({ width: 640, height: 480 })).toEqual({ width: 640, height: 480 });
  expect(fitted({ width: 10_000, height: 1 })).toEqual({ width: 1280, height: 1 });
});
