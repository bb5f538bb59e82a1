// Each block of docs/callers.md, docs/client.md, docs/mcp.md and docs/proxy.md that says that it is tested is named by a test or by the
// harness.

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";

import { blockNames } from "./harness/docs.mjs";

const sources = [".", "harness"]
  .map((folder) => new URL(`${folder}/`, import.meta.url))
  .flatMap((folder) => readdirSync(folder).map((file) => new URL(file, folder)))
  .filter(({ pathname }) => pathname.endsWith(".mjs"))
  .map((file) => readFileSync(file, "utf8"))
  .join("\n");

for (const name of blockNames()) {
  test(name, () => assert.ok(sources.includes(`"${name}"`), `no test has the block ${name}`));
}
