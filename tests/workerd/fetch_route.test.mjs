// `GET /token` for plain `fetch`: a bearer key in, a token out (RFC 6750 §2.1, §3).

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { assertMiss, assertToken, assertTokenError } from "./harness/expect.mjs";
import { GRAPH, REPORTS } from "./harness/fixtures.mjs";
import { basic, openWorld } from "./harness/world.mjs";

let world;
before(async () => (world = await openWorld()));
after(() => world?.close());

const get = (authorization) =>
  world.fetch(`/token?scope=${encodeURIComponent(GRAPH)}`, {
    headers: authorization ? { Authorization: authorization } : {},
  });

test("a client key gets a token", async () => {
  const reply = await world.getToken({ scope: world.newScope() });
  assertToken(reply);
  assertMiss(reply);
});

test("the credential is `default` unless the query says otherwise", async () => {
  const scope = world.newScope();
  const token = assertToken(await world.getToken({ scope }));
  assert.equal(assertToken(await world.getToken({ scope, credential: "default" })), token);
});

for (const scheme of ["bearer", "BEARER"]) {
  test(`the authentication scheme is case-insensitive: ${scheme}`, async () => {
    assertToken(await get(`${scheme} ${REPORTS.key}`));
  });
}

test("no Authorization header is 401 with a challenge that names no error", async () => {
  const reply = await get(undefined);
  assertTokenError(reply, 401, "invalid_token");
  assert.match(reply.headers.get("www-authenticate"), /^Bearer realm="[^"]+"$/);
});

for (const [what, authorization] of [
  ["a wrong key", `Bearer etb_${"A".repeat(43)}`],
  ["a key with something behind it", `Bearer ${REPORTS.key}x`],
  ["a key that is cut short", `Bearer ${REPORTS.key.slice(0, -1)}`],
  ["a digest in place of the key", `Bearer ${REPORTS.digest}`],
]) {
  test(`${what} is 401 with error="invalid_token"`, async () => {
    const reply = await get(authorization);
    assertTokenError(reply, 401, "invalid_token");
    assert.match(reply.headers.get("www-authenticate"), /^Bearer realm="[^"]+", ?error="invalid_token"/);
  });
}

test("another authentication scheme is 401 with a Bearer challenge", async () => {
  const reply = await get(basic(REPORTS.id, REPORTS.key));
  assertTokenError(reply, 401, "invalid_token");
  assert.match(reply.headers.get("www-authenticate"), /^Bearer /);
});

test("a key in the query is no authentication", async () => {
  const reply = await world.fetch(
    `/token?scope=${encodeURIComponent(GRAPH)}&access_token=${REPORTS.key}&client_secret=${REPORTS.key}`,
  );
  assertTokenError(reply, 401, "invalid_token");
});

test("a parameter sent twice is invalid_request", async () => {
  for (const twice of [`scope=${GRAPH}&scope=${GRAPH}`, `scope=${GRAPH}&credential=default&credential=default`]) {
    const reply = await world.fetch(`/token?${twice}`, { headers: { Authorization: `Bearer ${REPORTS.key}` } });
    assertTokenError(reply, 400, "invalid_request");
  }
});

test("unknown query parameters are ignored", async () => {
  assertToken(await world.getToken({ scope: GRAPH, query: { cache_buster: "1" } }));
});

test("an error of the authorization server about the scope is 403 with its AADSTS number and ids", async () => {
  const reply = await world.getToken({ scope: "https://graph.microsoft.com/.defaultd" });
  assertTokenError(reply, 403, "insufficient_scope");
  assert.match(reply.body.error_description, /AADSTS1002012: /);
  assert.deepEqual(reply.body.error_codes, [1002012]);
  assert.match(reply.body.timestamp, /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ$/);
  assert.match(reply.body.trace_id, /^[0-9a-f-]{36}$/);
  assert.equal(reply.body.correlation_id, reply.requestId);
});
