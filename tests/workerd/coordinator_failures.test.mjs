// The failure memory: a broken secret, a throttling tenant, a passing fault is asked once, not once per request.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";

import { assertHit, assertToken, assertTokenError, assertUnavailable, cacheStatus } from "./harness/expect.mjs";
import { DEFAULT_APP, REFUSED_SCOPE } from "./harness/fixtures.mjs";
import { openWorld, withWorld } from "./harness/world.mjs";

const WRONG_SECRET = "wrong~0000000000000000000000000000000";

let world;
before(async () => (world = await openWorld()));
after(() => world?.close());

test("a refused secret is asked once by 100 requests, and a new secret at once", () =>
  withWorld({ bindings: { AZ_CLIENT_SECRET: WRONG_SECRET }, coordinator: { durable: true } }, async (own) => {
    const scope = own.newScope();
    const replies = await Promise.all(Array.from({ length: 100 }, () => own.getToken({ scope })));
    replies.push(await own.getToken({ scope }), await own.postToken({ scope }));
    for (const reply of replies) {
      assertTokenError(reply, 502, "server_error");
      assert.deepEqual(reply.body.error_codes, [7000215]);
      assert.equal(reply.body.trace_id, replies[0].body.trace_id);
    }
    assert.equal(own.upstreamFor(scope).length, 1);
    const { outcome, level, upstream_requests } = await own.logOf(replies.at(-1));
    assert.deepEqual(
      { outcome, level, upstream_requests },
      { outcome: "credential_refused", level: "error", upstream_requests: undefined },
    );

    await own.restart({ AZ_CLIENT_SECRET: DEFAULT_APP.secrets[1] });
    assertToken(await own.getToken({ scope }));
    assert.equal(own.upstreamFor(scope).length, 2);
  }));

test("a refused scope is asked once, and refused to everybody in the same words", async () => {
  const [first, second] = [
    await world.getToken({ scope: REFUSED_SCOPE }),
    await world.postToken({ scope: REFUSED_SCOPE }),
  ];
  assertTokenError(first, 403, "insufficient_scope");
  assertTokenError(second, 400, "invalid_scope");
  assert.equal(first.body.error_description, second.body.error_description);
  assert.equal(world.upstreamFor(REFUSED_SCOPE).length, 1);
});

test("garbage is remembered", async () => {
  const scope = world.newScope();
  // With a time of its own, so that it lasts as long as the test, and is not retried.
  world.authority.next({ scope, reply: { status: 404, headers: { "Retry-After": "60" } } });
  for (const reply of [await world.getToken({ scope }), await world.getToken({ scope })]) {
    assertTokenError(reply, 502, "server_error");
    assert.match(reply.headers.get("retry-after"), /^(60|59)$/);
  }
  assert.equal(world.upstreamFor(scope).length, 1);
});

// Real time is the subject.
describe("as time passes", { concurrency: true }, () => {
  for (const [what, retryAfter] of [
    ["in seconds", () => 3],
    ["as a date", () => new Date(Date.now() + 4000).toUTCString()],
  ]) {
    test(`a throttle (Retry-After ${what}) is answered from memory, counts down, and is over when it said`, async () => {
      const scope = world.newScope();
      world.authority.next({ scope, throttle: { retryAfter: retryAfter() } });
      const first = assertUnavailable(await world.getToken({ scope }));
      const until = Date.now() + first * 1000;
      await delay(1100);
      const reply = await world.getToken({ scope });
      const second = assertUnavailable(reply);
      assert.ok(second < first, `${first}, then ${second}`);
      assert.equal((await world.logOf(reply)).upstream_requests, undefined);
      assert.equal(world.upstreamFor(scope).length, 1);

      await delay(second * 1000);
      assertToken(await world.getToken({ scope }));
      const [, probe, ...more] = world.upstreamFor(scope);
      assert.ok(probe.time >= until - 1000 && more.length === 0);
    });
  }

  test("when a window ends there is one probe, not a herd", async () => {
    const scope = world.newScope();
    world.authority.next({ scope, throttle: { retryAfter: 1 } }, { scope, slow: 300, throttle: { retryAfter: 30 } });
    assertUnavailable(await world.getToken({ scope }));
    await delay(1100);
    const replies = await Promise.all(Array.from({ length: 50 }, () => world.getToken({ scope })));
    for (const reply of replies) assert.equal(assertUnavailable(reply), 30);
    assert.equal(world.upstreamFor(scope).length, 2);
  });

  test("a passing fault is forgotten after about a second", async () => {
    const scope = world.newScope();
    world.authority.next({ scope, fail: { status: 500 } }, { scope, fail: { status: 500 } });
    assertUnavailable(await world.getToken({ scope }));
    assertUnavailable(await world.getToken({ scope }));
    assert.equal(world.upstreamFor(scope).length, 2); // with its one retry
    await delay(1100);
    assertToken(await world.getToken({ scope }));
  });

  test("a secret that replicates is back within seconds, and an answer of a balancer too", async () => {
    const [refused, odd] = [world.newScope(), world.newScope()];
    world.authority.next({ scope: refused, refuse: 7000215 });
    world.authority.next(...Array.from({ length: 2 }, () => ({ scope: odd, garbage: "html" })));
    const first = await Promise.all([refused, odd].map((scope) => world.getToken({ scope })));
    for (const reply of first) assertTokenError(reply, 502, "server_error");
    assert.deepEqual(
      first.map((reply) => reply.headers.get("retry-after")),
      [null, "1"],
    );
    await delay(2100);
    for (const scope of [refused, odd]) assertToken(await world.getToken({ scope }));
  });

  test("while upstream fails a token above its serve floor is served on, then no more", async () => {
    const scope = world.newScope();
    const failing = Array.from({ length: 20 }, () => ({ scope, fail: { status: 503, retryAfter: 1 } }));
    world.authority.next({ scope, token: { expires_in: 4, refresh_in: 1 } }, ...failing);
    const token = assertToken(await world.getToken({ scope }));
    await delay(1200);
    const stale = await world.getToken({ scope });
    assert.equal(assertToken(stale), token);
    assertHit(stale, "isolate");
    const wanted = await world.getToken({ scope, query: { min_ttl: "3" } });
    assert.equal(assertToken(wanted), token);
    assert.equal(cacheStatus(wanted).detail, "stale-if-error");
    assert.equal((await world.logOf(wanted)).outcome, "stale_if_error");
    await delay(2600);
    assertUnavailable(await world.getToken({ scope }));
    assert.ok(world.upstreamFor(scope).length <= 5, `${world.upstreamFor(scope).length} upstream requests`);
  });
});
