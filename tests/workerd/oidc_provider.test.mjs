// A real OpenID provider: its JWT access tokens are proof, found by its own metadata.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, test } from "node:test";
import * as oauth from "oauth4webapi";

import { assertHit, assertToken, assertTokenError } from "./harness/expect.mjs";
import { GRAPH } from "./harness/fixtures.mjs";
import { AUDIENCE } from "./harness/issuer.mjs";
import { ALGORITHMS, newKey } from "./harness/jose.mjs";
import { startProvider } from "./harness/provider.mjs";
import { openWorld } from "./harness/world.mjs";

const allow = [{ credential: "default", scope: GRAPH }];
const JOB = { client_id: "nightly-job", client_secret: randomBytes(24).toString("base64url") };
const KEYS = ALGORITHMS.map((alg) => newKey(alg));

let world;
let provider;
let issuer;

before(async () => {
  provider = await startProvider(() => configuration(KEYS));
  issuer = provider.issuer;
  const CLIENTS = {
    job: {
      jwt: [
        { issuer, audience: AUDIENCE, subject: JOB.client_id, claims: { client_id: JOB.client_id, scope: "tokens" } },
      ],
      allow,
    },
  };
  world = await openWorld({ bindings: { CLIENTS } });
});
after(async () => {
  await world?.close();
  provider?.close();
});

/** The provider with these keys, and one API: the broker, which is named by the algorithm that its tokens are signed with. */
function configuration(keys) {
  const jwks = { keys: keys.map(({ privateKey, jwk }) => ({ ...privateKey.export({ format: "jwk" }), ...jwk })) };
  return {
    jwks,
    enabledJWA: { idTokenSigningAlgValues: ALGORITHMS },
    clients: [{ ...JOB, grant_types: ["client_credentials"], redirect_uris: [], response_types: [] }],
    scopes: ["tokens"],
    ttl: { ClientCredentials: 600 },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_, resource) => ({
          scope: "tokens",
          audience: resource.startsWith(AUDIENCE) ? AUDIENCE : resource,
          accessTokenFormat: "jwt",
          jwt: { sign: { alg: new URL(resource).searchParams.get("alg") ?? "RS256" } },
        }),
      },
    },
  };
}

/** An access token of the provider for `resource`, got by a standard library. */
async function providerToken(resource = AUDIENCE) {
  const insecure = { [oauth.allowInsecureRequests]: true }; // http, because this is a test
  const url = new URL(issuer);
  const as = await oauth.processDiscoveryResponse(url, await oauth.discoveryRequest(url, insecure));
  const client = { client_id: JOB.client_id };
  const response = await oauth.clientCredentialsGrantRequest(
    as,
    client,
    oauth.ClientSecretBasic(JOB.client_secret),
    { scope: "tokens", resource },
    insecure,
  );
  return (await oauth.processClientCredentialsResponse(as, client, response)).access_token;
}

const get = (jwt) => world.fetch(`/token?scope=${GRAPH}`, { headers: { Authorization: `Bearer ${jwt}` } });

for (const alg of ALGORITHMS) {
  test(`an access token of an OpenID provider, signed with ${alg}, is proof`, async () => {
    const jwt = await providerToken(`${AUDIENCE}?alg=${alg}`);
    const header = JSON.parse(Buffer.from(jwt.split(".")[0], "base64url"));
    assert.deepEqual([header.alg, header.typ], [alg, "at+jwt"]);
    const reply = await get(jwt);
    assertToken(reply);
    const { client_id, proof, issuer: iss, subject } = await world.logOf(reply);
    assert.deepEqual(
      { client_id, proof, iss, subject },
      { client_id: "job", proof: "jwt", iss: issuer, subject: JOB.client_id },
    );
  });
}

test("it is asked for its metadata and keys once", async () => {
  const jwt = await providerToken();
  const { length } = provider.paths;
  for (let n = 0; n < 3; n += 1) assertHit(await get(jwt), "isolate");
  assert.equal(provider.paths.length, length);
});

test("its access token for another API is refused", async () => {
  assertTokenError(await get(await providerToken("https://else.example")), 401, "invalid_token");
});

test("it rotates its keys: the new one is learnt, the old one is good no more", async () => {
  const old = await providerToken();
  provider.configure(configuration(ALGORITHMS.map((alg) => newKey(alg))));
  await world.restart({ CLIENTS: { job: { jwt: [{ issuer, audience: AUDIENCE, subject: JOB.client_id }], allow } } });
  assertToken(await get(await providerToken()));
  assertTokenError(await get(old), 401, "invalid_token");
});
