// A federated credential at a real OpenID provider: it knows the broker's keys by their address, and fetches them there.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from "jose";

import { newIssuerKey } from "../../cli/lib/issuer-key.mjs";
import { assertHit, assertMiss, assertToken, assertTokenError } from "./harness/expect.mjs";
import { REPORTS } from "./harness/fixtures.mjs";
import { newKey } from "./harness/jose.mjs";
import { startProvider } from "./harness/provider.mjs";
import { openWorld } from "./harness/world.mjs";

/** It is the client id as well: this provider takes client assertions only of which `iss` and `sub` are the client id. */
const ISSUER = "https://broker.example";
const API = "https://api.example/";
const [OLD, NEW] = [newIssuerKey(), newIssuerKey()];

let world;
let server;
let fetched = [];
let assertions = [];

before(async () => {
  server = await startProvider(configuration);
  server.provider.on("grant.success", ({ oidc }) => assertions.push(oidc.params.client_assertion));
  world = await openWorld({ bindings: bindings({}) });
});
after(async () => {
  for (const jwt of assertions) world?.sweep.token(jwt);
  await world?.close();
  server?.close();
});

function configuration() {
  const { privateKey, jwk } = newKey("RS256");
  const client = {
    client_id: ISSUER,
    token_endpoint_auth_method: "private_key_jwt",
    jwks_uri: `${ISSUER}/.well-known/jwks.json`,
  };
  return {
    jwks: { keys: [{ ...privateKey.export({ format: "jwk" }), ...jwk }] },
    clients: [{ ...client, grant_types: ["client_credentials"], redirect_uris: [], response_types: [] }],
    // The broker has no name that this machine can find.
    fetch: (url, { signal }) => {
      fetched.push(String(url));
      return fetch(world.broker.url + new URL(url).pathname, { signal });
    },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_, audience) => ({ scope: "", audience, accessTokenFormat: "jwt" }),
      },
    },
  };
}

function bindings(keys) {
  const { issuer } = server;
  const entry = { issuer, client_id: ISSUER, parameters: { resource: API } };
  const CREDENTIALS = {
    federated: { ...entry, federated: { subject: ISSUER, audience: issuer } },
    again: { ...entry, federated: { subject: ISSUER, audience: issuer }, parameters: { resource: `${API}again` } },
    audience: { ...entry, federated: { subject: ISSUER, audience: "https://else.example" } },
    subject: { ...entry, federated: { subject: "someone", audience: issuer } },
  };
  const allow = Object.keys(CREDENTIALS).map((credential) => ({ credential }));
  return {
    ISSUER,
    ISSUER_KEY: OLD.pem,
    CREDENTIALS,
    CLIENTS: { [REPORTS.id]: { key_sha256: [REPORTS.digest], allow } },
    ...keys,
  };
}

const ask = (credential) => world.getToken({ credential });

test("a token by a JWT of the broker, which the provider verifies with the keys that the broker publishes", async () => {
  const reply = await ask("federated");
  const token = assertToken(reply);
  assertMiss(reply);
  const { issuer } = server;
  const keys = createRemoteJWKSet(new URL(`${issuer}/jwks`));
  const { payload } = await jwtVerify(token, keys, { issuer, audience: API });
  assert.equal(payload.client_id, ISSUER);
  assert.deepEqual(fetched, [`${ISSUER}/.well-known/jwks.json`]);
  assert.deepEqual(
    assertions.map((jwt) => decodeProtectedHeader(jwt).kid),
    [OLD.kid],
  );
  assertHit(await ask("federated"), "isolate");
  assert.equal(assertions.length, 1);
});

for (const [name, words] of [
  ["audience", /says: client authentication failed; /],
  ["subject", /says: client_id mismatch; /],
]) {
  test(`another ${name} is 502 in the provider's words`, async () => {
    const reply = await ask(name);
    assertTokenError(reply, 502, "server_error");
    assert.match(reply.body.error_description, words);
    assert.equal((await world.logOf(reply)).outcome, "credential_refused");
  });
}

test("the key of the broker rotates: what is published before it signs is known already", async () => {
  await world.restart(bindings({ ISSUER_KEY: NEW.pem, ISSUER_KEY_PREVIOUS: OLD.pem }));
  assertHit(await ask("federated"), "kv");
  server.configure(configuration()).on("grant.success", ({ oidc }) => assertions.push(oidc.params.client_assertion));
  const reply = await ask("again");
  assertToken(reply);
  assert.equal((await world.logOf(reply)).upstream_requests, 1);
  assert.equal(decodeProtectedHeader(assertions.at(-1)).kid, NEW.kid);
});
