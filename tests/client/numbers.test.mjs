// When a token is due, and the numbers behind it, which are the broker's.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { refreshAfter } from "../../client/lifetime.mjs";
import * as limits from "../../client/limits.mjs";

for (const [left, expected] of [
  [0, 0],
  [1, 0.5],
  [60, 30],
  [599, 299.5],
  [600, 300],
  [1200, 900],
  [1201, 600.5],
  [1800, 900],
  [3599, 2699],
  [5399, 4499],
  [5400, 2700],
  [7200, 3600],
  [86_400, 82_800],
]) {
  test(`with ${left} s left, the broker has a newer one after ${expected} s`, () =>
    assert.equal(refreshAfter(left), expected));
}

/** A number of src/base/limits.rs. */
function ofBroker(name) {
  const rust = readFileSync(new URL("../../src/base/limits.rs", import.meta.url), "utf8");
  const [, expression] = new RegExp(`const ${name}: \\w+ = (?:Millis::from_secs\\()?([\\d_ *]+)`).exec(rust) ?? [];
  assert.ok(expression, name);
  return expression.split("*").reduce((product, factor) => product * Number(factor.replaceAll("_", "")), 1);
}

for (const [own, theirs = own] of [
  ["SHORT_LIFETIME"],
  ["LONG_LIFETIME"],
  ["RENEW_AHEAD_SHORT"],
  ["RENEW_AHEAD"],
  ["RENEW_AHEAD_LONG"],
  ["RENEW_AHEAD_LIFETIME_DIVISOR"],
  ["CLAIMS_MAX_CHARS", "CLAIMS_MAX_BYTES"],
]) {
  test(`${own} is the broker's`, () => assert.equal(limits[own], ofBroker(theirs)));
}

test("a request may take longer than the broker waits for its server", () => {
  assert.ok(limits.TIMEOUT_MS > 2 * 1000 * ofBroker("UPSTREAM_TIMEOUT"));
  assert.equal(limits.SERVE_FLOOR_MS, 1000 * ofBroker("SERVE_FLOOR"));
  assert.ok(limits.REPORT_WAIT_MS >= 1000 * ofBroker("UPSTREAM_TIMEOUT"));
  assert.ok(limits.MAX_RETRY_WAIT_MS >= 1000 * ofBroker("RATE_LIMIT_RETRY_AFTER_SECS"));
});
