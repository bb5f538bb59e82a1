// Which licence texts the package's notices have.

import assert from "node:assert/strict";
import { test } from "node:test";

import { chosen } from "../../scripts/notices.mjs";

/**
 * The names of the texts that hold, of a crate with this licence and these files.
 * @param {string} license
 * @param {string[]} names
 */
const texts = (license, ...names) =>
  chosen({ name: "crate", version: "1.0.0", license, texts: names.map((name) => ({ name, text: name })) }).texts.map(
    ({ name }) => name,
  );

test("of a choice that includes MIT, MIT is taken, with the copyrights beside it", () => {
  const files = ["COPYRIGHT", "LICENSE-APACHE", "LICENSE-MIT"];
  assert.deepEqual(texts("MIT OR Apache-2.0", ...files), ["LICENSE-MIT", "COPYRIGHT"]);
  assert.deepEqual(texts("Apache-2.0/MIT", ...files), ["LICENSE-MIT", "COPYRIGHT"]);
});

test("elsewhere every text holds", () => {
  const files = ["LICENSE-APACHE", "LICENSE-MIT", "LICENSE-UNICODE"];
  assert.deepEqual(texts("(MIT OR Apache-2.0) AND Unicode-3.0", ...files), files);
  assert.deepEqual(texts("MIT AND BSD-3-Clause", "LICENSE", "LICENSE.httprouter"), ["LICENSE", "LICENSE.httprouter"]);
  assert.deepEqual(texts("MIT OR Apache-2.0", "LICENSE.txt"), ["LICENSE.txt"]);
});

test("a crate without a licence, or without its text, is an error", () => {
  assert.throws(() => texts("", "LICENSE"), /crate 1\.0\.0 has no licence/);
  assert.throws(() => texts("MIT"), /no text/);
  assert.throws(() => texts("Apache-2.0", "NOTICE", "COPYRIGHT"), /no text/);
});
