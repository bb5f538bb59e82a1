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

test("another Worker gets a token over a service binding", () =>
  withWorld({ front: CALLER }, async (world) => {
    assertToken(await world.getToken({ client: REPORTS, scope: GRAPH }));
  }));
