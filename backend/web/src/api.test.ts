import { expect, it } from "vitest";
import openapi from "../openapi.json?raw";
import schema from "./schema.d.ts?raw";

it("the types are made from the service's present description", async () => {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(openapi));
  const sha256 = [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0"));
  expect(schema.split("\n")[0], "run `npm run types`").toContain(sha256.join(""));
});
