// KV is an optimisation: whatever it does, the caller gets a token, and the operator a log line. Without a coordinator;
// with one there is coordinator_kv.test.mjs.

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { assertHit, assertMiss, assertToken } from "./harness/expect.mjs";
import { withWorld } from "./harness/world.mjs";

const FAULTS = [
  ["answers 500", { status: 500 }, "failed"],
  ["answers 429", { status: 429 }, "throttled"],
  ["resets the connection", { reset: true }, "failed"],
  ["hangs", { hang: true }, "timeout"],
];

describe("a failing KV", { concurrency: true }, () => {
  for (const [what, fault, logged] of FAULTS) {
    test(`that ${what} on reads is a miss`, () =>
      withWorld({ coordinator: false }, async (world) => {
        world.kv.reads = fault;
        const scope = world.newScope();
        const reply = await world.getToken({ scope });
        assertToken(reply);
        assertMiss(reply);
        const { kv_read, kv_write, status } = await world.logOf(reply);
        assert.deepEqual({ kv_read, kv_write, status }, { kv_read: logged, kv_write: undefined, status: 200 });
        assertHit(await world.getToken({ scope }), "isolate");
      }));

    test(`that ${what} on writes does not hold the token back`, () =>
      withWorld({ coordinator: false }, async (world) => {
        world.kv.writes = fault;
        const scope = world.newScope();
        const reply = await world.getToken({ scope });
        assertToken(reply);
        const { kv_read, kv_write, status } = await world.logOf(reply);
        assert.deepEqual({ kv_read, kv_write, status }, { kv_read: undefined, kv_write: logged, status: 200 });
        assertHit(await world.getToken({ scope }), "isolate");
      }));
  }

  test("that hangs on reads is given up after a couple of seconds", () =>
    withWorld({ coordinator: false }, async (world) => {
      world.kv.reads = { hang: true };
      const started = performance.now();
      assertToken(await world.getToken({ scope: world.newScope() }));
      assert.ok(performance.now() - started < 4000);
    }));

  test("that hangs on writes does not delay the answer", () =>
    withWorld({ coordinator: false }, async (world) => {
      world.kv.writes = { hang: true };
      const reply = await world.getToken({ scope: world.newScope() });
      assert.deepEqual(world.broker.log, [], "the answer came after the write had ended");
      await world.logOf(reply);
    }));

  test("that fails on reads and writes still leaves isolate memory", () =>
    withWorld({ coordinator: false }, async (world) => {
      world.kv.reads = world.kv.writes = { status: 500 };
      const scope = world.newScope();
      const first = await world.getToken({ scope });
      const second = await world.getToken({ scope });
      assert.equal(assertToken(first), assertToken(second));
      assertHit(second, "isolate");
      const { kv_read, kv_write } = await world.logOf(first);
      assert.deepEqual({ kv_read, kv_write }, { kv_read: "failed", kv_write: "failed" });
    }));

  test("that is not bound at all leaves isolate memory", () =>
    withWorld({ kv: false, coordinator: false }, async (world) => {
      assert.equal((await world.fetch("/readyz")).status, 200);
      const scope = world.newScope();
      const first = await world.getToken({ scope });
      const second = await world.getToken({ scope });
      assert.equal(assertToken(first), assertToken(second));
      assertMiss(first);
      assertHit(second, "isolate");
      const { kv_read, kv_write } = await world.logOf(first);
      assert.ok([undefined, "unbound"].includes(kv_read) && [undefined, "unbound"].includes(kv_write));
    }));

  test("does not turn an upstream error into another one", () =>
    withWorld({ coordinator: false }, async (world) => {
      world.kv.reads = world.kv.writes = { status: 500 };
      world.authority.next({ refuse: 7000222 }, { refuse: 7000222 });
      assert.equal((await world.getToken({ scope: world.newScope() })).status, 502);
    }));
});
