// The bundle that would be deployed, seen from another Worker.

import assert from "node:assert/strict";
import { test } from "node:test";

import { assertToken } from "./harness/expect.mjs";
import { GRAPH, REPORTS } from "./harness/fixtures.mjs";
import { withWorld } from "./harness/world.mjs";

/** A Worker that loads the bundle and says what it exports. */
const INSPECTOR = `
import * as bundle from "./index.js";

export default {
  fetch() {
    const methods = (value) => Object.getOwnPropertyNames(typeof value === "function" ? value.prototype : value);
    return Response.json(Object.fromEntries(Object.entries(bundle).map(([name, value]) => [name, methods(value)])));
  },
};`;

/** A Worker with the broker behind a service binding. */
const CALLER = `
export default {
  fetch(request, env) {
    return env.BROKER.fetch("https://broker/token" + new URL(request.url).search, { headers: request.headers });
  },
};`;

test("the only exported functions are handlers and the two methods of RPC: a bound Worker may call each", () =>
  withWorld({ front: INSPECTOR, foreign: ["/"] }, async (world) => {
    const { body } = await world.fetch("/");
    assert.deepEqual(body, {
      default: ["fetch", "getToken", "revoke", "scheduled"],
      TokenCoordinator: ["constructor", "fetch", "alarm"],
      AssertionLedger: ["constructor", "fetch"],
    });
  }));

/** A Worker that says its body is short and sends a long one. */
const LIAR = `
export default {
  fetch(request, env) {
    const chunk = new TextEncoder().encode("x".repeat(1024 * 1024));
    let left = 200;
    const body = new ReadableStream({ pull: (stream) => (left-- > 0 ? stream.enqueue(chunk) : stream.close()) });
    const headers = new Headers(request.headers);
    headers.set("content-type", "application/x-www-form-urlencoded");
    headers.set("content-length", "10");
    return env.BROKER.fetch("https://broker/oauth2/v2.0/token", { method: "POST", headers, body });
  },
};`;

test("a declared length that is a lie does not get past the limit", () =>
  withWorld({ front: LIAR, foreign: ["/"] }, async (world) => {
    const reply = await world.fetch("/");
    assert.deepEqual({ status: reply.status, error: reply.body.error }, { status: 413, error: "invalid_request" });
  }));

test("another Worker gets a token over a service binding", () =>
  withWorld({ front: CALLER }, async (world) => {
    assertToken(await world.getToken({ client: REPORTS, scope: GRAPH }));
  }));
