// A coordinator that fails, hangs or talks nonsense costs upstream requests, never a token.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";

import { assertHit, assertToken, assertTokenError, cacheStatus } from "./harness/expect.mjs";
import { withWorld } from "./harness/world.mjs";

const PATIENCE_MS = 5_000;

/** A class in the place of the coordinator, with this body of `fetch`. */
const coordinator = (body, constructor = "") => ({
  source: `export class TokenCoordinator {\n constructor(state, env) { this.state = state; ${constructor} }\n async fetch(request) { ${body} }\n}`,
});

const FAILING = [
  ["throws", coordinator(`throw new TypeError("told to fail");`)],
  ["cannot be constructed", coordinator("", `throw new TypeError("told to fail");`)],
  ["answers 500", coordinator(`return new Response("told to fail", { status: 500 });`)],
  ["answers with nothing", coordinator("return new Response();")],
  ["answers with other JSON", coordinator("return Response.json({ token: 1 });")],
  [
    "answers with a token that was not sealed for this",
    coordinator(
      `return Response.json({ reply: { Token: ["${Buffer.alloc(200).toString("base64")}", "Held"] }, trail: null });`,
    ),
  ],
];

describe("a coordinator", { concurrency: true }, () => {
  for (const [what, replacement] of FAILING) {
    test(`that ${what} costs nobody a token`, () =>
      withWorld({ coordinator: replacement }, async (world) => {
        const scope = world.newScope();
        const started = performance.now();
        const reply = await world.getToken({ scope });
        assert.ok(performance.now() - started < 3000);
        assertToken(reply);
        assert.equal(cacheStatus(reply).fwd, "miss");
        const { coordinator, outcome, level, upstream_requests, upstream_status } = await world.logOf(reply);
        assert.deepEqual(
          { coordinator, outcome, level, upstream_requests, upstream_status },
          { coordinator: "failed", outcome: "miss", level: "warn", upstream_requests: 1, upstream_status: 200 },
        );
        assertHit(await world.getToken({ scope }), "isolate");
      }));
  }

  // Real time is the subject: a coordinator is waited for five seconds.
  for (const [what, replacement] of [
    ["never answers", coordinator("await new Promise(() => {});")],
    ["answers too late", coordinator("await scheduler.wait(60_000); return new Response();")],
    [
      "never ends its answer",
      coordinator(
        `return new Response(new ReadableStream({ start(s) { s.enqueue(new TextEncoder().encode("{")); } }));`,
      ),
    ],
  ]) {
    test(`that ${what} costs five seconds, and the token comes`, () =>
      withWorld({ coordinator: replacement }, async (world) => {
        const scope = world.newScope();
        const started = performance.now();
        const reply = await world.getToken({ scope });
        const tookMs = performance.now() - started;
        assertToken(reply);
        assert.ok(tookMs >= PATIENCE_MS - 100 && tookMs < PATIENCE_MS + 1500, `took ${tookMs} ms`);
        const { coordinator, level } = await world.logOf(reply);
        assert.deepEqual({ coordinator, level }, { coordinator: "timeout", level: "warn" });
        assertHit(await world.getToken({ scope }), "isolate");
      }));
  }

  test("that fails does not turn an upstream error into another one", () =>
    withWorld({ coordinator: FAILING[0][1] }, async (world) => {
      world.authority.next({ refuse: 7000222 });
      assertTokenError(await world.getToken({ scope: world.newScope() }), 502, "server_error");
    }));

  test("that fails does not keep a stale token from being renewed", () =>
    withWorld({ coordinator: FAILING[0][1] }, async (world) => {
      const scope = world.newScope();
      world.authority.next({ scope, token: { expires_in: 8, refresh_in: 1 } });
      const first = await world.getToken({ scope });
      // Real time is the subject: due after a second, and renewed by the isolate itself half a second later.
      await delay(1600);
      const stale = await world.getToken({ scope });
      assert.equal(assertToken(stale), assertToken(first));
      assert.equal((await world.logOf(stale)).renewal, "renewed");
      assert.notEqual(assertToken(await world.getToken({ scope })), assertToken(first));
    }));
});
