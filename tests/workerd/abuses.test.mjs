// Attacks by callers who know the broker: on other clients' tokens, on its limits, and on what outsiders learn.
// `npm run abuse` runs them as well.

import assert from "node:assert/strict";
import { test } from "node:test";

import { ABUSES } from "./harness/abuses.mjs";

assert.notEqual(ABUSES.length, 0, "attacks were found");

for (const { what, attack } of ABUSES) test(what, attack);
