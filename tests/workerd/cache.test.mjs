// The token cache as callers see it: `Cache-Status` (RFC 9211), `expires_in`, who shares a token with whom.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";

import { assertHit, assertMiss, assertToken, assertUnavailable } from "./harness/expect.mjs";
import { AUDIT, REPORTS } from "./harness/fixtures.mjs";
import { until } from "./harness/until.mjs";
import { openWorld } from "./harness/world.mjs";

let world;
before(async () => (world = await openWorld()));
after(() => world?.close());

test("the first request is a miss that is stored, the second a hit from isolate memory", async () => {
  const scope = world.newScope();
  const first = await world.getToken({ scope });
  const second = await world.getToken({ scope });

  assert.equal(assertToken(first), assertToken(second));
  assert.equal(first.headers.get("cache-status"), "edge-token-broker; fwd=miss; stored");
  assert.equal(
    second.headers.get("cache-status"),
    `edge-token-broker; hit; ttl=${second.body.expires_in}; detail=isolate`,
  );
  assert.equal(world.upstreamRequests(second).length, 0);
});

test("both routes share one token", async () => {
  const scope = world.newScope();
  const posted = await world.postToken({ scope });
  const got = await world.getToken({ scope });
  assert.equal(assertToken(posted), assertToken(got));
  assertHit(got, "isolate");
});

test("two clients with the same grant share one token request", async () => {
  const scope = world.newScope();
  const first = await world.getToken({ client: REPORTS, scope });
  const second = await world.getToken({ client: AUDIT, scope });
  assert.equal(assertToken(first), assertToken(second));
  assertHit(second, "isolate");
});

test("different scopes never share a token", async () => {
  const first = await world.getToken({ scope: world.newScope() });
  const second = await world.getToken({ scope: world.newScope() });
  assert.notEqual(assertToken(first), assertToken(second));
  assertMiss(second);
});

test("the last good token of one scope does not answer for another that fails", async () => {
  await world.getToken({ scope: world.newScope() });
  world.authority.next({ throttle: {} });
  assert.equal((await world.getToken({ scope: world.newScope() })).status, 503);
});

test("expires_in counts from before the token request was sent", async () => {
  world.authority.next({ slow: 1100, token: { expires_in: 3600, ext_expires_in: 7200 } });
  const { body } = await world.getToken({ scope: world.newScope() });
  assert.ok(body.expires_in < 3599, `expires_in is ${body.expires_in}`);
  assert.ok(body.ext_expires_in < 7199, `ext_expires_in is ${body.ext_expires_in}`);
});

test("ext_expires_in is absent where upstream sent none", async () => {
  const scope = world.newScope();
  world.authority.next({ without: ["ext_expires_in"] });
  for (const reply of [await world.getToken({ scope }), await world.getToken({ scope })]) {
    assertToken(reply);
    assert.ok(!("ext_expires_in" in reply.body));
  }
});

test("what a caller asked for is kept and logged although the caller has gone", async () => {
  const scope = world.newScope();
  world.authority.next({ scope, slow: 300 });
  const caller = world.impatientClient({ scope });
  await until(() => world.upstreamFor(scope).length > 0); // it is in flight
  caller.leave();

  const line = await world.logOf(caller);
  assert.deepEqual({ outcome: line.outcome, tier: line.tier }, { outcome: "miss", tier: "upstream" });
  assertHit(await world.getToken({ scope }), "isolate");
  assert.equal(world.upstreamFor(scope).length, 1);
});

test("concurrent requests are each answered with a good token", async () => {
  const scope = world.newScope();
  const replies = await Promise.all(Array.from({ length: 20 }, () => world.getToken({ scope })));
  for (const reply of replies) assert.ok(world.authority.issued.includes(assertToken(reply)));
});

// Real time is the subject of these two.
describe("time passes", { concurrency: true }, () => {
  test("expires_in counts down, and Cache-Status with it", async () => {
    const scope = world.newScope();
    const first = await world.getToken({ scope });
    await delay(1100);
    const later = await world.getToken({ scope });
    assert.equal(assertToken(first), assertToken(later));
    assert.ok(later.body.expires_in < first.body.expires_in);
    assert.equal(later.body.ext_expires_in, later.body.expires_in);
    assertHit(later, "isolate");
  });

  test("an expired token is never served", async () => {
    const scope = world.newScope();
    const before = Date.now();
    // Nobody gets to renew it.
    world.authority.next(
      { scope, token: { expires_in: 2, ext_expires_in: 3600 } },
      ...Array(50).fill({ scope, throttle: {} }),
    );
    const first = assertToken(await world.getToken({ scope }));
    let reply;
    let askedAt;
    do {
      await delay(50);
      askedAt = Date.now();
      reply = await world.getToken({ scope });
    } while (reply.body.access_token === first && askedAt < before + 10_000);
    // A tenth of so short a lifetime is the serve floor, so the last answer with it comes before 1.8 seconds.
    assert.ok(askedAt >= before + 1700 && askedAt < before + 2500, `no longer served after ${askedAt - before} ms`);
    assertUnavailable(reply);
  });
});
