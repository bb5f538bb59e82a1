// A real OpenID provider as authorization server of the broker: each way to prove a client, its metadata, resource
// indicators, and its refusals. Its tokens are verified with a library, by the keys that it publishes.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, test } from "node:test";
import { createRemoteJWKSet, jwtVerify } from "jose";
import { errors } from "oidc-provider";

import { selfSigned } from "../../stand-in/certificate.mjs";
import { assertHit, assertMiss, assertToken, assertTokenError } from "./harness/expect.mjs";
import { REPORTS } from "./harness/fixtures.mjs";
import { ALGORITHMS, newKey } from "./harness/jose.mjs";
import { startProvider } from "./harness/provider.mjs";
import { openWorld } from "./harness/world.mjs";

const API = "https://api.example/orders";
const OTHER_API = "https://other.example/";
/** Characters that have to be encoded, and those whose encoding is most often wrong. */
const SECRET = `${randomBytes(18).toString("base64url")} :%+/&=?"\\~*`;
const WRONG = `${randomBytes(18).toString("base64url")} wrong`;
const KEYS = Object.fromEntries(ALGORITHMS.map((alg) => [alg, newKey(alg)]));
const CERTIFICATE = selfSigned(KEYS.RS256.privateKey);
const UNKNOWN_KEY = newKey("ES256");

let world;
let server;
let issuer;
let keys;
/** What the provider's own events say: how a client proved itself, or the reason that it keeps from clients. */
let granted = [];
let refused = [];

before(async () => {
  server = await startProvider(configuration);
  server.provider.on("grant.success", ({ headers, oidc }) => {
    const { client_secret: secret, client_assertion: assertion } = oidc.params;
    const used = [headers.authorization && "header", secret && "secret", assertion && "assertion"].filter(Boolean);
    granted.push([oidc.client.clientId, ...used]);
  });
  server.provider.on("grant.error", (_, { message, error_detail: detail }) => refused.push([message, detail]));
  issuer = server.issuer;
  keys = createRemoteJWKSet(new URL(`${issuer}/jwks`));
  world = await openWorld({ bindings: bindings() });
  for (const line of Object.values(KEYS).flatMap(({ privateKey }) => pem(privateKey).split("\n"))) {
    world.sweep.secret("line of a private key", line);
  }
});
after(async () => {
  await world?.close();
  server?.close();
});

const pem = (key) => key.export({ type: "pkcs8", format: "pem" });

/** The clients of the provider: one for each way to prove itself. */
const clients = () =>
  [
    { client_id: "basic: client+%&", client_secret: SECRET, token_endpoint_auth_method: "client_secret_basic" },
    { client_id: "post", client_secret: SECRET, token_endpoint_auth_method: "client_secret_post" },
    ...ALGORITHMS.map((alg) => ({
      client_id: alg,
      token_endpoint_auth_method: "private_key_jwt",
      token_endpoint_auth_signing_alg: alg,
      jwks: { keys: [KEYS[alg].jwk] },
    })),
    { client_id: "elsewhere", client_secret: SECRET, grant_types: ["authorization_code"], response_types: ["code"] },
  ].map((client) => ({
    grant_types: ["client_credentials"],
    response_types: [],
    redirect_uris: client.response_types ? ["https://app.example/"] : [],
    scope: "read write",
    ...client,
  }));

/** The APIs of the provider are `API` and `OTHER_API`. */
function configuration() {
  const { privateKey, jwk } = newKey("RS256");
  return {
    jwks: { keys: [{ ...privateKey.export({ format: "jwk" }), ...jwk }] },
    clients: clients(),
    scopes: ["read", "write", "admin"],
    ttl: { ClientCredentials: 600 },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_, resource) => {
          if (![API, OTHER_API].includes(resource)) throw new errors.InvalidTarget();
          return { scope: "read write", audience: resource, accessTokenFormat: "jwt" };
        },
      },
    },
    enabledJWA: { clientAuthSigningAlgValues: ALGORITHMS },
  };
}

/** The broker's credentials: those of `GOOD` get tokens. */
const GOOD = ["basic", "explicit", "post", ...ALGORITHMS, "certificate", "other-api"];

