// The authorization server throttles, fails, or does not answer: 503, when to come back, and at most one retry.
// Without a coordinator; with one there are coordinator_failures.test.mjs and coordinator_flight.test.mjs.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { assertMiss, assertToken, assertUnavailable } from "./harness/expect.mjs";
import { openWorld } from "./harness/world.mjs";

const TIMEOUT_MS = 10_000;
const RETRY_PAUSE_MS = [500, 1500];
const TRANSIENT = {
  error: "temporarily_unavailable",
  error_description: "AADSTS90033: A transient error has occurred. Please try again.",
  error_codes: [90033],
  trace_id: "79168b0f-cc19-4f7f-8859-623628460a00",
};

let world;
before(async () => (world = await openWorld({ coordinator: false })));
after(() => world?.close());

/** Asks for a token of its own while upstream does `behaviours` to exactly these requests, in order. */
async function ask(...behaviours) {
  const scope = world.newScope();
  world.authority.next(...behaviours.map((behaviour) => ({ scope, ...behaviour })));
  const started = performance.now();
  const reply = await world.getToken({ scope });
  return { reply, tookMs: performance.now() - started, attempts: world.upstreamRequests(reply) };
}

const inSeconds = (seconds) => new Date(Date.now() + seconds * 1000).toUTCString();

describe("throttling", { concurrency: true }, () => {
  for (const [what, throttle, [least, most]] of [
    ["Retry-After in seconds", { retryAfter: 30 }, [30, 30]],
    ["Retry-After as an HTTP-date", { retryAfter: inSeconds(90) }, [75, 91]],
    ["Retry-After over an hour", { retryAfter: 7200 }, [3600, 3600]],
    ["Retry-After as a date far away", { retryAfter: inSeconds(86_400) }, [3600, 3600]],
    ["no Retry-After", {}, [60, 60]],
    ["a Retry-After that means nothing", { retryAfter: "later" }, [60, 60]],
  ]) {
    test(`429 with ${what} is passed on and not retried`, async () => {
      const { reply, attempts } = await ask({ throttle });
      const seconds = assertUnavailable(reply);
      assert.ok(seconds >= least && seconds <= most, `Retry-After is ${seconds}`);
      assert.equal(attempts.length, 1);
      const { upstream_status, status, outcome } = await world.logOf(reply);
      assert.deepEqual(
        { upstream_status, status, outcome },
        { upstream_status: 429, status: 503, outcome: "upstream_unavailable" },
      );
    });
  }

  for (const status of [500, 502, 503]) {
    test(`${status} with Retry-After is passed on and not retried`, async () => {
      const { reply, attempts } = await ask({ fail: { status, retryAfter: 17 } });
      assert.equal(assertUnavailable(reply), 17);
      assert.equal(attempts.length, 1);
    });
  }
});

describe("a status that decides does not wait for its body", { concurrency: true }, () => {
  for (const [status, seconds] of [
    [429, 7],
    [503, 7],
  ]) {
    test(`${status} whose body never ends is passed on with its Retry-After, and not retried`, async () => {
      const { reply, tookMs, attempts } = await ask({ fail: { status, retryAfter: seconds }, hang: "body" });
      assert.equal(assertUnavailable(reply), seconds);
      assert.equal(attempts.length, 1);
      assert.ok(tookMs < TIMEOUT_MS / 2, `took ${tookMs} ms`);
    });
  }

  test("Entra's numbers are relayed and logged when the body does come", async () => {
    const { reply } = await ask({ reply: { status: 503, headers: { "Retry-After": "7" }, body: TRANSIENT } });
    assertUnavailable(reply);
    assert.deepEqual(reply.body.error_codes, [90033]);
    assert.equal(reply.body.trace_id, TRANSIENT.trace_id);
    const { aadsts, trace_id } = await world.logOf(reply);
    assert.deepEqual({ aadsts, trace_id }, { aadsts: 90033, trace_id: TRANSIENT.trace_id });
  });
});

describe("one retry", { concurrency: true }, () => {
  for (const [what, behaviour] of [
    ["500", { fail: { status: 500 } }],
    ["503 with an HTML page", { fail: { status: 503, html: true } }],
    ["504", { fail: { status: 504 } }],
    ["408", { fail: { status: 408 } }],
    ["a reset connection", { reset: true }],
  ]) {
    test(`after ${what} brings a token when the second answer is one`, async () => {
      const { reply, attempts } = await ask(behaviour);
      assertToken(reply);
      assertMiss(reply);
      assert.equal(attempts.length, 2);
      const pause = attempts[1].time - attempts[0].time;
      assert.ok(pause >= RETRY_PAUSE_MS[0] - 50 && pause <= RETRY_PAUSE_MS[1] + 1000, `retried after ${pause} ms`);
      assert.equal(attempts[0].headers["client-request-id"], attempts[1].headers["client-request-id"]);
    });

    test(`after ${what} twice is the last`, async () => {
      const { reply, attempts } = await ask(behaviour, behaviour, { garbage: "html" });
      assertUnavailable(reply);
      assert.equal(attempts.length, 2);
    });
  }

  test("that meets a throttle says when to come back", async () => {
    const { reply, attempts } = await ask({ fail: { status: 503 } }, { throttle: { retryAfter: 45 } });
    assert.equal(assertUnavailable(reply), 45);
    assert.equal(attempts.length, 2);
  });

  test("a server that nobody runs is 503", async () => {
    const own = await openWorld({ coordinator: false, bindings: { AZ_AUTHORITY_HOST: "http://127.0.0.1:1" } });
    try {
      const reply = await own.getToken({ scope: own.newScope() });
      assertUnavailable(reply);
      assert.equal((await own.logOf(reply)).upstream_status, undefined);
    } finally {
      await own.close();
    }
  });
});

// Real time is the subject: the whole exchange, headers and body, has 10 seconds.
describe("ten seconds", { concurrency: true }, () => {
  for (const [what, behaviour] of [
    ["silence before the headers", { hang: "headers" }],
    ["silence in the middle of the body", { hang: "body" }],
    ["a body that comes in drips", { drip: 50 }],
  ]) {
    test(`${what} is 503 after ten seconds, not retried`, async () => {
      const { reply, tookMs, attempts } = await ask(behaviour);
      assertUnavailable(reply);
      assert.ok(tookMs >= TIMEOUT_MS - 100 && tookMs < TIMEOUT_MS + 2500, `took ${tookMs} ms`);
      assert.equal(attempts.length, 1);
      const { upstream_ms } = await world.logOf(reply);
      assert.ok(upstream_ms >= TIMEOUT_MS - 100, `upstream_ms is ${upstream_ms}`);
    });
  }

  test("other requests are answered meanwhile", async () => {
    const { reply, tookMs } = await ask({ slow: 300 });
    assertToken(reply);
    assert.ok(tookMs < 5000);
  });
});
