// The form of a key and whose it is: what is told apart offline.

import assert from "node:assert/strict";
import { test } from "node:test";

import { digestsAfterRotation, digestsDuringRotation, digestsOf, verdict } from "../../cli/lib/client-digests.mjs";
import { Form, keyDigest, keyForm, newClientKey } from "../../cli/lib/client-key.mjs";

test("a new key is etb_, 43 base64url characters and a checksum of six", () => {
  const keys = Array.from({ length: 200 }, newClientKey);
  for (const key of keys) {
    assert.match(key, /^etb_[A-Za-z0-9_-]{43}[0-9A-Za-z]{6}$/);
    assert.deepEqual(keyForm(key), { form: Form.good });
  }
  assert.equal(new Set(keys).size, keys.length);
});

test("the checksum is CRC-32 in base62, as it was when keys were handed out", () => {
  // CRC-32 0xb5c1c9e0.
  assert.deepEqual(keyForm(`etb_${"A".repeat(43)}3KMs3U`), { form: Form.good });
});

test("every changed character and every exchanged pair is mistyped", () => {
  const key = newClientKey();
  for (let index = "etb_".length; index < key.length; index += 1) {
    const other = key[index] === "x" ? "y" : "x";
    assert.equal(keyForm(key.slice(0, index) + other + key.slice(index + 1)).form, Form.mistyped);
    if (index + 1 === key.length || key[index] === key[index + 1]) continue;
    const exchanged = key.slice(0, index) + key[index + 1] + key[index] + key.slice(index + 2);
    assert.notEqual(keyForm(exchanged).form, Form.good);
  }
});

test("a key without a checksum is an old key, not a mistyped one", () => {
  assert.deepEqual(keyForm(newClientKey().slice(0, -6)), { form: Form.noChecksum });
});

test("what cannot be a key is malformed, for a reason that holds nothing of it", () => {
  const key = newClientKey();
  const cases = [
    ["", "it is empty"],
    [` ${key}`, "there is white space in it or around it"],
    [`Bearer ${key}`, "there is white space in it or around it"],
    [key.slice(1), "it does not begin with etb_"],
    [key.replace(/.$/, "="), "it has a character that no key has"],
    [key.slice(0, -1), "it has 52 characters instead of 53"],
    [`${key}${key}`, "it has 106 characters instead of 53"],
  ];
  for (const [text, reason] of cases) assert.deepEqual(keyForm(text), { form: Form.malformed, reason });
});

test("a rotation adds the new digest last, and ends with it alone", () => {
  assert.deepEqual(digestsDuringRotation(["old"], "new", "a"), ["old", "new"]);
  assert.deepEqual(digestsAfterRotation(["old", "new"], "a"), ["new"]);
  assert.throws(() => digestsDuringRotation(["old", "new"], "newer", "a"), /has 2 keys already/);
  assert.throws(() => digestsDuringRotation([], "new", "a"), /has no key/);
  assert.throws(() => digestsAfterRotation(["new"], "a"), /not in a rotation/);
});

test("a digest in two spellings is one key", () => {
  assert.deepEqual(digestsOf({ a: { key_sha256: ["AB", "ab"] } }, "a"), ["ab"]);
  assert.throws(() => digestsOf({}, "toString"), /CLIENTS has no client toString/);
});

test("whose key it is, and what is wrong with it", () => {
  const [own, older, others, nobodys, odd] = [
    newClientKey(),
    newClientKey(),
    newClientKey(),
    newClientKey(),
    "chosen by a person",
  ];
  const entry = (...keys) => ({ key_sha256: keys.map(keyDigest) });
  const clients = { reports: entry(older, own), billing: entry(others, odd) };
  const mistyped = own.slice(0, -1) + (own.endsWith("x") ? "y" : "x");
  const cases = [
    [own, true, /^good: it is a key of client reports, the newest of 2\.$/],
    [older, true, /^good: it is a key of client reports, an old one of 2\.$/],
    [others, false, /^wrong: it is a key of another client, billing\.$/],
    [odd, false, /^wrong: it is a key of another client, billing\.$/],
    [nobodys, false, /^wrong: it is a whole key, but neither of client reports nor of any other/],
    [mistyped, false, /^mistyped: /],
    [own.slice(0, -6), false, /^unknown: .* no checksum/],
    [own.slice(0, -2), false, /^malformed: it has 51 characters instead of 53\.$/],
  ];
  for (const [text, expected, pattern] of cases) {
    const { good, sentence } = verdict(text, clients, "reports");
    assert.match(sentence, pattern);
    assert.equal(good, expected);
    assert.ok(!sentence.includes(text));
  }
});
