// What the authorization server receives (RFC 6749 §4.4.2, in Entra's dialect).

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { assertToken } from "./harness/expect.mjs";
import { DEFAULT_APP, REPORTS } from "./harness/fixtures.mjs";
import { openWorld } from "./harness/world.mjs";

let world;
before(async () => (world = await openWorld()));
after(() => world?.close());

async function upstreamRequest(options = {}) {
  const scope = world.newScope();
  const reply = await world.postToken({ scope, ...options });
  assertToken(reply);
  const requests = world.upstreamRequests(reply);
  assert.equal(requests.length, 1);
  return { scope, reply, request: requests[0] };
}

test("it is a form with the four parameters of the grant, at the tenant's v2.0 endpoint", async () => {
  const { scope, request } = await upstreamRequest();
  assert.equal(request.method, "POST");
  assert.equal(request.path, `/${DEFAULT_APP.tenant}/oauth2/v2.0/token`);
  assert.match(request.headers["content-type"], /^application\/x-www-form-urlencoded/);
  assert.deepEqual(request.params, {
    grant_type: "client_credentials",
    client_id: DEFAULT_APP.clientId,
    client_secret: DEFAULT_APP.secrets[0],
    scope,
  });
});

test("it says what Entra needs to throttle and trace politely", async () => {
  const { reply, request } = await upstreamRequest();
  assert.equal(request.headers["client-request-id"], reply.requestId);
  assert.equal(request.headers["return-client-request-id"], "true");
  assert.equal(request.headers["x-ms-lib-capability"], "retry-after, h429");
});

test("the caller's parameters and headers are not passed on", async () => {
  const { request } = await upstreamRequest({
    params: { tenant: "https://other.example", client_info: "1", claims: "{}" },
    headers: { "X-Forwarded-For": "203.0.113.7", Cookie: "session=1", "x-client-sku": "caller" },
  });
  assert.deepEqual(Object.keys(request.params).sort(), ["client_id", "client_secret", "grant_type", "scope"]);
  for (const name of ["authorization", "cookie", "x-forwarded-for", "x-client-sku"]) {
    assert.equal(request.headers[name], undefined, name);
  }
  assert.ok(!JSON.stringify(request).includes(REPORTS.key));
});

test("the secret is in the body only", async () => {
  const { request } = await upstreamRequest();
  assert.ok(!JSON.stringify([request.path, request.headers]).includes(DEFAULT_APP.secrets[0]));
  assert.equal(request.headers.authorization, undefined);
});
