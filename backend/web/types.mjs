// Make src/schema.d.ts from openapi.json: `npm run types`. The generator needs an older TypeScript
// than the page, so it is fetched for this run only and stays out of the lock file.

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";

const SOURCE = "openapi.json";
const TARGET = "src/schema.d.ts";
const PACKAGES = ["openapi-typescript@7.13.0", "typescript@5.9.3"];

const npm = process.env.npm_execpath;
if (npm === undefined) throw new Error("run this by `npm run types`");
const packages = PACKAGES.map((name) => `--package=${name}`);
const generate = ["--", "openapi-typescript", SOURCE, "--output", TARGET];
execFileSync(process.execPath, [npm, "exec", "--yes", ...packages, ...generate], {
  stdio: "inherit",
});

// src/api.test.ts compares this with the hash of openapi.json.
const sha256 = createHash("sha256").update(readFileSync(SOURCE)).digest("hex");
writeFileSync(TARGET, `// openapi.json sha256 ${sha256}\n${readFileSync(TARGET, "utf8")}`);
