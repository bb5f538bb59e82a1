// A coordinator that nobody uses is evicted from memory after about ten seconds; what it stored is still there.
// Real time is the subject of all of this. (workerd loses storage in memory with the eviction: on disk it is.)

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";

import { assertHit, assertToken, assertTokenError, assertUnavailable } from "./harness/expect.mjs";
import { TWO_ISOLATES, coordinatorWith } from "./harness/fronts.mjs";
import { until } from "./harness/until.mjs";
import { openWorld } from "./harness/world.mjs";

const EVICTED_AFTER_MS = 12_000;

const COUNTED = coordinatorWith(
  `constructor(state, env) { super(state, env); console.log("constructed " + state.id.name); }`,
);

let world;
before(
  async () =>
    (world = await openWorld({ kv: false, front: TWO_ISOLATES, coordinator: { durable: true, source: COUNTED } })),
);
after(() => world?.close());

/** How often each object was constructed: name → count. */
function constructions() {
  const count = new Map();
  for (const line of world.broker.printed(/^constructed /)) count.set(line, (count.get(line) ?? 0) + 1);
  return count;
}

/** One isolate asks now, the other one when the object has been evicted; upstream is asked once. */
async function twice(behaviour, answers) {
  const scope = world.newScope();
  world.authority.next({ scope, ...behaviour });
  const first = await world.getToken({ scope, headers: { isolate: "BROKER" } });
  await delay(EVICTED_AFTER_MS);
  const second = await world.getToken({ scope, headers: { isolate: "OTHER" } });
  await answers(first, second, scope);
  assert.equal(world.upstreamFor(scope).length, 1);
}

describe("evicted", { concurrency: true }, () => {
  after(() => {
    const counts = [...constructions().values()];
    assert.deepEqual(counts, Array(4).fill(2), "an object was not evicted, or more than once");
  });

  test("with a token: the next isolate has it from there", () =>
    twice({}, (first, second) => {
      assert.equal(assertToken(second), assertToken(first));
      assertHit(second, "coordinator");
    }));

  test("with an answer that was not understood: it is still remembered, with the time that is left", () =>
    twice({ reply: { status: 404, headers: { "Retry-After": "40" } } }, async (first, second) => {
      assertTokenError(first, 502, "server_error");
      assert.deepEqual(second.body, first.body);
      const left = Number(second.headers.get("retry-after"));
      assert.ok(left <= 28 && left >= 24, `${left} seconds left`);
      assert.equal((await world.logOf(second)).upstream_requests, undefined);
    }));

  test("with a throttle: it is still remembered, with the time that is left", () =>
    twice({ throttle: { retryAfter: 40 } }, (first, second) => {
      assert.equal(assertUnavailable(first), 40);
      const left = assertUnavailable(second);
      assert.ok(left <= 28 && left >= 24, `${left} seconds left`);
    }));

  test("with an alarm: it is constructed again for it and renews, and nobody had to ask", async () => {
    const scope = world.newScope();
    world.authority.next({ scope, token: { expires_in: 24, refresh_in: 14 } });
    const token = assertToken(await world.getToken({ scope, headers: { isolate: "BROKER" } }));
    await until(() => world.upstreamFor(scope).length === 2, 18_000);
    const [first, second] = world.upstreamFor(scope);
    assert.ok(second.time - first.time > 12_500, `after ${second.time - first.time} ms`);
    await world.broker.logLine("the renewal", ({ route, outcome }) => route === "coordinator" && outcome === "renewed");
    const other = await world.getToken({ scope, headers: { isolate: "OTHER" } });
    assert.notEqual(assertToken(other), token);
    assertHit(other, "coordinator");
  });
});
