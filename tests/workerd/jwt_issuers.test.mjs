// Issuers as they are: keys written with every member, keys replaced under the same name or without one, answers that are
// none. What the log says of them.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { assertToken, assertTokenError, assertUnavailable } from "./harness/expect.mjs";
import { GRAPH } from "./harness/fixtures.mjs";
import { AUDIENCE, Issuer } from "./harness/issuer.mjs";
import { newKey } from "./harness/jose.mjs";
import { openWorld } from "./harness/world.mjs";

const NAMES = ["dotnet", "empty", "left", "nameless", "overlap", "renewed", "replaced", "faulty", "silent", "large"];
const METADATA = "/.well-known/openid-configuration";

const issuers = {};
let world;
before(async () => {
  await Promise.all(NAMES.map(async (name) => (issuers[name] = await Issuer.start(newKey("ES256")))));
  world = await openWorld({ bindings: bindings() });
});
after(async () => {
  await world?.close();
  await Promise.all(Object.values(issuers).map((issuer) => issuer.close()));
});

function bindings() {
  const client = (issuer) => ({
    jwt: [{ issuer: issuer.url, audience: AUDIENCE, subject: "robot" }],
    allow: [{ credential: "default", scope: GRAPH }],
  });
  return { CLIENTS: Object.fromEntries(NAMES.map((name) => [name, client(issuers[name])])) };
}

const get = (jwt) => world.fetch(`/token?scope=${GRAPH}`, { headers: { Authorization: `Bearer ${jwt}` } });

/** A key whose JWK has these members as well. */
const keyWith = (jwk, alg = "RS256") => newKey(alg, { jwk });

test("a key as .NET writes it, with every member of its type, is used", async () => {
  const { dotnet } = issuers;
  const none = Object.fromEntries(
    ["alg", "crv", "d", "dp", "dq", "k", "oth", "p", "q", "qi", "x", "x5t", "x5t#S256", "x5u", "y"].map((name) => [
      name,
      null,
    ]),
  );
  dotnet.keys = [keyWith({ ...none, key_ops: [], use: "sig", x5c: [], additionalData: {}, hasPrivateKey: false })];
  assertToken(await get(dotnet.sign()));
});

test("members of a key that are null or empty are absent", async () => {
  const { empty } = issuers;
  empty.keys = [
    keyWith({ d: null }),
    keyWith({ key_ops: [] }),
    keyWith({ alg: "" }),
    keyWith({ use: null, key_ops: null, x5c: null }, "ES256"),
  ];
  for (const key of empty.keys) assertToken(await get(empty.sign({}, { key })));
});

test("the log says once for each key set which keys are left out, and why", async () => {
  const { left } = issuers;
  const [good] = left.keys;
  left.foreignKeys = [
    { kty: "oct", kid: "secret", k: "c2VjcmV0" },
    keyWith({ kid: "enc", use: "enc" }).jwk,
    { ...newKey("ES256").jwk, kid: "a\u2028b", crv: "P-384" },
  ];
  const { keys_left_out } = await world.logOf(await get(left.sign()));
  assert.deepEqual(keys_left_out, [
    "1 (secret): kty is not RSA, EC or OKP",
    "2 (enc): use or key_ops is not for verifying",
    "3: crv is not P-256 or Ed25519",
  ]);
  assert.equal((await world.logOf(await get(left.sign({}, { key: good })))).keys_left_out, undefined);
});

test("an issuer without kid replaces its key: the new one is good at once", async () => {
  const { nameless } = issuers;
  for (let n = 1; n <= 2; n += 1) {
    nameless.keys = [newKey("ES256", { jwk: { kid: undefined } })];
    assertToken(await get(nameless.sign()));
    assert.equal(nameless.keyRequests, n);
  }
});

test("several keys that fit and no kid: a few are tried, as while the issuer replaces one, and of many none", async () => {
  const { overlap } = issuers;
  const unnamed = (key) => get(overlap.sign({}, { key, header: { kid: undefined } }));
  overlap.keys = [1, 2, 3, 4].map(() => newKey("ES256"));
  for (const key of overlap.keys) assertToken(await unnamed(key));
  overlap.keys.push(newKey("ES256"));
  const [first, , , , fifth] = overlap.keys;
  assertToken(await get(overlap.sign({}, { key: fifth })));
  assertTokenError(await unnamed(first), 401, "invalid_token");
});

