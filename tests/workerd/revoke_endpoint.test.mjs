// `POST /revoke` as an endpoint: its clients authenticate as at the token endpoint, or as on `GET /token`.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { assertToken, assertTokenError } from "./harness/expect.mjs";
import { REPORTS, SINGLE } from "./harness/fixtures.mjs";
import { assertDone, revoke } from "./harness/revoke.mjs";
import { basic, openWorld } from "./harness/world.mjs";

let world;
before(async () => (world = await openWorld()));
after(() => world?.close());

const post = (body, headers = {}) => world.fetch("/revoke", { method: "POST", headers, body });

test("the client key may be in the body", async () => {
  const body = new URLSearchParams({ token: "t", client_id: SINGLE.id, client_secret: SINGLE.key });
  await assertDone(world, await post(body), "not_current");
});

test("an unknown caller learns nothing", async () => {
  assertTokenError(await post(new URLSearchParams({ token: "t" })), 401, "invalid_client");
  assertTokenError(await revoke(world, undefined, { client: { ...SINGLE, key: "wrong" } }), 401, "invalid_client");
  assertTokenError(await revoke(world, "t", { client: { id: "nobody", key: "wrong" } }), 401, "invalid_client");
});

test("token is required, once", async () => {
  for (const token of [undefined, ""]) assertTokenError(await revoke(world, token), 400, "invalid_request");
  const twice = new URLSearchParams([
    ["token", "a"],
    ["token", "b"],
  ]);
  assertTokenError(await post(twice, { Authorization: basic(SINGLE.id, SINGLE.key) }), 400, "invalid_request");
});

test("the body is a form of up to 16 KiB", async () => {
  const headers = { Authorization: basic(SINGLE.id, SINGLE.key), "Content-Type": "application/json" };
  assertTokenError(await post('{"token":"t"}', headers), 400, "invalid_request");
  assertTokenError(await revoke(world, "t".repeat(17 * 1024)), 413, "invalid_request");
});

test("POST only", async () => {
  for (const method of ["GET", "PUT", "DELETE"]) {
    const reply = await world.fetch("/revoke", { method });
    assert.deepEqual([reply.status, reply.headers.get("allow")], [405, "POST"]);
  }
});

test("a client key in the Authorization header is enough, as on GET /token", async () => {
  const scope = world.newScope();
  const old = assertToken(await world.getToken({ scope }));
  const form = { token: old };
  const headers = { Authorization: `Bearer ${REPORTS.key}` };
  const reply = await world.fetch("/revoke", { method: "POST", headers, body: new URLSearchParams(form) });
  assert.equal(reply.status, 200);
  assert.notEqual(assertToken(await world.getToken({ scope })), old);
  const twice = new URLSearchParams({ ...form, client_id: "reports", client_secret: REPORTS.key });
  assertTokenError(await world.fetch("/revoke", { method: "POST", headers, body: twice }), 400, "invalid_request");
});

test("the challenge of a 401 has the scheme that the caller used", async () => {
  const body = () => new URLSearchParams({ token: "t" });
  const refused = (authorization) =>
    world.fetch("/revoke", { method: "POST", headers: { Authorization: authorization }, body: body() });
  for (const token of ["etb_wrong", "eyJhbGciOiJub25lIn0.e30.c2ln"]) {
    const reply = await refused(`Bearer ${token}`);
    assertTokenError(reply, 401, "invalid_token");
    assert.match(reply.headers.get("www-authenticate"), /^Bearer .*error="invalid_token"$/);
  }
  const reply = await refused(basic("reports", "etb_wrong"));
  assertTokenError(reply, 401, "invalid_client");
  assert.match(reply.headers.get("www-authenticate"), /^Basic /);
});
