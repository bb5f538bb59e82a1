// Where the keys of JWT issuers come from, and what happens when they do not come.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { assertToken, assertTokenError, assertUnavailable } from "./harness/expect.mjs";
import { GRAPH } from "./harness/fixtures.mjs";
import { AUDIENCE, Issuer } from "./harness/issuer.mjs";
import { newKey } from "./harness/jose.mjs";
import { openWorld } from "./harness/world.mjs";

const ATTACKER = newKey("ES256");
const allow = [{ credential: "default", scope: GRAPH }];

/** One issuer for each test, so that no test meets what another one's isolate remembers. */
const NAMES = [
  "flood",
  "rotates",
  "lost",
  "down",
  "redirects",
  "broken",
  "hangs",
  "tampered",
  "planted",
  "moved",
  "donor",
  "copied",
  "recovers",
  "crowd",
];
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

/** A client for each issuer, called as it is. */
function bindings() {
  const client = (issuer) => ({ jwt: [{ issuer: issuer.url, audience: AUDIENCE, subject: "robot" }], allow });
  return { CLIENTS: Object.fromEntries(NAMES.map((name) => [name, client(issuers[name])])) };
}

/** Another isolate: it knows what is in KV. */
const restart = () => world.restart(bindings());
const get = (jwt) => world.fetch(`/token?scope=${GRAPH}`, { headers: { Authorization: `Bearer ${jwt}` } });
const refused = (reply) => assertTokenError(reply, 401, "invalid_token");
const times = (n, make) => Promise.all(Array.from({ length: n }, (_, index) => make(index)));

/** The KV key under which an issuer's keys are: the one that a first request for it wrote. */
async function stored(issuer) {
  const before = new Set(world.kv.values.keys());
  assertToken(await get(issuer.sign()));
  const added = [...world.kv.values.keys()].filter((key) => key.startsWith("jwks:") && !before.has(key));
  assert.equal(added.length, 1);
  return added[0];
}

test("random kids: fifty of them are one request for keys", async () => {
  const { flood } = issuers;
  assertToken(await get(flood.sign()));
  await restart();
  flood.requests.length = 0;
  for (const reply of await times(50, () => get(flood.sign({}, { header: { kid: crypto.randomUUID() } }))))
    refused(reply);
  assert.equal(flood.keyRequests, 1);
  assertToken(await get(flood.sign()));
  // It may be a new key. The issuer was asked a moment ago, so nobody knows yet.
  assertUnavailable(await get(flood.sign({}, { header: { kid: "another" } })));
  assert.equal(flood.keyRequests, 1);
});

test("many first callers at once: the issuer is asked once", async () => {
  const { crowd } = issuers;
  for (const reply of await times(20, () => get(crowd.sign()))) assertToken(reply);
  assert.deepEqual([crowd.metadataRequests, crowd.keyRequests], [1, 1]);
});

test("a new key is learnt by its kid; a withdrawn one is good no more", async () => {
  const { rotates } = issuers;
  assertToken(await get(rotates.sign()));
  await restart();
  const [old, fresh] = [rotates.keys[0], newKey("RS256")];
  rotates.keys = [fresh];
  assertToken(await get(rotates.sign()));
  refused(await get(rotates.sign({}, { key: old })));
  assertToken(await get(rotates.sign()));
  assert.equal(rotates.keyRequests, 2);
});

test("the keys in KV are sealed, and another isolate does not ask for them again", async () => {
  const { copied } = issuers;
  const { value } = world.kv.values.get(await stored(copied));
  for (const secret of [copied.keys[0].jwk.x, copied.keys[0].jwk.kid, copied.url]) assert.ok(!value.includes(secret));
  await restart();
  copied.requests.length = 0;
  assertToken(await get(copied.sign()));
  assert.deepEqual(copied.requests, []);
});

test("while the issuer is down its keys are good, also in another isolate", async () => {
  const { lost } = issuers;
  assertToken(await get(lost.sign()));
  lost.faults["*"] = { reset: true };
  assertToken(await get(lost.sign()));
  await restart();
  assertToken(await get(lost.sign()));
  assertUnavailable(await get(lost.sign({}, { header: { kid: "unknown" } })));
  assertToken(await get(lost.sign()));
});

test("an issuer that is down and has no keys: 503, and not every request asks it", async () => {
  const { down } = issuers;
  down.faults["*"] = { status: 500 };
  const first = await get(down.sign());
  assertUnavailable(first);
  assert.deepEqual(world.upstreamRequests(first), []);
  for (const reply of await times(20, () => get(down.sign()))) assertUnavailable(reply);
  assert.equal(down.requests.length, 1);
});

test("an issuer that is back is asked again by another isolate", async () => {
  const { recovers } = issuers;
  recovers.faults["*"] = { reset: true };
  assertUnavailable(await get(recovers.sign()));
  recovers.faults = {};
  await restart();
  assertToken(await get(recovers.sign()));
});

