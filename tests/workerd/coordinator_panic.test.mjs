// A panic inside the coordinator's wasm: a real one, as src/adapters/entropy.rs makes it when there is no randomness.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";

import { assertHit, assertToken, assertTokenError, cacheStatus } from "./harness/expect.mjs";
import { REPORTS } from "./harness/fixtures.mjs";
import { TWO_ISOLATES, coordinatorWith } from "./harness/fronts.mjs";
import { until } from "./harness/until.mjs";
import { withWorld } from "./harness/world.mjs";

const PATIENCE_MS = 5_000;

/** As in worker.mjs: how often it looks whether the memory of a waiting request still exists. */
const CHECK_MS = 5_200;

/** There is no randomness from the first event of any object on, for a second. The objects live in the isolate BROKER. */
const PANICS_ONCE = coordinatorWith(
  `fetch(request) {
    if (!done) {
      done = true;
      const fair = crypto.getRandomValues;
      crypto.getRandomValues = () => { throw new Error("told to fail"); };
      setTimeout(() => { crypto.getRandomValues = fair; console.log("randomness is back"); }, 1000);
    }
    return super.fetch(request);
  }`,
  "let done = false;",
);

/** The next use of randomness fails, and no other. */
const FAIL_ONCE = `
function failOnce() {
  const fair = crypto.getRandomValues;
  crypto.getRandomValues = () => {
    crypto.getRandomValues = fair;
    throw new Error("told to fail");
  };
}`;

/** The request id of a request that makes the coordinator panic, every time. */
const POISON = "poison";

const PANICS_OF_POISON = coordinatorWith(
  `async fetch(request) {
    const message = new TextDecoder("latin1").decode(await request.clone().bytes());
    if (message.includes("${POISON}")) failOnce();
    return super.fetch(request);
  }`,
  FAIL_ONCE,
);

/** The first alarm of all panics. */
const PANICS_IN_ALARM = coordinatorWith(
  `alarm() {
    if (!done) failOnce();
    done = true;
    return super.alarm();
  }`,
  `let done = false; ${FAIL_ONCE}`,
);

const PANIC = /panicked at src\/adapters\/entropy\.rs/;

const withPanic = (body, source = PANICS_ONCE) =>
  withWorld({ front: TWO_ISOLATES, coordinator: { source }, breaks: true }, body);

/** After the panic the same isolate and the same objects are good again, for this scope and for others. */
async function assertRecovered(world, scope) {
  await until(() => world.broker.printed(/randomness is back/).length > 0);
  assert.equal(world.broker.printed(PANIC).length, 1);
  await assertCoordinated(world, scope);
}

/** The isolate and its objects are good, for this scope and for others. */
async function assertCoordinated(world, scope) {
  for (const again of [scope, world.newScope(), world.newScope()]) {
    const before = world.upstreamFor(again).length;
    world.authority.next({ scope: again, slow: 300 });
    const replies = await Promise.all(
      ["BROKER", "OTHER", "BROKER", "OTHER"].map((isolate) => world.getToken({ scope: again, headers: { isolate } })),
    );
    replies.forEach(assertToken);
    assert.ok(world.upstreamFor(again).length - before <= 1, "not coordinated");
    for (const reply of replies) assert.equal((await world.logOf(reply)).coordinator, undefined);
  }
}

