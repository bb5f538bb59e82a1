// `GET /msi/token`: what Azure SDKs ask of App Service's managed identity, and what they can read.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { assertCommonHeaders, cacheStatus } from "./harness/expect.mjs";
import { BILLING, BILLING_APP, DEFAULT_APP, LEDGER, REPORTS } from "./harness/fixtures.mjs";
import { openWorld, withWorld } from "./harness/world.mjs";

let world;
before(async () => (world = await openWorld()));
after(() => world?.close());

const resourceOf = (scope) => scope.replace("/.default", "");

/** As MSAL sends it. */
const ask = (own, { key = REPORTS.key, resource, headers = {}, ...more }) => {
  const query = new URLSearchParams({ "api-version": "2019-08-01", resource, ...more });
  return own.fetch(`/msi/token?${query}`, { headers: { "X-IDENTITY-HEADER": key, Metadata: "true", ...headers } });
};

/** The access token of an answer, whose members are texts in this order. */
function assertIdentityToken(reply, resource) {
  assert.equal(reply.status, 200, reply.text);
  assertCommonHeaders(reply);
  assert.equal(reply.headers.get("pragma"), "no-cache");
  const names = ["access_token", "expires_in", "expires_on", "resource", "token_type", "client_id"];
  assert.deepEqual(Object.keys(reply.body), names);
  for (const name of names) assert.equal(typeof reply.body[name], "string", name);
  assert.deepEqual([reply.body.resource, reply.body.token_type], [resource, "Bearer"]);
  const left = Number(reply.body.expires_on) - Date.now() / 1000;
  assert.ok(Math.abs(left - Number(reply.body.expires_in)) < 2, `${left} ${reply.body.expires_in}`);
  assert.ok(left > 360);
  return reply.body.access_token;
}

function assertRefused(reply, status, words) {
  assert.equal(reply.status, status, reply.text);
  assertCommonHeaders(reply);
  assert.deepEqual(Object.keys(reply.body), ["statusCode", "message", "correlationId"]);
  assert.deepEqual([reply.body.statusCode, reply.body.correlationId], [status, reply.requestId]);
  assert.match(reply.body.message, words);
  assert.ok(Number(reply.headers.get("retry-after") ?? 0) <= 2);
}

test("the token is that of GET /token, with and without a slash at the end of the resource", async () => {
  const scope = world.newScope();
  const resource = resourceOf(scope);
  const reply = await ask(world, { resource });
  const token = assertIdentityToken(reply, resource);
  assert.ok(world.authority.issued.includes(token));
  assert.equal(reply.body.client_id, DEFAULT_APP.clientId);
  assert.equal(cacheStatus(reply).fwd, "miss");
  const again = await ask(world, { resource: `${resource}/` });
  assert.equal(assertIdentityToken(again, `${resource}/`), token);
  assert.equal(cacheStatus(again).detail, "isolate");
  assert.equal((await world.getToken({ scope })).body.access_token, token);
  assert.equal(world.upstreamFor(scope).length, 1);
});

test("client_id names the identity: the application or the credential", async () => {
  const resource = resourceOf(LEDGER);
  for (const client_id of [BILLING_APP.clientId, BILLING_APP.clientId.toUpperCase(), "billing"]) {
    const reply = await ask(world, { key: BILLING.key, resource, client_id });
    assertIdentityToken(reply, resource);
    assert.equal(reply.body.client_id, BILLING_APP.clientId);
  }
  assertRefused(
    await ask(world, { key: BILLING.key, resource }),
    403,
    /not granted the credential that client_id names/,
  );
  assertRefused(
    await ask(world, { resource, client_id: "nobody" }),
    403,
    /not granted the credential that client_id names/,
  );
});

