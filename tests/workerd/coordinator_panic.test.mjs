// A panic inside the coordinator's wasm: a real one, as src/adapters/entropy.rs makes it when there is no randomness.

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { assertHit, assertToken, cacheStatus } from "./harness/expect.mjs";
import { REPORTS } from "./harness/fixtures.mjs";
import { TWO_ISOLATES, coordinatorWith } from "./harness/fronts.mjs";
import { until } from "./harness/until.mjs";
import { withWorld } from "./harness/world.mjs";

const PATIENCE_MS = 5_000;

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

const PANIC = /panicked at src\/adapters\/entropy\.rs/;

const withPanic = (body) =>
  withWorld({ front: TWO_ISOLATES, coordinator: { source: PANICS_ONCE }, breaks: true }, body);

/** After the panic the same isolate and the same objects are good again, for this scope and for others. */
async function assertRecovered(world, scope) {
  await until(() => world.broker.printed(/randomness is back/).length > 0);
  assert.equal(world.broker.printed(PANIC).length, 1);
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
});

/** The status of the answer to a caller in the isolate of the objects who leaves after `patienceMs`. */
async function asked(world, scope, patienceMs) {
  const headers = { Authorization: `Bearer ${REPORTS.key}`, isolate: "BROKER" };
  try {
    const { status } = await world.fetch(`/token?${new URLSearchParams({ scope })}`, { headers, signal: AbortSignal.timeout(patienceMs) });
    return status;
  } catch {
    return "no answer";
  }
}