function bindings() {
  const token_endpoint = `${issuer}/token`;
  const [parameters, other] = [API, OTHER_API].map((resource) => ({ resource }));
  const basic = { client_id: "basic: client+%&", client_secret: "OAUTH_SECRET" };
  const CREDENTIALS = {
    basic: { issuer, ...basic, parameters },
    explicit: { token_endpoint, ...basic, parameters },
    post: {
      token_endpoint,
      client_id: "post",
      client_secret: "OAUTH_SECRET",
      auth_method: "client_secret_post",
      parameters,
    },
    RS256: { issuer, client_id: "RS256", private_key: "RS256_KEY", key_id: KEYS.RS256.jwk.kid, parameters },
    PS256: { token_endpoint, client_id: "PS256", private_key: "PS256_KEY", signing_alg: "PS256", parameters },
    ES256: { token_endpoint, client_id: "ES256", private_key: "ES256_KEY", parameters },
    EdDSA: { issuer, client_id: "EdDSA", private_key: "EDDSA_KEY", assertion_audience: issuer, parameters },
    certificate: { issuer, client_id: "RS256", certificate: "CERTIFICATE", parameters: other },
    "other-api": { issuer, ...basic, parameters: other },
    rotated: { issuer, ...basic, client_secret: ["WRONG_SECRET", "OAUTH_SECRET"], parameters: other },
    "rotated-key": {
      token_endpoint,
      client_id: "ES256",
      private_key: ["UNKNOWN_KEY", "ES256_KEY"],
      key_id: ["new", KEYS.ES256.jwk.kid],
      parameters: other,
    },
    wrong: { issuer, ...basic, client_secret: "WRONG_SECRET", parameters },
    unknown: { issuer, ...basic, client_id: "unknown", parameters },
    "wrong-key": { issuer, client_id: "ES256", private_key: "UNKNOWN_KEY", parameters },
    "wrong-audience": {
      issuer,
      client_id: "ES256",
      private_key: "ES256_KEY",
      assertion_audience: "https://else.example",
      parameters,
    },
    "no-grant": { issuer, ...basic, client_id: "elsewhere", parameters },
    "no-api": { issuer, ...basic, parameters: { resource: "https://nowhere.example/" } },
    slash: { issuer: `${issuer}/`, ...basic, parameters },
  };
  const { privateKey, jwk } = KEYS.ES256;
  const scopes = ["read", "read write", "admin"];
  const allow = Object.keys(CREDENTIALS).flatMap((credential) => scopes.map((scope) => ({ credential, scope })));
  return {
    CREDENTIALS,
    CLIENTS: { [REPORTS.id]: { key_sha256: [REPORTS.digest], allow } },
    OAUTH_SECRET: SECRET,
    WRONG_SECRET: WRONG,
    RS256_KEY: pem(KEYS.RS256.privateKey),
    PS256_KEY: pem(KEYS.PS256.privateKey),
    ES256_KEY: JSON.stringify({ ...privateKey.export({ format: "jwk" }), kid: jwk.kid }),
    EDDSA_KEY: pem(KEYS.EdDSA.privateKey),
    CERTIFICATE: CERTIFICATE + pem(KEYS.RS256.privateKey),
    UNKNOWN_KEY: pem(UNKNOWN_KEY.privateKey),
  };
}

const ask = (credential, scope = "read") => world.getToken({ credential, scope });

/** The claims of a token, which the provider signed. */
const claimsOf = async (token, audience) => (await jwtVerify(token, keys, { issuer, audience, typ: "at+jwt" })).payload;

const BASIC = "basic: client+%&";
const PROOFS = { basic: "header", explicit: "header", "other-api": "header", post: "secret" };
const CLIENT_IDS = { basic: BASIC, explicit: BASIC, "other-api": BASIC, certificate: "RS256" };