test("a refusal has the form that Azure SDKs read, and a status that they do not retry", async () => {
  const resource = resourceOf(world.newScope());
  const wrong = await ask(world, { resource, key: "etb_wrong" });
  assertRefused(wrong, 401, /the client is unknown or its key is wrong/);
  assert.match(wrong.headers.get("www-authenticate"), /^Bearer realm="[^"]+"$/);
  const without = await world.fetch(`/msi/token?api-version=2019-08-01&resource=${resource}`);
  assertRefused(without, 401, /^X-IDENTITY-HEADER is missing/);
  assertRefused(await ask(world, { resource: "https://payroll.example" }), 403, /not granted the requested resource/);
  assertRefused(await ask(world, { resource, mi_res_id: "/subscriptions/x" }), 400, /mi_res_id is not supported/);
  assertRefused(await ask(world, { resource, "api-version": "2017-09-01" }), 400, /api-version must be 2019-08-01/);
});

test("what Entra refuses is 403, and what passes is retried after two seconds at most", () =>
  withWorld({}, async (own) => {
    const resource = resourceOf(own.newScope());
    own.authority.next({ reply: { status: 429, headers: { "Retry-After": "27" }, body: "Too Many Requests" } });
    const throttled = await ask(own, { resource });
    assertRefused(throttled, 503, /throttles/);
    assert.equal(throttled.headers.get("retry-after"), "2");
    await own.restart({ AZ_CLIENT_SECRET: "revoked", AZ_CLIENT_SECRET_SECONDARY: undefined });
    assertRefused(await ask(own, { resource: resourceOf(own.newScope()) }), 403, /AADSTS7000215.*client key is fine/);
  }));

test("a configuration with a fault is a 503", () =>
  withWorld({ bindings: { AZ_TENANT: undefined } }, async (own) => {
    assertRefused(await ask(own, { resource: resourceOf(own.newScope()) }), 503, /configuration has a fault/);
  }));

test("a broker that fails says so in the same form", () => {
  const PANICS = `
export { TokenCoordinator } from "./index.js";
crypto.getRandomValues = () => { throw new Error("told to fail"); };`;
  return withWorld({ coordinator: { source: PANICS }, breaks: true }, async (own) => {
    const reply = await ask(own, { resource: "r", headers: { "X-Request-Id": "mine" } });
    assertRefused(reply, 500, /the broker failed/);
    assert.equal(reply.body.correlationId, "mine");
  });
});

test("of a short-lived token half the lifetime is enough", async () => {
  const resource = resourceOf(world.newScope());
  world.authority.next({ token: { expires_in: 300 } });
  const short = await ask(world, { resource });
  assert.ok(Number(short.body.expires_in) >= 298, short.text);
  assert.equal((await ask(world, { resource })).body.access_token, short.body.access_token);
});

test("MSAL and Azure SDKs are known at the token endpoint by their headers: a refusal is not retried", () =>
  withWorld({ bindings: { AZ_CLIENT_SECRET: "revoked", AZ_CLIENT_SECRET_SECONDARY: undefined } }, async (own) => {
    const scope = own.newScope();
    for (const [headers, status] of [
      [{}, 502],
      [{ "x-client-SKU": "MSAL.Python" }, 403],
      [{ "User-Agent": "azsdk-python-identity/1.27.0 Python/3.11.7" }, 403],
      [{ "User-Agent": "python-azsdk-like" }, 502],
    ])
      assert.equal((await own.postToken({ scope, headers })).status, status, JSON.stringify(headers));
    const params = { "x-client-SKU": "msal.js.node" };
    assert.equal((await own.postToken({ scope, params })).status, 403);
  }));

test("HEAD is as GET", async () => {
  const resource = resourceOf(world.newScope());
  const headers = { "X-IDENTITY-HEADER": REPORTS.key };
  const path = `/msi/token?api-version=2019-08-01&resource=${resource}`;
  await world.fetch(path, { headers });
  const [get, head] = [await world.fetch(path, { headers }), await world.fetch(path, { headers, method: "HEAD" })];
  assert.deepEqual([head.status, head.text], [200, ""]);
  assert.equal(cacheStatus(head).detail, cacheStatus(get).detail);
});

test("HEAD of nobody is as GET", async () => {
  const reply = await world.fetch(`/msi/token?api-version=2019-08-01&resource=x`, { method: "HEAD" });
  assert.deepEqual([reply.status, reply.text], [401, ""]);
});
