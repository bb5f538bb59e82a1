// What a coordinator stores outlives the process: workerd is killed (SIGKILL) and started again with its storage.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { assertHit, assertToken, assertTokenError, assertUnavailable } from "./harness/expect.mjs";
import { until } from "./harness/until.mjs";
import { openWorld, withWorld } from "./harness/world.mjs";

describe("killed", () => {
  let world;
  before(async () => (world = await openWorld({ coordinator: { durable: true } })));
  after(() => world?.close());

  test("in mid-flight: after the restart everybody is served, by at most one more upstream request", async () => {
    const scope = world.newScope();
    world.authority.next({ scope, hang: "headers" });
    const lost = Array.from({ length: 20 }, () => world.getToken({ scope }).catch(() => "lost"));
    await until(() => world.upstreamFor(scope).length > 0);
    await world.restart();
    assert.deepEqual(new Set(await Promise.all(lost)), new Set(["lost"]));

    const replies = await Promise.all(Array.from({ length: 20 }, () => world.getToken({ scope })));
    assert.equal(new Set(replies.map(assertToken)).size, 1);
    assert.equal(world.upstreamFor(scope).length, 2);
    await until(() => world.kv.puts.length > 0);
    assert.equal(world.kv.puts.length, 1);
  });

  test("with a token in hand and KV lost: the coordinator has it, and upstream is not asked", async () => {
    const scope = world.newScope();
    const puts = world.kv.puts.length;
    const first = await world.getToken({ scope });
    await until(() => world.kv.puts.length > puts);
    world.kv.values.clear();
    await world.restart();
    const again = await world.getToken({ scope });
    assert.equal(assertToken(again), assertToken(first));
    assertHit(again, "coordinator");
    assert.equal(world.upstreamFor(scope).length, 1);
    assert.equal(again.body.ext_expires_in, again.body.expires_in);
  });

  test("over and over while tokens are fetched: never anything but a token", async () => {
    const scopes = Array.from({ length: 4 }, () => world.newScope());
    for (let round = 0; round < 4; round += 1) {
      const asked = scopes.map((scope) => world.getToken({ scope, query: { min_ttl: "1" } }).catch(() => null));
      await Promise.race(asked);
      await world.restart();
      for (const reply of await Promise.all(asked)) if (reply) assertToken(reply);
    }
    for (const scope of scopes) {
      assertToken(await world.getToken({ scope }));
      assert.ok(world.upstreamFor(scope).length <= 5);
    }
  });

  test("a refusal is remembered, with the words of upstream", async () => {
    const scope = world.newScope();
    world.authority.next({ scope, refuse: 7000222 });
    const first = await world.getToken({ scope });
    assertTokenError(first, 502, "server_error");
    await world.restart();
    const again = await world.getToken({ scope });
    assertTokenError(again, 502, "server_error");
    assert.deepEqual(again.body, first.body);
    assert.equal(world.upstreamFor(scope).length, 1);
  });

  test("a throttle is remembered", async () => {
    const scope = world.newScope();
    world.authority.next({ scope, throttle: { retryAfter: 30 } });
    assert.equal(assertUnavailable(await world.getToken({ scope })), 30);
    await world.restart();
    const seconds = assertUnavailable(await world.getToken({ scope }));
    assert.ok(seconds <= 30 && seconds >= 20);
    assert.equal(world.upstreamFor(scope).length, 1);
  });
});

// Real time is the subject.
test("an alarm that was set before the process was killed renews the token after the restart", () =>
  withWorld({ coordinator: { durable: true } }, async (world) => {
    const scope = world.newScope();
    world.authority.next({ scope, token: { expires_in: 12, refresh_in: 3 } });
    assertToken(await world.getToken({ scope }));
    await world.restart();
    await until(() => world.upstreamFor(scope).length === 2, 8000);
  }));