// Real time is the subject: an isolate waits for a coordinator for five seconds.
describe("a coordinator that panics", { concurrency: true }, () => {
  test("costs callers in other isolates five seconds, never the token, and works again afterwards", () =>
    withPanic(async (world) => {
      const scope = world.newScope();
      const started = performance.now();
      const reply = await world.getToken({ scope, headers: { isolate: "OTHER" } });
      const tookMs = performance.now() - started;
      assert.equal(world.broker.printed(PANIC).length, 1);
      assertToken(reply);
      assert.equal(cacheStatus(reply).fwd, "miss");
      assert.ok(tookMs < PATIENCE_MS + 1500, `took ${tookMs} ms`);
      const { coordinator, level, outcome, upstream_requests } = await world.logOf(reply);
      assert.match(coordinator, /^(timeout|failed)$/);
      assert.deepEqual({ level, outcome, upstream_requests }, { level: "warn", outcome: "miss", upstream_requests: 1 });
      assertHit(await world.getToken({ scope, headers: { isolate: "OTHER" } }), "isolate");
      await assertRecovered(world, scope);
    }));

  test("in the isolate of its caller works again with the next request, and its isolate does", () =>
    withPanic(async (world) => {
      const scope = world.newScope();
      const lost = statusWithin(world, scope, 3000);
      await until(() => world.broker.printed(PANIC).length > 0);
      await assertRecovered(world, scope);
      await lost;
    }));

  // The request's timer was in the memory that is gone. The Worker's module notices.
  test("in the isolate of its caller does not cost that caller its token", () =>
    withPanic(async (world) => {
      assert.equal(await statusWithin(world, world.newScope(), PATIENCE_MS + 1500), 200);
    }));

  // Each panic ends the memory in which the requests of the isolate wait. The Worker starts a request whose memory has
  // ended once more, when it looks after CHECK_MS. After a second panic the answer is a 500, for every such request: the
  // broker cannot know which one causes the panics.
  //
  //   s     once          twice         poison        late
  //   0.0   waits
  //   0.8                 waits
  //   1.3   lost          lost          first panic
  //   4.8                                             waits
  //   5.2   again: 200
  //   6.0                 again: waits
  //   6.5                 lost          second panic  lost
  //   10.0                                            again: waits
  //   11.2                500
  //   11.7                              500
  //   13.5                                            200
  test("costs a request of its isolate one more attempt, and a second panic is a 500", () =>
    withPanic(async (world) => {
      const panics = () => world.broker.printed(PANIC).length;
      const isUpstream = ({ scope }) => world.upstreamFor(scope).length === 1;

      const once = startRequest(world, [4000]);
      await delay(800);
      const twice = startRequest(world, [4000, 4000]);
      await until(() => isUpstream(once) && isUpstream(twice));
      await delay(500);
      const poison = startRequest(world, [], { "X-Request-Id": POISON });
      await until(() => panics() === 1);
      await delay(3500);
      const late = startRequest(world, [3500, 3500]);

      assertToken(await once.reply);
      assertTokenError(await twice.reply, 500, "server_error");
      assertTokenError(await poison.reply, 500, "server_error");
      assertToken(await late.reply);
      assert.equal(panics(), 2);

      await assertTook(once, CHECK_MS, CHECK_MS);
      await assertTook(twice, 2 * CHECK_MS, 2 * CHECK_MS);
      await assertTook(poison, 2 * CHECK_MS, 2 * CHECK_MS);
      await assertTook(late, CHECK_MS + 3500, CHECK_MS + 3500);

      assertHit(await fromBroker(world, late.scope), "isolate");
      await assertCoordinated(world, twice.scope);
      assert.equal(panics(), 2);
    }, PANICS_OF_POISON));

  test("in its alarm still renews by alarm", () =>
    withPanic(async (world) => {
      const scope = world.newScope();
      const short = { scope, token: { expires_in: 40, refresh_in: 3 } };
      world.authority.next(...Array.from({ length: 10 }, () => short));
      assertToken(await world.getToken({ scope, headers: { isolate: "OTHER" } }));
      const upstream = () => world.upstreamFor(scope).length;
      await until(() => world.broker.printed(PANIC).length === 1);
      assert.equal(upstream(), 1);
      await until(() => upstream() === 2, 15_000);
      await until(() => upstream() === 3);
      assert.equal(world.broker.printed(PANIC).length, 1);
    }, PANICS_IN_ALARM));
});

/** The reply to a request in the isolate of the objects. */
const fromBroker = (world, scope, headers = {}) =>
  world.getToken({ scope, headers: { isolate: "BROKER", ...headers } });

/** Starts such a request for a new scope. Upstream takes `slow` milliseconds for it, each time that it is asked. */
function startRequest(world, slow, headers) {
  const scope = world.newScope();
  world.authority.next(...slow.map((ms) => ({ scope, slow: ms })));
  const started = performance.now();
  const reply = fromBroker(world, scope, headers);
  const tookMs = reply.then(() => performance.now() - started);
  return { scope, reply, tookMs };
}

/** A busy machine may need a second and a half more. */
async function assertTook({ tookMs }, least, most) {
  const ms = await tookMs;
  assert.ok(ms >= least && ms < most + 1500, `took ${ms} ms`);
}

/** The status of the reply to such a request, from a caller that leaves after `patienceMs`. */
async function statusWithin(world, scope, patienceMs) {
  const headers = { Authorization: `Bearer ${REPORTS.key}`, isolate: "BROKER" };
  try {
    const { status } = await world.fetch(`/token?${new URLSearchParams({ scope })}`, {
      headers,
      signal: AbortSignal.timeout(patienceMs),
    });
    return status;
  } catch {
    return "no answer";
  }
}
