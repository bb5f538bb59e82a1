// The fence: an older generation never takes the place of a newer one. Coordinators keep their storage in memory here,
// so that a restart leaves one that knows nothing of the older token.

import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";

import { assertHit, assertToken, cacheStatus } from "./harness/expect.mjs";
import { TWO_ISOLATES } from "./harness/fronts.mjs";
import { until } from "./harness/until.mjs";
import { withWorld } from "./harness/world.mjs";

/** A token for `scope` in the isolate BROKER, and the KV record that came of it. */
async function fetched(world, scope, token) {
  const puts = world.kv.puts.length;
  world.authority.next({ scope, token });
  const reply = await ask(world, scope, "BROKER");
  const put = await until(() => world.kv.puts[puts]);
  return { token: assertToken(reply), key: put.key, record: put.value };
}

const ask = (world, scope, isolate, query) => world.getToken({ scope, query, headers: { isolate } });

/** A world in which the isolate BROKER and the coordinator hold the newer token, and KV the older one. */
const withOlderInKv = (older, newer, body) =>
  withWorld({ front: TWO_ISOLATES }, async (world) => {
    const scope = world.newScope();
    const first = await fetched(world, scope, older);
    world.kv.values.clear();
    await world.restart();
    const second = await fetched(world, scope, newer);
    assert.equal(second.key, first.key);
    assert.notEqual(second.token, first.token);
    world.kv.values.get(first.key).value = first.record;
    await body({ world, scope, older: first.token, newer: second.token });
    assert.deepEqual(world.kv.puts.at(-1).value, second.record, "nobody wrote KV afterwards");
  });

/** So many reads of KV since `gets`: the record was looked at. */
const readsSince = (world, gets) => world.kv.gets.length - gets;

test("an isolate with the newer token does not take the older one from KV, though it would last longer", () =>
  withOlderInKv({}, { expires_in: 600 }, async ({ world, scope, newer }) => {
    const gets = world.kv.gets.length;
    world.authority.next({ scope, throttle: {} });
    const wanted = await ask(world, scope, "BROKER", { min_ttl: "1000" });
    assert.equal(readsSince(world, gets), 1);
    assert.equal(assertToken(wanted), newer);
    assert.notEqual(cacheStatus(wanted).detail, "kv");
    const next = await ask(world, scope, "BROKER");
    assert.equal(assertToken(next), newer);
    assertHit(next, "isolate");
    assert.equal(world.upstreamFor(scope).length, 3, "one that failed");
  }));

test("nor while upstream fails", () =>
  withWorld({ front: TWO_ISOLATES, coordinator: false }, async (world) => {
    const scope = world.newScope();
    const first = await fetched(world, scope, {});
    world.kv.values.clear();
    await world.restart();
    const second = await fetched(world, scope, { expires_in: 600 });
    world.kv.values.get(first.key).value = first.record;
    world.authority.next({ scope, throttle: {} });
    const wanted = await ask(world, scope, "BROKER", { min_ttl: "1000" });
    assert.equal(assertToken(wanted), second.token);
    assert.equal(cacheStatus(wanted).detail, "stale-if-error");
    assert.equal(assertToken(await ask(world, scope, "BROKER")), second.token);
  }));

test("an isolate that got the older token from KV has the newer one after its renewal, and for good", () =>
  withOlderInKv({ expires_in: 80, refresh_in: 5 }, {}, async ({ world, scope, older, newer }) => {
    await delay(5000); // real time is the subject: KV keeps no token that is due sooner
    const stale = await ask(world, scope, "OTHER");
    assert.equal(assertToken(stale), older);
    assertHit(stale, "kv");
    assert.equal((await world.logOf(stale)).renewal, "renewed");
    const gets = world.kv.gets.length;
    world.authority.next({ scope, throttle: {} });
    for (const query of [{}, { min_ttl: "100" }, { min_ttl: "999999" }, { min_ttl: "100" }, {}]) {
      assert.equal(assertToken(await ask(world, scope, "OTHER", query)), newer);
    }
    assert.ok(readsSince(world, gets) >= 1, "the older record was looked at again");
    assert.equal(world.upstreamFor(scope).length, 3, "one that failed");
  }));

test("a new isolate for which the older token in KV will not do gets the newer one from the coordinator, for good", () =>
  withOlderInKv({ expires_in: 700 }, {}, async ({ world, scope, newer }) => {
    const wanted = await ask(world, scope, "OTHER", { min_ttl: "1000" });
    assert.equal(assertToken(wanted), newer);
    assertHit(wanted, "coordinator");
    world.authority.next({ scope, throttle: {} });
    for (const query of [{}, { min_ttl: "999999" }, {}]) {
      assert.equal(assertToken(await ask(world, scope, "OTHER", query)), newer);
    }
    assert.equal(world.upstreamFor(scope).length, 3, "one that failed");
  }));

test("whatever is in KV, the coordinator goes on handing out the newer token", () =>
  withWorld({ front: TWO_ISOLATES, coordinator: { durable: true } }, async (world) => {
    const scope = world.newScope();
    const { token, key } = await fetched(world, scope, {});
    const other = await fetched(world, world.newScope(), {});
    world.kv.values.get(key).value = other.record; // of another key
    await world.restart();
    for (const isolate of ["OTHER", "BROKER"]) {
      const reply = await ask(world, scope, isolate);
      assert.equal(assertToken(reply), token);
      assertHit(reply, "coordinator");
    }
    assert.equal(world.upstreamFor(scope).length, 1);
  }));