for (const name of GOOD) {
  test(`a token by ${name}`, async () => {
    granted = [];
    const reply = await ask(name);
    const token = assertToken(reply);
    assertMiss(reply);
    assert.ok(reply.body.expires_in > 590 && reply.body.expires_in <= 600, reply.text);
    const clientId = CLIENT_IDS[name] ?? name;
    assert.deepEqual(granted, [[clientId, PROOFS[name] ?? "assertion"]]);
    const claims = await claimsOf(token, ["certificate", "other-api"].includes(name) ? OTHER_API : API);
    assert.deepEqual([claims.client_id, claims.scope], [clientId, "read"]);
    const { outcome, credential, upstream_requests } = await world.logOf(reply);
    assert.deepEqual([outcome, credential, upstream_requests], ["miss", name, 1]);
    const again = await ask(name);
    assertHit(again, "isolate");
    assert.equal(again.body.access_token, token);
    assert.equal(granted.length, 1);
  });
}

test("another scope is another token; an assertion is never presented twice", async () => {
  for (const name of ["basic", "RS256", "ES256", "certificate"]) {
    const reply = await ask(name, "write read");
    assertMiss(reply);
    const claims = await claimsOf(assertToken(reply), name === "certificate" ? OTHER_API : API);
    assert.equal(claims.scope, "read write");
  }
});

test("metadata are fetched once for all credentials, and not for those that name their endpoint", async () => {
  const metadata = server.paths.filter((path) => path.startsWith("/.well-known/"));
  assert.ok(metadata.length > 0 && metadata.length === new Set(metadata).size, `${metadata}`);
});

test("a wrong secret is 502 in the provider's words, and the next secret or key is tried", async () => {
  refused = [];
  const reply = await ask("wrong");
  assertTokenError(reply, 502, "server_error");
  assert.match(reply.body.error_description, /says: client authentication failed; check client_id, the proof/);
  assert.equal((await world.logOf(reply)).outcome, "credential_refused");
  assert.deepEqual(refused, [["invalid_client", "invalid secret provided"]]);

  for (const [name, reason] of [
    ["rotated", "invalid secret provided"],
    ["rotated-key", "no applicable key found in the JSON Web Key Set"],
  ]) {
    refused = [];
    const rotated = await ask(name);
    assertToken(rotated);
    assert.equal((await world.logOf(rotated)).upstream_requests, 2);
    assert.deepEqual(refused, [["invalid_client", reason]]);
  }
});

for (const [name, error, words] of [
  ["unknown", "invalid_client", /client authentication failed/],
  ["wrong-key", "invalid_client", /client authentication failed/],
  ["wrong-audience", "invalid_client", /client authentication failed; .*assertion_audience/],
  ["no-grant", "invalid_request", /says: requested grant type is not allowed for this client; /],
]) {
  test(`${name}: ${error} is the operator's`, async () => {
    refused = [];
    const reply = await ask(name);
    assertTokenError(reply, 502, "server_error");
    assert.match(reply.body.error_description, words);
    assert.deepEqual(
      refused.map(([word]) => word),
      [error],
    );
    const { outcome, upstream_requests } = await world.logOf(reply);
    assert.deepEqual([outcome, upstream_requests], ["credential_refused", 1]);
  });
}

for (const [what, name, scope, error] of [
  ["a resource that the provider does not know", "no-api", "read", "invalid_target"],
  ["a scope that the client may not have", "basic", "admin", "invalid_scope"],
]) {
  test(`${what} is ${error}, and the caller gets the provider's words`, async () => {
    refused = [];
    const reply = await ask(name, scope);
    assertTokenError(reply, 403, "insufficient_scope");
    const posted = await world.postToken({ path: `/${name}/oauth2/v2.0/token`, scope });
    assertTokenError(posted, 400, "invalid_scope");
    for (const { body } of [reply, posted]) assert.match(body.error_description, /resource|scope/);
    assert.equal(refused[0][0], error);
    assert.equal((await world.logOf(reply)).outcome, "scope_refused");
  });
}

test("an issuer is compared to the letter", async () => {
  const reply = await ask("slash");
  assertTokenError(reply, 503, "temporarily_unavailable");
  const { outcome, metadata_fault } = await world.logOf(reply);
  assert.equal(outcome, "upstream_unavailable");
  assert.match(metadata_fault, /issuer/);
});

test("a token is in KV for other isolates", async () => {
  const { body } = await ask("RS256");
  granted = [];
  await world.restart(bindings());
  const reply = await ask("RS256");
  assertHit(reply, "kv");
  assert.equal(reply.body.access_token, body.access_token);
  assert.deepEqual(granted, []);
});
