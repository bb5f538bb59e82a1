// The bundle that would be deployed, seen from another Worker.

import assert from "node:assert/strict";
import { test } from "node:test";

import { assertToken } from "./harness/expect.mjs";
import { GRAPH, REPORTS } from "./harness/fixtures.mjs";
import { withWorld } from "./harness/world.mjs";

/** The handlers that the runtime calls with its own arguments. */
const HANDLERS = ["constructor", "fetch", "scheduled"];

/** A Worker that loads the bundle and says what it exports. */
const INSPECTOR = `
import { DurableObject, WorkerEntrypoint } from "cloudflare:workers";
import * as bundle from "./index.js";

function kindOf(value) {
  if (value.prototype instanceof WorkerEntrypoint) return "entrypoint";
  if (value.prototype instanceof DurableObject) return "durable object";
  // What wasm-bindgen makes of a dependency's plain struct; nobody outside can reach it.
  return "__destroy_into_raw" in value.prototype ? "struct" : "unknown";
}

export default {
  fetch() {
    const describe = ([name, value]) => [name, { kind: kindOf(value), methods: Object.getOwnPropertyNames(value.prototype) }];
    return Response.json(Object.fromEntries(Object.entries(bundle).map(describe)));
  },
};`;

/** A Worker with the broker behind a service binding. */
const CALLER = `
export default {
  fetch(request, env) {
    return env.BROKER.fetch("https://broker/token" + new URL(request.url).search, { headers: request.headers });
  },
};`;

test("the only exported functions are handlers: anything else would be callable by every bound Worker", () =>
  withWorld({ front: INSPECTOR }, async (world) => {
    const { default: main, ...others } = (await world.fetch("/")).body;
    assert.equal(main.kind, "entrypoint");
    assert.ok(main.methods.includes("fetch"));
    assert.deepEqual(main.methods.filter((name) => !HANDLERS.includes(name)), []);
    for (const [name, { kind }] of Object.entries(others)) assert.equal(kind, "struct", name);
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
  withWorld({ front: LIAR }, async (world) => {
    const reply = await world.fetch("/");
    assert.deepEqual({ status: reply.status, error: reply.body.error }, { status: 413, error: "invalid_request" });
  }));

test("another Worker gets a token over a service binding", () =>
  withWorld({ front: CALLER }, async (world) => {
    assertToken(await world.getToken({ client: REPORTS, scope: GRAPH }));
  }));
