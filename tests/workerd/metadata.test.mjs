// The broker's metadata, as a library finds and validates them (RFC 8414, OpenID Connect Discovery), and the endpoints in
// them.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import * as oauth from "oauth4webapi";

import { sendTo } from "./harness/addressed.mjs";
import { assertError } from "./harness/expect.mjs";
import { DEFAULT_APP, GRAPH, REPORTS } from "./harness/fixtures.mjs";
import { openWorld } from "./harness/world.mjs";

const OAUTH = "/.well-known/oauth-authorization-server";
const OPENID = "/.well-known/openid-configuration";
const insecure = { [oauth.allowInsecureRequests]: true }; // http, because this is a test

let world;
before(async () => (world = await openWorld()));
after(() => world?.close());

/** The metadata of an issuer, as the library has validated them. */
async function discovered(issuer, algorithm) {
  const response = await oauth.discoveryRequest(issuer, { algorithm, ...insecure });
  return oauth.processDiscoveryResponse(issuer, response);
}

for (const [path, tenant] of [
  ["", ""],
  [`/${DEFAULT_APP.tenant}`, `/${DEFAULT_APP.tenant}`],
  [`/${DEFAULT_APP.tenant}/v2.0`, `/${DEFAULT_APP.tenant}`],
  ["/default/v2.0", "/default"],
]) {
  for (const algorithm of ["oidc", "oauth2"]) {
    test(`oauth4webapi discovers the issuer ${path || "/"} by ${algorithm}, and gets and revokes a token`, async () => {
      const issuer = new URL(world.broker.url + path);
      const server = await discovered(issuer, algorithm);
      assert.equal(server.token_endpoint, `${world.broker.url}${tenant}/oauth2/v2.0/token`);
      const client = { client_id: REPORTS.id };
      const authentication = oauth.ClientSecretPost(REPORTS.key);
      const parameters = { scope: GRAPH };
      const granted = await oauth.clientCredentialsGrantRequest(server, client, authentication, parameters, insecure);
      const { access_token } = await oauth.processClientCredentialsResponse(server, client, granted);
      assert.ok(world.authority.issued.includes(access_token));
      const revoked = await oauth.revocationRequest(server, client, authentication, access_token, insecure);
      assert.equal(await oauth.processRevocationResponse(revoked), undefined);
      const keys = await world.fetch(new URL(server.jwks_uri).pathname);
      assert.deepEqual(keys.body, { keys: [] });
    });
  }
}

test("the authorization endpoint refuses, and redirects nobody", async () => {
  const { authorization_endpoint } = await discovered(new URL(`${world.broker.url}/default`), "oidc");
  const url = new URL(authorization_endpoint);
  url.search = new URLSearchParams({ response_type: "code", redirect_uri: "https://app.example", state: "x" });
  const reply = await world.fetch(url.pathname + url.search);
  assertError(reply, 400, "unsupported_response_type");
  assert.equal(reply.headers.get("location"), null);
  assert.equal((await world.logOf(reply)).route, "authorize");
});

for (const [host, origin] of [
  ["broker.example", "https://broker.example"],
  ["broker.example:8443", "https://broker.example:8443"],
  ["localhost:8787", "http://localhost:8787"],
  ["[::1]:8787", "http://[::1]:8787"],
]) {
  test(`over http, the documents of ${host} are those of ${origin}`, async () => {
    for (const [path, issuer] of [
      [OPENID, origin],
      [`/t/v2.0${OPENID}`, `${origin}/t/v2.0`],
      [`${OAUTH}/t`, `${origin}/t`],
    ]) {
      const reply = await sendTo(world, { host, path });
      assert.equal(reply.status, 200, path);
      assert.equal(reply.body.issuer, issuer);
      assert.equal(reply.body.jwks_uri, `${origin}/.well-known/jwks.json`);
    }
  });
}

for (const path of [`/%74${OPENID}`, `/a%2fb/v2.0${OPENID}`, `${OAUTH}/%2e%2e/v2.0`, `${OAUTH}/a/b`, `/-${OPENID}`]) {
  test(`${path} is 404`, async () => {
    assertError(await world.fetch(path), 404, "not_found");
  });
}