test("redirects are not followed, neither to keys nor to metadata", async () => {
  const { redirects, broken } = issuers;
  for (const path of ["/jwks", "/.well-known/openid-configuration"]) {
    await restart();
    const asked = broken.requests.length;
    redirects.faults = { [path]: { status: 302, headers: { Location: broken.url + path } } };
    assertUnavailable(await get(redirects.sign()));
    assert.equal(broken.requests.length, asked);
  }
});

const LARGE = JSON.stringify({ keys: [], padding: "x".repeat(257 * 1024) });
for (const [what, faults] of [
  ["keys of 257 KiB", { "/jwks": { body: LARGE } }],
  ["keys that are no JSON", { "/jwks": { body: "<html>" } }],
  ["keys that are a list", { "/jwks": { body: "[]" } }],
  ["keys that are an object", { "/jwks": { body: `{"keys":{}}` } }],
  ["nothing for keys", { "/jwks": { body: "" } }],
  ["404 for keys", { "/jwks": { status: 404 } }],
  ["metadata that is no JSON", { "/.well-known/openid-configuration": { body: "\0\xff" } }],
  ["metadata of 10,000 brackets", { "/.well-known/openid-configuration": { body: "[".repeat(10_000) } }],
]) {
  test(`an issuer that serves ${what}: 503`, () => unusable({ faults }));
}

for (const [what, metadata] of [
  ["of another issuer", { issuer: "https://else.example" }],
  ["of an issuer with a slash more", () => ({ issuer: `${issuers.broken.url}/` })],
  ["without an issuer", { issuer: undefined }],
  ["without jwks_uri", { jwks_uri: undefined }],
  ["with keys over http of another machine", { jwks_uri: "http://keys.example/jwks" }],
  ["with keys in a file", { jwks_uri: "file:///etc/keys" }],
  ["with keys in a data URL", { jwks_uri: `data:application/json,${JSON.stringify({ keys: [ATTACKER.jwk] })}` }],
  ["with a list for jwks_uri", () => ({ jwks_uri: [issuers.broken.jwksUri] })],
  ["with a user in jwks_uri", () => ({ jwks_uri: issuers.broken.jwksUri.replace("//", "//user:word@") })],
]) {
  test(`metadata ${what}: 503, and no keys are fetched`, async () => {
    await unusable({ metadata: typeof metadata === "function" ? metadata() : metadata });
    assert.equal(issuers.broken.keyRequests, 0);
  });
}

/** The issuer `broken`, met by an isolate that knows nothing of it, serves this. */
async function unusable({ faults = {}, metadata = {} }) {
  const { broken } = issuers;
  await restart();
  Object.assign(broken, { faults, metadata });
  broken.requests.length = 0;
  const reply = await get(broken.sign());
  assertUnavailable(reply);
  assert.deepEqual(world.upstreamRequests(reply), []);
  assert.equal(broken.metadataRequests, 1);
}

test("an issuer that is silent is given up", { timeout: 20_000 }, async () => {
  const { hangs } = issuers;
  hangs.faults["*"] = { hang: true };
  const begin = Date.now(); // real time is the subject
  assertUnavailable(await get(hangs.sign()));
  assert.ok(Date.now() - begin < 8_000);
});

test("a copy in KV that was changed is none: the issuer is asked", async () => {
  const { tampered } = issuers;
  const key = await stored(tampered);
  const original = world.kv.values.get(key).value;
  for (const change of [
    (value) => (value[value.length - 1] ^= 1),
    (value) => (value[0] ^= 1),
    (value) => (value[Math.floor(value.length / 2)] ^= 1),
  ]) {
    const value = Buffer.from(original);
    change(value);
    await meet(tampered, key, value);
  }
  for (const value of [Buffer.alloc(0), original.subarray(0, 20), Buffer.concat([original, original])])
    await meet(tampered, key, value);
});

/** Another isolate, which finds `value` for the issuer's keys: it asks, and serves. */
async function meet(issuer, key, value) {
  world.kv.values.set(key, { value, expiresAt: Infinity });
  await restart();
  issuer.requests.length = 0;
  assertToken(await get(issuer.sign()));
  assert.equal(issuer.keyRequests, 1);
}

test("who can write to KV cannot plant a key", async () => {
  const { planted } = issuers;
  const key = await stored(planted);
  const jwks = Buffer.from(JSON.stringify({ keys: [ATTACKER.jwk] }));
  const forged = () => planted.sign({}, { key: ATTACKER });
  for (const value of [jwks, Buffer.concat([Buffer.from([1]), jwks]), Buffer.concat([Buffer.alloc(13, 1), jwks])]) {
    world.kv.values.set(key, { value, expiresAt: Infinity });
    await restart();
    planted.faults = {};
    refused(await get(forged()));
    world.kv.values.set(key, { value, expiresAt: Infinity });
    planted.faults["*"] = { reset: true };
    await restart();
    assertUnavailable(await get(forged()));
  }
});

test("another issuer's copy under this one's name is none", async () => {
  const { moved, donor } = issuers;
  const [from, to] = [await stored(donor), await stored(moved)];
  world.kv.values.set(to, world.kv.values.get(from));
  await restart();
  refused(await get(moved.sign({}, { key: donor.keys[0] })));
  assertToken(await get(moved.sign()));
});
