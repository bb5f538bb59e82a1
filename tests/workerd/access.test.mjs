// Who may get what: grants, scopes and credentials, on both routes (RFC 6749 §3.3, §5.2; RFC 6750 §3.1).

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { assertToken, assertTokenError } from "./harness/expect.mjs";
import {
  AUDIT,
  BILLING,
  BILLING_APP,
  DEFAULT_APP,
  GRAPH,
  LEDGER,
  REPORTS,
  SINGLE,
  TWO_SCOPES,
} from "./harness/fixtures.mjs";
import { openWorld } from "./harness/world.mjs";

let world;
before(async () => (world = await openWorld()));
after(() => world?.close());

const NOT_GRANTED = "https://payroll.example/.default";
const MALFORMED = 'https://graph.microsoft.com/"quoted"\\.default';

/** Which app registration the authorization server saw behind a reply. */
const upstreamApp = (reply) => {
  const [{ path, params }] = world.upstreamRequests(reply);
  return [path.split("/")[1], params.client_id];
};

test("no credential in the path is the default credential", async () => {
  const reply = await world.postToken({ scope: world.newScope() });
  assertToken(reply);
  assert.deepEqual(upstreamApp(reply), [DEFAULT_APP.tenant, DEFAULT_APP.clientId]);
});

for (const [what, segment] of [
  ["credential name", "default"],
  ["tenant id", DEFAULT_APP.tenant],
  ["tenant id in upper case", DEFAULT_APP.tenant.toUpperCase()],
]) {
  test(`the path picks the default credential by its ${what}`, async () => {
    const reply = await world.postToken({ scope: world.newScope(), path: `/${segment}/oauth2/v2.0/token` });
    assertToken(reply);
    assert.deepEqual(upstreamApp(reply), [DEFAULT_APP.tenant, DEFAULT_APP.clientId]);
  });
}

test("the path picks another credential by name or by tenant domain, and its own tenant and secret are used", async () => {
  const byName = await world.postToken({ client: BILLING, scope: LEDGER, path: "/billing/oauth2/v2.0/token" });
  const token = assertToken(byName);
  assert.deepEqual(upstreamApp(byName), [BILLING_APP.tenant, BILLING_APP.clientId]);

  for (const domain of [BILLING_APP.tenant, "Contoso.OnMicrosoft.com"]) {
    const byDomain = await world.postToken({ client: BILLING, scope: LEDGER, path: `/${domain}/oauth2/v2.0/token` });
    assert.equal(assertToken(byDomain), token);
  }
  assert.equal(assertToken(await world.getToken({ client: BILLING, scope: LEDGER, credential: "billing" })), token);
});

test("a credential's name may be in any case", async () => {
  const token = assertToken(await world.getToken({ client: BILLING, scope: LEDGER, credential: "billing" }));
  assert.equal(assertToken(await world.getToken({ client: BILLING, scope: LEDGER, credential: "BILLING" })), token);
  const posted = await world.postToken({ client: BILLING, scope: LEDGER, path: "/Billing/oauth2/v2.0/token" });
  assert.equal(assertToken(posted), token);
  assert.equal((await world.logOf(posted)).credential, "billing");
});

for (const [what, client, credential] of [
  ["a credential that does not exist", REPORTS, "nothing"],
  ["a credential that is not granted", REPORTS, "billing"],
  ["the default credential without a grant for it", BILLING, undefined],
]) {
  test(`${what} is unauthorized_client at the token endpoint`, async () => {
    const path = credential ? `/${credential}/oauth2/v2.0/token` : undefined;
    assertTokenError(await world.postToken({ client, scope: LEDGER, path }), 400, "unauthorized_client");
  });

  test(`${what} is insufficient_scope at GET /token`, async () => {
    assertTokenError(await world.getToken({ client, scope: LEDGER, credential }), 403, "insufficient_scope");
  });
}

test("a missing scope is the client's only grant", async () => {
  const posted = await world.postToken({ client: SINGLE });
  const got = await world.getToken({ client: SINGLE });
  assert.equal(assertToken(posted), assertToken(got));
  assert.equal(world.upstreamRequests(posted)[0].params.scope, GRAPH);
});

test("a missing scope with several grants is invalid_scope, and invalid_request at GET /token", async () => {
  assertTokenError(await world.postToken({}), 400, "invalid_scope");
  assertTokenError(await world.postToken({ scope: "" }), 400, "invalid_scope");
  assertTokenError(await world.getToken({}), 400, "invalid_request");
});

test("a malformed scope is invalid_scope, and invalid_request at GET /token", async () => {
  assertTokenError(await world.postToken({ scope: MALFORMED }), 400, "invalid_scope");
  assertTokenError(await world.getToken({ scope: MALFORMED }), 400, "invalid_request");
});

test("a scope that is not granted is invalid_scope, and insufficient_scope at GET /token", async () => {
  assertTokenError(await world.postToken({ scope: NOT_GRANTED }), 400, "invalid_scope");
  const reply = await world.getToken({ scope: NOT_GRANTED });
  assertTokenError(reply, 403, "insufficient_scope");
  assert.match(reply.headers.get("www-authenticate"), /^Bearer .*error="insufficient_scope"/);
});

test("a scope granted to another client is not granted", async () => {
  assertTokenError(await world.postToken({ client: SINGLE, scope: world.newScope() }), 400, "invalid_scope");
});

test("the order of scopes does not matter", async () => {
  const reversed = TWO_SCOPES.split(" ").reverse().join(" ");
  const one = await world.postToken({ scope: TWO_SCOPES });
  const other = await world.postToken({ scope: reversed });
  assert.equal(assertToken(one), assertToken(other));
});

for (const [what, scope] of [
  ["a subset", TWO_SCOPES.split(" ")[0]],
  ["a superset", `${TWO_SCOPES} ${GRAPH}`],
  ["another case", GRAPH.toUpperCase()],
]) {
  test(`${what} of a granted scope is not that scope`, async () => {
    assertTokenError(await world.postToken({ scope }), 400, "invalid_scope");
  });
}

test("a request that is not granted asks nobody upstream", async () => {
  const reply = await world.postToken({ client: AUDIT, scope: NOT_GRANTED });
  assert.deepEqual(world.upstreamRequests(reply), []);
});
