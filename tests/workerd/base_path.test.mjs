// A broker below a path of a host that it shares: every route, bodies that are read and bodies that are passed on.

import { ConfidentialClientApplication } from "@azure/msal-node";
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { send } from "./harness/caller.mjs";
import { assertToken, cacheStatus } from "./harness/expect.mjs";
import { DEFAULT_APP, REPORTS, SCOPES } from "./harness/fixtures.mjs";
import { openProxy } from "./harness/proxy_world.mjs";
import { withWorld } from "./harness/world.mjs";

const SCOPE = SCOPES[63];
const allow = [
  { credential: "default", scope: SCOPE },
  { api: "api-1", methods: ["GET", "POST"] },
];
const BEARER = { Authorization: `Bearer ${REPORTS.key}` };
/** openapi.yaml has the paths without the base. */
const foreign = [
  "/token",
  "/oauth2/v2.0/token",
  "/api/api-1/x",
  "/healthz",
  "/auth/token",
  "/auth/oauth2/v2.0/token",
  "/auth/default/oauth2/v2.0/token",
  "/auth/revoke",
  "/auth/msi/token",
  "/auth/healthz",
  "/auth/readyz",
  "/auth/.well-known/openid-configuration",
  "/auth/api/api-1/x",
];

let proxy, world;
before(async () => {
  proxy = await openProxy({
    bindings: { BASE_PATH: "/auth", CLIENTS: { [REPORTS.id]: { key_sha256: [REPORTS.digest], allow } } },
    foreign,
  });
  world = proxy.world;
});
after(() => proxy?.close());

test("tokens by every route", async () => {
  const token = assertToken(await world.fetch(`/auth/token?scope=${SCOPE}`, { headers: BEARER }));
  for (const path of ["/auth/oauth2/v2.0/token", "/auth/default/oauth2/v2.0/token"])
    assert.equal(assertToken(await world.postToken({ path, scope: SCOPE })), token);
  const resource = SCOPE.replace("/.default", "");
  const headers = { "X-IDENTITY-HEADER": REPORTS.key };
  const managed = await world.fetch(`/auth/msi/token?api-version=2019-08-01&resource=${resource}`, { headers });
  assert.equal(managed.body.access_token, token);
  const body = new URLSearchParams({ token: "none of mine" });
  assert.equal((await world.fetch("/auth/revoke", { method: "POST", headers: BEARER, body })).status, 200);
  for (const path of ["/auth/healthz", "/auth/readyz", "/auth/.well-known/openid-configuration"])
    assert.equal((await world.fetch(path)).status, 200, path);
});

test("MSAL Node takes the broker for its authority, with the path", async () => {
  const authority = `https://broker.example/auth/${DEFAULT_APP.tenant}`;
  const asked = [];
  const send = async (method, url, { headers = {}, body = undefined } = {}) => {
    asked.push(`${method} ${url.split("?")[0]}`);
    const response = await fetch(world.broker.url + new URL(url).pathname, { method, headers, body });
    // MSAL asks nobody over plain http, and the document has the URL by which it was asked.
    const text = (await response.text()).replaceAll(world.broker.url, "https://broker.example");
    return { status: response.status, headers: {}, body: JSON.parse(text) };
  };
  const networkClient = {
    sendGetRequestAsync: (url, options) => send("GET", url, options),
    sendPostRequestAsync: (url, options) => send("POST", url, options),
  };
  const auth = { clientId: REPORTS.id, clientSecret: REPORTS.key, authority, knownAuthorities: ["broker.example"] };
  const app = new ConfidentialClientApplication({ auth, system: { networkClient } });
  const { accessToken } = await app.acquireTokenByClientCredential({ scopes: [SCOPE] });
  assert.ok(accessToken);
  assert.deepEqual(asked, [
    `GET ${authority}/v2.0/.well-known/openid-configuration`,
    `POST ${authority}/oauth2/v2.0/token`,
  ]);
});

test("nothing in front of the path", async () => {
  for (const path of ["/token", "/oauth2/v2.0/token", "/api/api-1/x", "/healthz"])
    assert.equal((await world.fetch(path, { headers: BEARER })).status, 404, path);
  const { status, body } = await world.fetch("/api/api-1/x", { method: "POST", headers: BEARER, body: "x" });
  assert.deepEqual([status, body.error], [404, "not_found"]);
});

test("a body for an API is passed on, and not read", async () => {
  const sent = "x".repeat(1024 * 1024);
  let received;
  proxy.on("/x", async (call) => {
    received = await call.body();
    call.response.end("done");
  });
  const answer = await send(world.broker.port, "/auth/api/api-1/x", { method: "POST", headers: BEARER, body: sent });
  assert.deepEqual([answer.status, String(answer.body)], [200, "done"]);
  assert.equal(received.length, sent.length);
});

const PANICS = `
export { TokenCoordinator } from "./index.js";
crypto.getRandomValues = () => { throw new Error("told to fail"); };`;

test("a broker that fails says so in the form of the route", () =>
  withWorld(
    { coordinator: { source: PANICS }, breaks: true, foreign, bindings: { BASE_PATH: "/auth" } },
    async (own) => {
      assert.equal((await own.fetch("/auth/msi/token")).body.statusCode, 500);
      assert.equal((await own.fetch("/auth/token")).body.error, "server_error");
      assert.equal(cacheStatus(await own.fetch("/auth/api/api-1/x")).detail, "server_error");
    },
  ));

test("with a fault in the path every path says that the configuration has one", () =>
  withWorld({ foreign: ["/auth/readyz", "/healthz"], bindings: { BASE_PATH: "/auth/" } }, async (own) => {
    for (const path of ["/auth/readyz", "/healthz"]) assert.equal((await own.fetch(path)).status, 503, path);
    await own.broker.logLine("the fault", ({ faults }) => `${faults}`.startsWith("BASE_PATH: must be a path"));
  }));
