// The claims in `WWW-Authenticate`. The client reads them as the broker does: the examples are those of the broker's test.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { claimsOf } from "../../client/challenge.mjs";

const rust = readFileSync(new URL("../../tests/host/oauth/challenge.rs", import.meta.url), "utf8");
const [found = "", none = ""] = [
  /for \(header, expected\) in \[([^]*?)\n {4}\]/,
  /for header in \[([^]*?)\n {4}\]/,
].map((list) => list.exec(rust)?.[1]);

/** A text of Rust, as it is or raw. */
const TEXT = /r#"(?<raw>[^]*?)"#|"(?<text>(?:[^"\\]|\\.)*)"/g;
const texts = (list) => [...list.matchAll(TEXT)].map(({ groups: { raw, text } }) => raw ?? JSON.parse(`"${text}"`));

const pairs = texts(found).flatMap((text, n, all) => (n % 2 ? [] : [[text, all[n + 1]]]));

test("the examples are there", () => {
  assert.equal(pairs.length, 17);
  assert.equal(texts(none).length, 17);
});

for (const [header, expected] of pairs) test(`claims: ${header}`, () => assert.equal(claimsOf(header), expected));
for (const header of texts(none)) test(`none: ${header}`, () => assert.equal(claimsOf(header), undefined));

test("several fields, of which one is of another scheme, and none at all", () => {
  const headers = new Headers({ "WWW-Authenticate": 'Basic realm="x, claims=y"' });
  headers.append("WWW-Authenticate", 'Bearer error="insufficient_claims", claims="eyJh"');
  assert.equal(claimsOf(headers.get("WWW-Authenticate")), "eyJh");
  assert.equal(claimsOf(null), undefined);
});

test("claims are bounded, and a long header takes no long time", () => {
  assert.equal(claimsOf(`Bearer claims="${"a".repeat(4096)}"`)?.length, 4096);
  assert.equal(claimsOf(`Bearer claims="${"a".repeat(4097)}"`), undefined);
  const started = performance.now();
  for (const part of [" ", ",", "a", "a ", "=", '"', '\\"', 'a="', "a =", "a= ", 'a="\\'])
    claimsOf(`Bearer ${part.repeat(100_000)}`);
  assert.ok(performance.now() - started < 2_000);
});
