// With a coordinator, it is the only writer of KV.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, test } from "node:test";

import { assertHit, assertToken, cacheStatus } from "./harness/expect.mjs";
import { until } from "./harness/until.mjs";
import { openWorld, withWorld } from "./harness/world.mjs";

const KEY = /^token:[0-9a-f]{64}$/;
const VERSION = 0x02;

let world;
before(async () => (world = await openWorld()));
after(() => world?.close());

/** A token for a scope of its own, and the KV write that came of it. */
async function storedToken(own = world, token = {}) {
  const scope = own.newScope();
  const puts = own.kv.puts.length;
  own.authority.next({ scope, token });
  const reply = await own.getToken({ scope });
  const put = await until(() => own.kv.puts[puts]);
  return { scope, put, reply, token: assertToken(reply) };
}

test("20 requests are one KV write: a sealed record under a key that says nothing, as long as the token is good", async () => {
  const scope = world.newScope();
  const puts = world.kv.puts.length;
  world.authority.next({ scope, slow: 100 });
  const [reply] = await Promise.all(Array.from({ length: 20 }, () => world.getToken({ scope })));
  await until(() => world.kv.puts.length > puts);
  await world.logOf(await world.getToken({ scope }));
  const [{ key, value, metadata, expirationTtl }, ...more] = world.kv.puts.slice(puts);
  assert.deepEqual(more, []);
  assert.match(key, KEY);
  assert.equal(value[0], VERSION);
  assert.ok(value.length > assertToken(reply).length);
  assert.equal(metadata, undefined);
  assert.ok(expirationTtl <= 3599 && expirationTtl >= 3595, `expiration_ttl is ${expirationTtl}`);
});

test("a record expires with its token", async () => {
  for (const expires_in of [90, 86_399]) {
    const { put } = await storedToken(world, { expires_in });
    assert.ok(put.expirationTtl <= expires_in && put.expirationTtl >= expires_in - 3);
  }
});

test("a token with less than 60 seconds left is not written", () =>
  withWorld({}, async (own) => {
    const short = own.newScope();
    own.authority.next({ scope: short, token: { expires_in: 59, refresh_in: 58 } });
    assertToken(await own.getToken({ scope: short }));
    await storedToken(own); // written later, and arrived
    assert.equal(own.kv.puts.length, 1);
  }));

test("a failure is not written", () =>
  withWorld({}, async (own) => {
    own.authority.next({ refuse: 7000222 });
    await own.getToken({ scope: own.newScope() });
    await storedToken(own);
    assert.equal(own.kv.puts.length, 1);
  }));

for (const [what, alter] of [
  ["garbage", () => randomBytes(1700)],
  ["a record with one flipped bit", (value) => (value.writeUInt8(value.at(-1) ^ 1, value.length - 1), value)],
  ["a record of version 1", (value) => (value.writeUInt8(1, 0), value)],
  ["an empty record", () => Buffer.alloc(0)],
]) {
  test(`${what} is a miss: the coordinator has the token`, () =>
    withWorld({ coordinator: { durable: true } }, async (own) => {
      const { scope, put, token } = await storedToken(own);
      const record = own.kv.values.get(put.key);
      record.value = alter(Buffer.from(record.value));
      await own.restart();
      const reply = await own.getToken({ scope });
      assert.equal(assertToken(reply), token);
      assertHit(reply, "coordinator");
      assert.notEqual((await own.logOf(reply)).kv_read, undefined, "it was not counted");
      assert.equal(own.upstreamFor(scope).length, 1);
    }));
}

for (const [what, fault, logged] of [
  ["answers 500", { status: 500 }, "failed"],
  ["answers 429", { status: 429 }, "throttled"],
  ["hangs", { hang: true }, "timeout"],
]) {
  test(`KV that ${what} on writes does not hold the token back`, () =>
    withWorld({}, async (own) => {
      own.kv.writes = fault;
      const scope = own.newScope();
      const started = performance.now();
      const reply = await own.getToken({ scope });
      assertToken(reply);
      assert.ok(performance.now() - started < 1500);
      assert.equal(cacheStatus(reply).fwd, "miss");
      assertHit(await own.getToken({ scope }), "isolate");
      await own.broker.logLine("the write", ({ kv_write }) => kv_write === logged);
    }));

  test(`KV that ${what} on reads is a miss`, () =>
    withWorld({}, async (own) => {
      own.kv.reads = fault;
      const reply = await own.getToken({ scope: own.newScope() });
      assertToken(reply);
      assert.equal((await own.logOf(reply)).kv_read, logged);
    }));
}