test("a new key under the same kid is good at once, and forged signatures make one request a minute", async () => {
  const { replaced } = issuers;
  const forged = () => replaced.sign({}, { key: newKey("ES256"), header: { kid: "same" } });
  for (const alg of ["ES256", "RS256"]) {
    replaced.keys = [newKey(alg, { jwk: { kid: "same" } })];
    assertToken(await get(replaced.sign()));
  }
  assert.equal(replaced.keyRequests, 2);
  for (let n = 0; n < 10; n += 1) assertTokenError(await get(forged()), 401, "invalid_token");
  assert.equal(replaced.keyRequests, 2);
});

test("a new key that is in KV already is good without a request", async () => {
  const { renewed } = issuers;
  assertToken(await get(renewed.sign()));
  await world.restart(bindings());
  assertToken(await get(renewed.sign()));
  assert.equal(renewed.keyRequests, 1);
  renewed.keys = [newKey("ES256", { jwk: { kid: renewed.keys[0].jwk.kid } })];
  assertToken(await get(renewed.sign()));
  assert.equal(renewed.keyRequests, 2, "the copy in KV does not take the place of a request");
});

/** What an isolate logs that meets the issuer `faulty`, and knows nothing of it. */
async function logged({ faults = {}, metadata = {} }) {
  await world.restart(bindings());
  Object.assign(issuers.faulty, { faults, metadata });
  const reply = await get(issuers.faulty.sign());
  assertUnavailable(reply);
  assert.equal(reply.body.error_description, "the keys of the JWT's issuer cannot be fetched; retry later");
  const { reason, issuer, issuer_fault, outcome } = await world.logOf(reply);
  assert.deepEqual([outcome, issuer], ["issuer_unavailable", issuers.faulty.url]);
  assert.equal(reason, `JWT issuer unavailable: ${issuer_fault}`);
  return issuer_fault;
}

for (const [what, served, words] of [
  ["breaks the connection", { faults: { "*": { reset: true } } }, "metadata: no connection"],
  [
    "is cut off",
    { faults: { "*": { cut: true, body: "{".padEnd(500) } } },
    "metadata: status 200, and the answer was cut off",
  ],
  ["answers 500", { faults: { [METADATA]: { status: 500 } } }, "metadata: status 500"],
  ["answers 404 for keys", { faults: { "/jwks": { status: 404 } } }, "keys: status 404"],
  [
    "redirects",
    { faults: { "/jwks": { status: 302, headers: { Location: "https://else.example" } } } },
    "keys: a redirect, which is not followed: status 302",
  ],
  ["answers HTML", { faults: { [METADATA]: { body: "<!doctype html>" } } }, "metadata: the answer is not JSON"],
  [
    "answers JSON without keys",
    { faults: { "/jwks": { body: "{}" } } },
    "keys: the answer is JSON without a list of keys",
  ],
  [
    "is another one",
    { metadata: { issuer: "https://else.example" } },
    "metadata: the issuer in it is another one, or missing",
  ],
  [
    "has its keys on http",
    { metadata: { jwks_uri: "http://keys.example/jwks" } },
    "metadata: jwks_uri in it is not https, or not plain",
  ],
  [
    "answers more than the limit",
    { faults: { "/jwks": { body: JSON.stringify({ keys: [], padding: "x".repeat(257 * 1024) }) } } },
    "keys: the answer is over 256 KiB",
  ],
]) {
  test(`the log says why: an issuer that ${what}`, async () => assert.equal(await logged(served), words));
}

test("the log says why: an issuer that is silent", async () => {
  assert.equal(await logged({ faults: { "*": { hang: true } } }), "metadata: no answer in time");
});

test("a key set of 200 KiB is read", async () => {
  const { large } = issuers;
  large.foreignKeys = Array.from({ length: 50 }, (_, n) => ({ kty: "oct", kid: `${n}`, x5c: ["x".repeat(4_000)] }));
  assertToken(await get(large.sign()));
});
