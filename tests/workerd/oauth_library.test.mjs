// A standard OAuth library, pointed at the broker in place of the authorization server, works unchanged.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import * as oauth from "oauth4webapi";

import { DEFAULT_APP, GRAPH, REPORTS } from "./harness/fixtures.mjs";
import { openWorld } from "./harness/world.mjs";

let world;
before(async () => (world = await openWorld()));
after(() => world?.close());

/** The library's client credentials grant; what it validates of the response is the point. */
async function clientCredentials({ authentication, scope = GRAPH, path = "/oauth2/v2.0/token" }) {
  const server = { issuer: world.broker.url, token_endpoint: world.broker.url + path };
  const client = { client_id: REPORTS.id };
  const response = await oauth.clientCredentialsGrantRequest(
    server,
    client,
    authentication,
    { scope },
    {
      [oauth.allowInsecureRequests]: true, // http, because this is a test
    },
  );
  return oauth.processClientCredentialsResponse(server, client, response);
}

for (const [name, authentication] of [
  ["client_secret_basic", oauth.ClientSecretBasic(REPORTS.key)],
  ["client_secret_post", oauth.ClientSecretPost(REPORTS.key)],
]) {
  test(`oauth4webapi gets a token with ${name}`, async () => {
    for (const path of ["/oauth2/v2.0/token", `/${DEFAULT_APP.tenant}/oauth2/v2.0/token`]) {
      const { access_token, token_type, expires_in } = await clientCredentials({ authentication, path });
      assert.ok(world.authority.issued.includes(access_token));
      assert.equal(token_type, "bearer"); // the library lower-cases it
      assert.ok(expires_in > 3500 && expires_in <= 3599);
    }
  });
}

test("oauth4webapi understands an error of the token endpoint", async () => {
  const authentication = oauth.ClientSecretPost(REPORTS.key);
  await assert.rejects(clientCredentials({ authentication, scope: "https://payroll.example/.default" }), (error) => {
    assert.ok(error instanceof oauth.ResponseBodyError);
    assert.deepEqual([error.status, error.error], [400, "invalid_scope"]);
    return true;
  });
});

test("oauth4webapi understands the challenge for a wrong secret", async () => {
  const authentication = oauth.ClientSecretBasic("etb_wrong");
  await assert.rejects(clientCredentials({ authentication }), (error) => {
    const [challenge] = error.cause;
    assert.equal(error.status, 401);
    assert.equal(challenge.scheme, "basic");
    return true;
  });
});
