// The coordinator's flight: one upstream request for all callers that wait for the same token, also if some of them leave.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { assertHit, assertToken, cacheStatus } from "./harness/expect.mjs";
import { AUDIT, REPORTS } from "./harness/fixtures.mjs";
import { TWO_ISOLATES } from "./harness/fronts.mjs";
import { until } from "./harness/until.mjs";
import { openWorld, withWorld } from "./harness/world.mjs";

const STORED = "edge-token-broker; fwd=miss; stored";
const COLLAPSED = "edge-token-broker; fwd=miss; collapsed";

const times = (count, what) => Promise.all(Array.from({ length: count }, (_, n) => what(n)));

const countOf = (replies) => {
  const count = {};
  for (const { headers } of replies) {
    const status = headers.get("cache-status").replace(/ttl=\d+/, "ttl");
    count[status] = (count[status] ?? 0) + 1;
  }
  return count;
};

/** Everybody has the one token that upstream issued for `scope`. */
function assertOneFlight(world, scope, replies) {
  assert.equal(world.upstreamFor(scope).length, 1);
  assert.equal(new Set(replies.map(assertToken)).size, 1);
}

describe("one flight", () => {
  let world;
  before(async () => (world = await openWorld()));
  after(() => world?.close());

  test("500 concurrent cold requests are one upstream request and 500 good answers", async () => {
    const scope = world.newScope();
    world.authority.next({ scope, slow: 1500 });
    const replies = await times(500, (n) => world.getToken({ scope, client: n % 2 ? REPORTS : AUDIT }));
    assertOneFlight(world, scope, replies);
    const { [STORED]: stored, [COLLAPSED]: collapsed, ...hits } = countOf(replies);
    assert.equal(stored, 1);
    assert.ok(collapsed > 0);
    for (const status of Object.keys(hits))
      assert.match(status, /^edge-token-broker; hit; ttl; detail=(isolate|kv|coordinator)$/);
    const lines = await Promise.all(replies.map((reply) => world.logOf(reply)));
    const outcomes = ["miss", "collapsed"].map((name) => lines.filter(({ outcome }) => outcome === name).length);
    assert.deepEqual(outcomes, [stored, collapsed]);
  });

  test("who waited for somebody else's flight is logged with its traces, and as collapsed", async () => {
    const scope = world.newScope();
    world.authority.next({ scope, slow: 300 });
    const first = world.getToken({ scope });
    await until(() => world.upstreamFor(scope).length > 0);
    const second = await world.getToken({ scope });
    assertOneFlight(world, scope, [await first, second]);
    assert.deepEqual(
      [(await first).headers.get("cache-status"), second.headers.get("cache-status")],
      [STORED, COLLAPSED],
    );
    const { outcome, tier, upstream_status, upstream_ms, level } = await world.logOf(second);
    assert.deepEqual(
      { outcome, tier, upstream_status, level },
      { outcome: "collapsed", tier: "upstream", upstream_status: 200, level: "info" },
    );
    assert.ok(upstream_ms >= 250, `upstream_ms is ${upstream_ms}`);
    assert.deepEqual(world.broker.coordinatorLog, [], "somebody waited, and has a line");
  });

  test("different scopes are different flights, side by side", async () => {
    const scopes = [world.newScope(), world.newScope(), world.newScope()];
    const started = performance.now();
    world.authority.next(...scopes.map((scope) => ({ scope, slow: 600 })));
    const replies = await Promise.all(scopes.map((scope) => world.getToken({ scope })));
    assert.equal(new Set(replies.map(assertToken)).size, 3);
    assert.ok(performance.now() - started < 1200);
  });

  test("the leader's client resets its connection: the others are served by that same upstream request", async () => {
    const scope = world.newScope();
    world.authority.next({ scope, slow: 800 });
    const leader = world.impatientClient({ scope });
    await until(() => world.upstreamFor(scope).length > 0);
    const others = times(10, () => world.getToken({ scope }));
    await world.fetch("/healthz"); // the others are under way
    leader.leave();

    const replies = await others;
    assertOneFlight(world, scope, replies);
    for (const reply of replies) assert.equal(cacheStatus(reply).collapsed, true);
    assert.equal((await world.logOf(leader)).outcome, "miss");
    assert.equal(world.upstreamFor(scope)[0].headers["client-request-id"], leader.requestId);
  });

  test("everybody leaves: the token is there for the next one", async () => {
    const scope = world.newScope();
    world.authority.next({ scope, slow: 300 });
    const callers = [1, 2, 3].map(() => world.impatientClient({ scope }));
    await until(() => world.upstreamFor(scope).length > 0);
    // By then all three requests are there.
    await world.fetch("/healthz");
    for (const caller of callers) caller.leave();
    for (const caller of callers) await world.logOf(caller);
    assertHit(await world.getToken({ scope }), "isolate");
    assert.equal(world.upstreamFor(scope).length, 1);
  });
});

test("two isolates share one upstream request", () =>
  withWorld({ front: TWO_ISOLATES }, async (world) => {
    const scope = world.newScope();
    world.authority.next({ scope, slow: 800 });
    const replies = await times(40, () => world.getToken({ scope }));
    assertOneFlight(world, scope, replies);
    assert.equal(countOf(replies)[STORED], 1);
  }));

test("a second isolate without KV is served by the coordinator's memory", () =>
  withWorld({ front: TWO_ISOLATES, kv: false }, async (world) => {
    const scope = world.newScope();
    const [first, second] = [await world.getToken({ scope }), await world.getToken({ scope })];
    assert.equal(assertToken(first), assertToken(second));
    assertHit(second, "coordinator");
    const { outcome, tier, upstream_requests } = await world.logOf(second);
    assert.deepEqual(
      { outcome, tier, upstream_requests },
      { outcome: "hit", tier: "coordinator", upstream_requests: undefined },
    );
  }));

// Real time is the subject: upstream takes longer than a coordinator is waited for.
test("an upstream that takes seven seconds is still asked once by 50 requests", () =>
  withWorld({}, async (world) => {
    const scope = world.newScope();
    world.authority.next({ scope, slow: 7000 });
    assertOneFlight(world, scope, await times(50, () => world.getToken({ scope })));
  }));
