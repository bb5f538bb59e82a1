// The certificate authority of `npm start -- --https`: it is kept for as long as it outlives its certificates.

import assert from "node:assert/strict";
import { test } from "node:test";

import { lasting } from "../../cli/lib/local-tls.mjs";
import { newCa } from "../../stand-in/ca.mjs";

const DAY_MS = 86_400_000;
const START = Date.UTC(2026, 10, 27);
const CA = newCa(START);

for (const [what, kept, days, stays] of [
  ["a new one", CA, 0, true],
  ["one with more than a certificate's lifetime left", CA, 3650 - 397, true],
  ["one with less", CA, 3650 - 395, false],
  ["none", undefined, 0, false],
  ["half of one", { certificate: CA.certificate }, 0, false],
]) {
  test(`${what} is ${stays ? "kept" : "replaced"}`, () => {
    assert.deepEqual(lasting(kept, START + days * DAY_MS), stays ? CA : undefined);
  });
}
