// What is in KV: sealed, bound to its key, with the right expiration; and what is made of it after a restart.
// Here the broker itself writes it; what a coordinator writes is in coordinator_kv.test.mjs.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, test } from "node:test";

import { assertHit, assertMiss, assertToken } from "./harness/expect.mjs";
import { CACHE_KEY, DEFAULT_APP } from "./harness/fixtures.mjs";
import { openWorld, withWorld } from "./harness/world.mjs";

const KEY = /^token:[0-9a-f]{64}$/;
const VERSION = 0x02;
const NONCE = [1, 25];
const TAG_BYTES = 16;

let world;
before(async () => (world = await openWorld({ coordinator: false })));
after(() => world?.close());

/** A token for a scope of its own, and the KV write that came of it. */
async function storedToken(options = {}) {
  const scope = world.newScope();
  const puts = world.kv.puts.length;
  if (options.token) world.authority.next({ token: options.token });
  const reply = await world.getToken({ scope });
  await world.logOf(reply); // printed after the write
  return { scope, reply, token: assertToken(reply), puts: world.kv.puts.slice(puts) };
}

test("a token is stored once, under a key that says nothing, as version, nonce and ciphertext", async () => {
  const { token, puts } = await storedToken();
  assert.equal(puts.length, 1);
  const [{ key, value, metadata }] = puts;
  assert.match(key, KEY);
  assert.equal(value[0], VERSION);
  assert.ok(value.length >= NONCE[1] + token.length + TAG_BYTES);
  assert.equal(metadata, undefined);
});

test("a token of any length is served from KV, also where it fills the buffer of a read", async () => {
  const lengths = [1, 4014, 4015, 4016, 8192, 250 * 1024];
  const stored = [];
  for (const length of lengths) stored.push(await storedToken({ token: { access_token: "t".repeat(length) } }));
  assert.equal(stored[2].puts[0].value.length, 4096);
  await world.restart();
  for (const { scope, token } of stored) {
    const reply = await world.getToken({ scope });
    assert.equal(assertToken(reply), token);
    assertHit(reply, "kv");
  }
});

test("no two records have the same nonce", async () => {
  const records = [await storedToken(), await storedToken(), await storedToken()];
  const nonces = records.map(({ puts }) => puts[0].value.subarray(...NONCE).toString("hex"));
  assert.equal(new Set(nonces).size, records.length);
});

test("a record expires with its token", async () => {
  for (const lifetime of [90, 3599, 86_399]) {
    const { reply, puts } = await storedToken({ token: { expires_in: lifetime } });
    const { expirationTtl } = puts[0];
    assert.ok(
      expirationTtl <= reply.body.expires_in && expirationTtl >= lifetime - 3,
      `expiration_ttl is ${expirationTtl}`,
    );
  }
});

test("ext_expires_in does not prolong a record", async () => {
  const { puts } = await storedToken({ token: { expires_in: 300, ext_expires_in: 86_399 } });
  assert.ok(puts[0].expirationTtl <= 300);
});

test("a token with less than 60 seconds left is not written", async () => {
  const { scope, token, puts } = await storedToken({ token: { expires_in: 59 } });
  assert.deepEqual(puts, []);
  const again = await world.getToken({ scope });
  assert.equal(assertToken(again), token);
  assertHit(again, "isolate");
});

test("a hit from isolate memory does not touch KV", async () => {
  const { scope } = await storedToken();
  const before = world.kv.operations.length;
  await world.logOf(await world.getToken({ scope }));
  assert.equal(world.kv.operations.length, before);
});

test("a miss reads its key once, with KV's shortest read cache", async () => {
  const gets = world.kv.gets.length;
  const { puts } = await storedToken();
  const read = world.kv.gets.slice(gets);
  assert.deepEqual(
    read.map(({ key, cacheTtl }) => ({ key, cacheTtl })),
    [{ key: puts[0].key, cacheTtl: 30 }],
  );
});

test("an error is not stored", async () => {
  const puts = world.kv.puts.length;
  world.authority.next({ refuse: 1002012 });
  const reply = await world.getToken({ scope: world.newScope() });
  await world.logOf(reply);
  assert.equal(world.kv.puts.length, puts);
});

test("a restarted Worker serves the token from KV without asking upstream, then from its own memory", async () => {
  const { scope, token } = await storedToken();
  await world.restart();
  const asked = world.authority.requests.length;

  const fromKv = await world.getToken({ scope });
  const fromMemory = await world.getToken({ scope });

  assert.deepEqual([assertToken(fromKv), assertToken(fromMemory)], [token, token]);
  assertHit(fromKv, "kv");
  assertHit(fromMemory, "isolate");
  assert.equal(fromKv.body.ext_expires_in, fromKv.body.expires_in);
  assert.equal(world.authority.requests.length, asked);
});

/** Does something to a stored record, restarts, and expects a fresh token. */
function isAMiss(what, alter) {
  test(`${what} is a miss, not an error`, async () => {
    const { scope, token, puts } = await storedToken();
    const { key } = puts[0];
    const record = world.kv.values.get(key);
    record.value = await alter(Buffer.from(record.value), key);
    await world.restart();

    const reply = await world.getToken({ scope });
    assertMiss(reply);
    assert.notEqual(assertToken(reply), token);
    assert.notEqual((await world.logOf(reply)).kv_read, undefined, "it was not counted");
    assert.notDeepEqual(world.kv.values.get(key).value, record.value, "the bad record was not replaced");
  });
}

isAMiss("a record moved from another key", async () => Buffer.from((await storedToken()).puts[0].value));
isAMiss("a truncated record", (value) => value.subarray(0, value.length - 1));
isAMiss("a record cut within its nonce", (value) => value.subarray(0, 10));
isAMiss("an empty record", () => Buffer.alloc(0));
isAMiss("garbage", () => randomBytes(1700));
isAMiss("a record with one flipped bit", (value) => (value.writeUInt8(value.at(-1) ^ 1, value.length - 1), value));
isAMiss("a record of another version", (value) => (value.writeUInt8(VERSION + 1, 0), value));
isAMiss("a token that somebody put in as plain JSON", () =>
  Buffer.from('{"access_token":"eyJ.planted.token","expires_at":99999999999999}'),
);

test("a rotated secret retires what it sealed", async () => {
  const { scope, token } = await storedToken();
  await world.restart({ AZ_CLIENT_SECRET: DEFAULT_APP.secrets[1] });
  const reply = await world.getToken({ scope });
  await world.restart();
  assertMiss(reply);
  assert.notEqual(assertToken(reply), token);
});

test("with CACHE_KEY tokens survive a restart, but neither another secret nor another CACHE_KEY", async () => {
  await withWorld({ bindings: { CACHE_KEY }, coordinator: false }, async (own) => {
    const scope = own.newScope();
    const first = await own.getToken({ scope });
    await own.logOf(first);

    await own.restart({ CACHE_KEY });
    const kept = await own.getToken({ scope });
    assert.equal(assertToken(kept), assertToken(first));
    assertHit(kept, "kv");

    await own.restart({ CACHE_KEY, AZ_CLIENT_SECRET: DEFAULT_APP.secrets[1] });
    assertMiss(await own.getToken({ scope }));

    await own.restart({ CACHE_KEY: randomBytes(32).toString("base64") });
    const reply = await own.getToken({ scope });
    assertMiss(reply);
    assert.notEqual(assertToken(reply), assertToken(first));
  });
});
