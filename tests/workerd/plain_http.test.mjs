// A client key over plain http: refused, unless no network lies in between, or TLS ends elsewhere.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { sendTo } from "./harness/addressed.mjs";
import { assertToken, assertTokenError } from "./harness/expect.mjs";
import { CLIENTS, GRAPH, REPORTS } from "./harness/fixtures.mjs";
import { basic, openWorld, withWorld } from "./harness/world.mjs";

let world;
before(async () => (world = await openWorld()));
after(() => world?.close());

const authorization = `Bearer ${REPORTS.key}`;
const FORM = { grant_type: "client_credentials", scope: GRAPH };

/** Requests with a good client key. */
const REQUESTS = [
  { path: `/token?scope=${GRAPH}`, headers: { Authorization: authorization } },
  { path: `/token?scope=${GRAPH}`, method: "HEAD", headers: { Authorization: authorization } },
  {
    path: "/oauth2/v2.0/token",
    headers: { Authorization: basic(REPORTS.id, REPORTS.key) },
    form: new URLSearchParams(FORM),
  },
  {
    path: "/default/oauth2/v2.0/token",
    form: new URLSearchParams({ ...FORM, client_id: REPORTS.id, client_secret: REPORTS.key }),
  },
  { path: "/revoke", headers: { Authorization: authorization }, form: new URLSearchParams({ token: "t" }) },
];

for (const host of ["broker.example", "broker.example:8787", "10.0.0.1", "localhost.example", "127.0.0.1.example"]) {
  test(`a client key over plain http to ${host} is refused, and nothing is looked up`, async () => {
    const before = [world.authority.requests.length, world.kv.operations.length];
    for (const request of REQUESTS) {
      const reply = await sendTo(world, { host, ...request });
      assert.equal(reply.status, 400, request.path);
      if (request.method === "HEAD") continue;
      assertTokenError(reply, 400, "invalid_request");
      assert.match(reply.body.error_description, /use https, and have a key that was sent replaced/);
    }
    assert.deepEqual([world.authority.requests.length, world.kv.operations.length], before);
  });
}

for (const host of ["localhost", "LOCALHOST:80", "broker.localhost:8787", "127.0.0.1", "127.1.2.3:1", "[::1]:8787"]) {
  test(`${host} is this machine`, async () => {
    const reply = await sendTo(world, { host, ...REQUESTS[0] });
    assertToken(reply);
  });
}

test("health checks stay", async () => {
  for (const path of ["/healthz", "/readyz"])
    assert.equal((await sendTo(world, { host: "broker.example", path })).status, 200);
});

test("ALLOW_HTTP is for those who end TLS elsewhere", () =>
  withWorld({ bindings: { ALLOW_HTTP: true } }, async (world) => {
    assertToken(await sendTo(world, { host: "broker.example", ...REQUESTS[0] }));
  }));

/** Calls by the binding that the header names, with a URL of its own. */
const CALLER = `
export default {
  fetch(request, env) {
    const headers = new Headers(request.headers);
    const url = headers.get("url");
    const binding = headers.get("binding");
    for (const name of ["url", "binding"]) headers.delete(name);
    return env[binding].fetch(url + "/token?scope=${GRAPH}", { headers, method: request.method });
  },
};`;

test("a service binding has no network: with a client id in its props, any URL is good", () =>
  withWorld(
    {
      bindings: { CLIENTS: { ...CLIENTS, bound: { service_binding: true, allow: CLIENTS.single.allow } } },
      front: CALLER,
      foreign: ["/"],
      bound: { AS_BOUND: { client_id: "bound" } },
    },
    async (world) => {
      const ask = (binding, url, headers = {}) => world.fetch("/", { headers: { binding, url, ...headers } });
      for (const url of ["http://broker", "https://broker", "http://broker.example:8080"]) {
        assertToken(await ask("AS_BOUND", url));
        assertToken(await ask("AS_BOUND", url, { Authorization: authorization }));
      }
      // Without props nothing tells it from a request over the network, and its URL decides.
      assertToken(await ask("BROKER", "https://broker", { Authorization: authorization }));
      assertTokenError(await ask("BROKER", "http://broker", { Authorization: authorization }), 400, "invalid_request");
    },
  ));
