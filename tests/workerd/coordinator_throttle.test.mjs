// A throttle is honoured to the second, by everybody: one upstream request until its end, one after it.
// Real time is the subject.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";

import { assertToken, assertUnavailable } from "./harness/expect.mjs";
import { TWO_ISOLATES } from "./harness/fronts.mjs";
import { openWorld } from "./harness/world.mjs";

const POLL_MS = 100;
/** For what passes between two processes on a busy machine. */
const SLACK_MS = 500;

let world;
before(async () => (world = await openWorld({ front: TWO_ISOLATES })));
after(() => world?.close());

/** Both isolates at once, `count` times each. */
const both = (scope, count = 1) =>
  Promise.all(
    ["BROKER", "OTHER"].flatMap((isolate) =>
      Array.from({ length: count }, () => world.getToken({ scope, headers: { isolate } })),
    ),
  );

const inFourSeconds = new Date(Math.ceil(Date.now() / 1000) * 1000 + 4000);

describe("a throttle", { concurrency: true }, () => {
  for (const [what, retryAfter, endsAt] of [
    ["of three seconds", 3, (from) => from + 3000],
    ["until a date", inFourSeconds.toUTCString(), () => inFourSeconds.getTime()],
  ]) {
    test(`${what} is counted down in both isolates, and over when it said: one probe for 50 callers`, async () => {
      const scope = world.newScope();
      world.authority.next({ scope, throttle: { retryAfter } }, { scope, slow: 300 });
      const first = assertUnavailable(await world.getToken({ scope }));
      const heardAt = Date.now();
      const [throttled] = world.upstreamFor(scope);
      const end = endsAt(throttled.time);
      assert.ok(Math.abs(throttled.time + first * 1000 - end) <= 1000, `Retry-After: ${first}`);
      const over = heardAt + first * 1000; // by then it is, however the seconds were rounded

      const told = new Set();
      while (Date.now() < over - SLACK_MS) {
        const at = Date.now();
        for (const reply of await both(scope)) {
          const seconds = assertUnavailable(reply);
          told.add(seconds);
          const left = over - at;
          assert.ok(
            seconds * 1000 <= left + 1000 && seconds * 1000 >= left - SLACK_MS,
            `Retry-After: ${seconds} with ${left} ms left`,
          );
          assert.equal((await world.logOf(reply)).upstream_requests, undefined);
        }
        await delay(POLL_MS);
      }
      assert.deepEqual(
        [...told],
        Array.from({ length: first }, (_, n) => first - n),
        "not counted down",
      );
      assert.equal(world.upstreamFor(scope).length, 1);

      await delay(over - Date.now() + 20);
      const replies = await both(scope, 25);
      assert.equal(new Set(replies.map(assertToken)).size, 1);
      const [, probe, ...more] = world.upstreamFor(scope);
      assert.deepEqual(more, []);
      assert.ok(probe.time >= end, `${end - probe.time} ms too early`);
    });
  }
});
