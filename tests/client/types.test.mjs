// The declarations are those of the package: for each way to resolve modules, without another package, and as a
// `TokenCredential` of the real @azure/core-auth.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const root = fileURLToPath(new URL("../../", import.meta.url));
const tsc = fileURLToPath(new URL("../../node_modules/typescript/bin/tsc", import.meta.url));
const USER = "tests/client/types/user.mts";

/** What the compiler says of a user's module. */
async function compile(...options) {
  const strict = ["--noEmit", "--strict", "--exactOptionalPropertyTypes", "--target", "es2022", "--ignoreConfig"];
  const { stdout } = await promisify(execFile)(process.execPath, [tsc, ...strict, ...options, USER], {
    cwd: root,
  }).catch((error) => error);
  return stdout;
}

for (const [module, resolution] of [
  ["node16", "node16"],
  ["nodenext", "nodenext"],
  ["esnext", "bundler"],
  ["preserve", "bundler"],
]) {
  for (const [globals, options] of [
    ["a page", ["--lib", "es2022,dom", "--types", ""]],
    ["Node.js", ["--lib", "es2022", "--types", "node"]],
  ]) {
    test(`module ${module}, resolution ${resolution}, with the globals of ${globals}`, async () =>
      assert.equal(await compile("--module", module, "--moduleResolution", resolution, ...options), ""));
  }
}

test("the declarations need no package, and every export has a comment", () => {
  const text = readFileSync(new URL("../../client/index.d.ts", import.meta.url), "utf8");
  assert.doesNotMatch(text, /\bfrom "|import\(|<reference/);
  const exported = text.match(/^export /gm) ?? [];
  assert.equal(text.match(/\*\/\nexport /g)?.length, exported.length);
});
