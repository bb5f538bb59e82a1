// Renewal: behind a response, and by alarm before anybody asks. Real time is the subject of all of this; lifetimes are
// seconds, so that a test is, too.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";

import { assertHit, assertToken, assertUnavailable } from "./harness/expect.mjs";
import { CLIENTS, GRAPH, REPORTS, newClient } from "./harness/fixtures.mjs";
import { until } from "./harness/until.mjs";
import { openWorld, withWorld } from "./harness/world.mjs";

let world;
before(async () => (world = await openWorld()));
after(() => world?.close());

/** Gets a token that is due for renewal soon: after `refresh_in`, but not within a quarter of its lifetime. */
async function staleToken(own, { expires_in = 6, refresh_in = 1 } = {}, ...next) {
  const scope = own.newScope();
  own.authority.next(
    { scope, token: { expires_in, refresh_in } },
    ...next.map((behaviour) => ({ scope, ...behaviour })),
  );
  const token = assertToken(await own.getToken({ scope }));
  return { scope, token };
}

describe("renewal", { concurrency: true }, () => {
  test("the alarm renews a token in use without any request", async () => {
    const { scope, token } = await staleToken(world, { expires_in: 8, refresh_in: 2 }, { token: { expires_in: 3599 } });
    await until(() => world.upstreamFor(scope).length === 2, 5000);
    const [first, second] = world.upstreamFor(scope);
    assert.ok(
      second.time - first.time >= 1300 && second.time - first.time < 3500,
      `after ${second.time - first.time} ms`,
    );
    const line = await world.broker.logLine(
      "the renewal",
      (line) => line.route === "coordinator" && line.scope === scope,
    );
    const { outcome, upstream_status, upstream_requests, credential, level } = line;
    assert.deepEqual(
      { outcome, upstream_status, upstream_requests, credential, level },
      { outcome: "renewed", upstream_status: 200, upstream_requests: 1, credential: "default", level: "info" },
    );
    await delay(Math.max(0, first.time + 7300 - Date.now())); // the first one has expired
    const later = await world.getToken({ scope });
    assert.notEqual(assertToken(later), token);
    assertHit(later, "kv");
    assert.equal(world.upstreamFor(scope).length, 2);
  });

  test("the alarm stops by itself when nobody asks for a lifetime", async () => {
    const scope = world.newScope();
    const short = Array.from({ length: 30 }, () => ({ scope, token: { expires_in: 3, refresh_in: 1 } }));
    world.authority.next(...short);
    assertToken(await world.getToken({ scope }));
    await until(() => world.upstreamFor(scope).length >= 3, 6000);
    await delay(3500);
    const asked = world.upstreamFor(scope).length;
    await delay(2500);
    assert.equal(world.upstreamFor(scope).length, asked);
    assert.ok(asked <= 6, `${asked} upstream requests`);
  });

  test("with keep_warm it does not stop", () => {
    const warm = newClient("warm");
    const clients = {
      ...CLIENTS,
      warm: { key_sha256: [warm.digest], allow: [{ credential: "default", scope: GRAPH, keep_warm: true }] },
    };
    return withWorld({ bindings: { CLIENTS: clients } }, async (own) => {
      own.authority.always({ token: { expires_in: 2 } });
      assertToken(await own.getToken({ client: warm }));
      await delay(5000);
      const asked = own.upstreamFor(GRAPH).length;
      await until(() => own.upstreamFor(GRAPH).length >= asked + 2, 5000);
    });
  });

  test("a stale token is served at once while upstream hangs", () =>
    withAlarmless(async (own) => {
      const { scope, token } = await staleToken(own, {}, { hang: "headers" });
      await delay(1700);
      for (let n = 0; n < 5; n += 1) {
        const started = performance.now();
        const reply = await own.getToken({ scope });
        const tookMs = performance.now() - started;
        assert.equal(assertToken(reply), token);
        assertHit(reply, "isolate");
        assert.ok(tookMs < 100, `took ${tookMs} ms`);
      }
      assert.ok(own.upstreamFor(scope).length <= 2);
    }));

  test("a stale token is renewed behind the response, once, and the next answer has the new one", () =>
    withAlarmless(async (own) => {
      const { scope, token } = await staleToken(own);
      await delay(1700);
      const replies = await Promise.all(Array.from({ length: 20 }, () => own.getToken({ scope })));
      for (const reply of replies) assert.equal(assertToken(reply), token);
      const lines = await Promise.all(replies.map((reply) => own.logOf(reply)));
      const renewing = lines.filter(({ renewal }) => renewal !== undefined);
      assert.deepEqual(
        renewing.map(({ renewal, outcome, level }) => ({ renewal, outcome, level })),
        [{ renewal: "renewed", outcome: "hit", level: "info" }],
      );
      const next = await own.getToken({ scope });
      assert.notEqual(assertToken(next), token);
      assertHit(next, "isolate");
      assert.equal(own.upstreamFor(scope).length, 2);
    }));

  test("a renewal that fails is in the log, and the token in hand is served", () =>
    withAlarmless(async (own) => {
      const { scope, token } = await staleToken(own, {}, { throttle: { retryAfter: 60 } });
      await delay(1700);
      const reply = await own.getToken({ scope });
      assert.equal(assertToken(reply), token);
      const { renewal, outcome } = await own.logOf(reply);
      assert.notEqual(renewal, "renewed");
      assert.equal(outcome, "hit");
      assert.equal(assertToken(await own.getToken({ scope })), token);
      await delay(4000);
      assertUnavailable(await own.getToken({ scope }));
      assert.equal(own.upstreamFor(scope).length, 2);
    }));
});

/** A world whose coordinators cannot set an alarm: renewal is left to requests. */
function withAlarmless(body) {
  const source = `
    import { TokenCoordinator as Real } from "./index.js";
    export class TokenCoordinator {
      constructor(state, env) {
        const storage = state.storage;
        storage.setAlarm = async () => {};
        this.real = new Real(state, env);
      }
      fetch(request) { return this.real.fetch(request); }
      alarm() {}
    }`;
  return withWorld({ coordinator: { source } }, body);
}
