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

/** As in worker.mjs: how often it looks whether whoever waits has lost the memory in which he does. */
const CHECK_MS = 5_200;

/** In the first event of any object there is no randomness, for a second; the objects live in the isolate BROKER. */
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

/** The request id of a request that makes each coordinator panic that it reaches, every time. */
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

// Real time is the subject: a coordinator is waited for five seconds.
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
      const lost = asked(world, scope, 3000);
      await until(() => world.broker.printed(PANIC).length > 0);
      await assertRecovered(world, scope);
      await lost;
    }));

  // Its own timer is in the wasm that is gone: the Worker's module notices.
  test("in the isolate of its caller does not cost that caller its token", () =>
    withPanic(async (world) => {
      assert.equal(await asked(world, world.newScope(), PATIENCE_MS + 1500), 200);
    }));

  // The second answer that is lost is not asked for again, whosever fault it is.
  test("whenever one request asks it answers that request in the end, and everybody else", () =>
    withPanic(async (world) => {
      const panics = () => world.broker.printed(PANIC).length;

      const once = bystander(world, [2500]);
      await delay(800);
      const twice = bystander(world, [2500, 2500]);
      await until(() => [once, twice].every(({ scope }) => world.upstreamFor(scope).length === 1));
      const poisoned = timed(inBroker(world, world.newScope(), { "X-Request-Id": POISON }));
      await until(() => panics() === 1);
      await delay(3500);
      const second = bystander(world, [3500, 3500]);

      const { reply, tookMs } = await poisoned;
      assertTokenError(reply, 500, "server_error");
      assert.ok(tookMs < 2 * CHECK_MS + 1500, `took ${tookMs} ms`);
      assert.equal(panics(), 2);

      for (const { answer } of [once, second]) {
        const { reply, tookMs } = await answer;
        assertToken(reply);
        assert.ok(tookMs > CHECK_MS && tookMs < CHECK_MS + 3500 + 1500, `took ${tookMs} ms`);
      }
      const unlucky = await twice.answer;
      if (unlucky.reply.status === 500) assertTokenError(unlucky.reply, 500, "server_error");
      else assertToken(unlucky.reply);
      assert.ok(unlucky.tookMs < 2 * CHECK_MS + 1500, `took ${unlucky.tookMs} ms`);

      assertHit(await inBroker(world, second.scope), "isolate");
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

/** A caller in the isolate of the objects. */
const inBroker = (world, scope, headers = {}) => world.getToken({ scope, headers: { isolate: "BROKER", ...headers } });

/** One who waits there for an upstream that takes this long, each time that it is asked. */
function bystander(world, slow) {
  const scope = world.newScope();
  world.authority.next(...slow.map((ms) => ({ scope, slow: ms })));
  return { scope, answer: timed(inBroker(world, scope)) };
}

async function timed(answer) {
  const started = performance.now();
  const reply = await answer;
  return { reply, tookMs: performance.now() - started };
}

/** The status of the answer to a caller in the isolate of the objects who leaves after `patienceMs`. */
async function asked(world, scope, patienceMs) {
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
