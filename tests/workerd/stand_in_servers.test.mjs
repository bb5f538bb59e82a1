// The stand-in's other authorization servers hand out tokens to standard clients, each with its oddity.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { importJWK } from "jose";
import * as oauth from "oauth4webapi";

import { startAuthority } from "../../stand-in/authority.mjs";
import { KEYS, kindsAt } from "./harness/credentials.mjs";

const INSECURE = { [oauth.allowInsecureRequests]: true }; // http, because this is a test
const now = () => Math.floor(Date.now() / 1000);

let authority;
let kinds;
before(async () => {
  const apps = [];
  authority = await startAuthority({ apps });
  const all = kindsAt(authority.url);
  apps.push(...all.map(({ app }) => app));
  kinds = Object.fromEntries(all.map((kind) => [kind.name, kind]));
});
after(() => authority?.close());

/** The server of a kind: by its metadata, or the endpoint that is configured. */
async function serverOf({ credential: { issuer, resource, token_endpoint } }) {
  if (token_endpoint) return { issuer: authority.url, token_endpoint };
  if (issuer) return discovered(new URL(issuer));
  const url = new URL(resource);
  const reply = await oauth.resourceDiscoveryRequest(url, INSECURE);
  const { authorization_servers } = await oauth.processResourceDiscoveryResponse(url, reply);
  return discovered(new URL(authorization_servers[0]), "oauth2");
}

async function discovered(issuer, algorithm = issuer.pathname.endsWith("/default") ? "oauth2" : "oidc") {
  // The library builds the path of RFC 8414 for `oauth2`. Okta's custom servers have it at the end.
  if (issuer.pathname.startsWith("/okta/oauth2")) {
    const url = `${issuer}/.well-known/oauth-authorization-server`;
    return oauth.processDiscoveryResponse(issuer, await fetch(url));
  }
  return oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, { algorithm, ...INSECURE }));
}

/** A client credentials request by the library. `changed` are parameters. */
async function request(name, { authentication, changed = {} } = {}) {
  const { credential, app, scope } = kinds[name];
  const server = await serverOf(kinds[name]);
  const [secret] = app.secrets ?? [];
  const post = credential.auth_method === "client_secret_post";
  const method = authentication ?? (post ? oauth.ClientSecretPost(secret) : oauth.ClientSecretBasic(secret));
  const { grant_type, ...fixed } = credential.parameters ?? {};
  const parameters = { ...fixed, ...(credential.resource && { resource: credential.resource }), scope, ...changed };
  const given = new URLSearchParams(Object.entries(parameters).filter(([, value]) => value !== undefined));
  const client = { client_id: app.clientId };
  const response = await oauth.genericTokenEndpointRequest(
    server,
    client,
    method,
    grant_type ?? "client_credentials",
    given,
    INSECURE,
  );
  return { response, server, client };
}

async function token(name, options) {
  const { response, server, client } = await request(name, options);
  const body = await response.clone().json();
  assert.equal(response.status, 200, JSON.stringify(body));
  assert.equal(authority.issued.at(-1), body.access_token);
  return { body, server, client, response };
}

async function refusal(name, options) {
  const { response } = await request(name, options);
  return { status: response.status, body: await response.json() };
}

const post = async (path, init = {}) => {
  const response = await fetch(authority.url + path, { method: "POST", ...init });
  return { status: response.status, headers: response.headers, body: await response.json() };
};

/** What a response has beside the token. */
const rest = ({ access_token, ...others }) => others;

for (const [name, expected] of [
  ["auth0", { token_type: "Bearer", expires_in: 86_400 }],
  ["basic", { token_type: "Bearer", expires_in: 3600 }],
  ["cognito", { token_type: "Bearer", expires_in: 3600 }],
  [
    "keycloak",
    { token_type: "Bearer", expires_in: 60, refresh_expires_in: 0, "not-before-policy": 0, scope: "profile email" },
  ],
  ["okta-custom", { token_type: "Bearer", expires_in: 3600, scope: "api.read" }],
  ["resource", { token_type: "Bearer", expires_in: 1800 }],
  [
    "zoom",
    {
      token_type: "bearer",
      expires_in: 3600,
      scope: "meeting:read:admin user:read:admin",
      api_url: "https://api.zoom.us",
    },
  ],
  ["twitch", { token_type: "bearer", expires_in: 5_000_000, scope: [] }],
]) {
  test(`${name} hands out a token for a client secret, in its own form`, async () => {
    assert.deepEqual(rest((await token(name)).body), expected);
  });
}

test("the library takes every answer of a server that keeps to RFC 6749", async () => {
  for (const name of ["auth0", "basic", "cognito", "keycloak", "okta-custom", "paypal", "resource"]) {
    const { response, server, client } = await token(name);
    const { access_token } = await oauth.processClientCredentialsResponse(server, client, response);
    assert.equal(access_token, authority.issued.at(-1));
  }
});

test("PayPal's scope is longer than two kilobytes, and the answer has more than a token", async () => {
  const { body } = await token("paypal");
  assert.ok(body.scope.length > 2048);
  assert.deepEqual([body.expires_in, typeof body.app_id, typeof body.nonce], [31_668, "string", "string"]);
});

test("Salesforce's answer says where the organization is, and not how long the token lives", async () => {
  const { body } = await token("salesforce-secret");
  assert.equal(body.expires_in, undefined);
  assert.equal(body.instance_url, `${authority.url}/salesforce`);
  assert.match(body.issued_at, /^\d{13}$/);
});

test("a wrong client secret is refused, by each in its own way", async () => {
  const authentication = oauth.ClientSecretBasic("wrong");
  assert.deepEqual(await refusal("cognito", { authentication }), { status: 400, body: { error: "invalid_client" } });
  assert.equal((await refusal("keycloak", { authentication })).status, 401);
  const posted = oauth.ClientSecretPost("wrong");
  assert.deepEqual(await refusal("twitch", { authentication: posted }), {
    status: 403,
    body: { status: 403, message: "invalid client secret" },
  });
});

test("Basic authentication has to be form-encoded", async () => {
  const { clientId, secrets } = kinds.basic.app;
  const raw = Buffer.from(`${clientId}:${secrets[0]}`).toString("base64");
  const { status, body } = await post("/basic/token", {
    headers: { Authorization: `Basic ${raw}` },
    body: new URLSearchParams({ grant_type: "client_credentials" }),
  });
  assert.deepEqual([status, body.error], [401, "invalid_client"]);
  assert.match(body.error_description, /form-encoded/);
});

test("what a server insists on is named when it lacks", async () => {
  assert.equal((await refusal("auth0", { changed: { audience: undefined } })).body.error, "access_denied");
  assert.equal((await refusal("okta-custom", { changed: { scope: undefined } })).body.error, "invalid_scope");
  assert.equal((await refusal("resource", { changed: { resource: "https://else" } })).body.error, "invalid_target");
  assert.deepEqual((await refusal("zoom", { changed: { account_id: "else" } })).body, {
    reason: "Bad Request",
    error: "invalid_request",
  });
});

test("Auth0 takes JSON as well", async () => {
  const { clientId: client_id, secrets } = kinds.auth0.app;
  const body = { grant_type: "client_credentials", client_id, client_secret: secrets[0], audience: "https://api" };
  const headers = { "Content-Type": "application/json" };
  assert.equal((await post("/auth0/oauth/token", { headers, body: JSON.stringify(body) })).status, 200);
});

test("an API names its authorization server, and takes its tokens", async () => {
  const { body } = await token("resource");
  const url = `${authority.url}/resource/mcp`;
  const refused = await fetch(url);
  const named = `Bearer resource_metadata="${authority.url}/.well-known/oauth-protected-resource/resource/mcp"`;
  assert.deepEqual([refused.status, refused.headers.get("www-authenticate")], [401, named]);
  assert.equal((await fetch(url, { headers: { Authorization: `Bearer ${body.access_token}` } })).status, 200);
});

test("Okta's own server takes a signed assertion, once, and no secret", async () => {
  const key = await importJWK({ ...JSON.parse(KEYS.okta), alg: "ES256" });
  const audience = (_, claims) => (claims.aud = `${authority.url}/okta/oauth2/v1/token`);
  const sign = (kid, options) => oauth.PrivateKeyJwt({ key, kid }, { [oauth.modifyAssertion]: audience, ...options });
  assert.equal((await token("okta", { authentication: sign("okta-1") })).body.scope, "okta.users.read");

  const repeated = (header, claims) => {
    audience(header, claims);
    claims.jti = "once";
  };
  const again = () => sign("okta-1", { [oauth.modifyAssertion]: repeated });
  await token("okta", { authentication: again() });
  for (const [what, authentication, words] of [
    ["again", again(), /was used before/],
    ["key", sign("okta-2"), /kid is invalid/],
    ["audience", sign("okta-1", { [oauth.modifyAssertion]: (_, claims) => (claims.aud = "else") }), /audience claim/],
    ["secret", oauth.ClientSecretPost("secret"), /must use the private_key_jwt/],
  ]) {
    const { status, body } = await refusal("okta", { authentication });
    assert.deepEqual([status, body.error], [401, "invalid_client"], what);
    assert.match(body.error_description, words);
  }
});

test("Okta and GitHub throttle without Retry-After", async () => {
  authority.next({ path: "/okta/oauth2/default/v1/token", throttle: { retryAfter: 30 } });
  const { response } = await request("okta-custom");
  const reset = Number(response.headers.get("x-rate-limit-reset"));
  assert.deepEqual([response.status, response.headers.get("retry-after")], [429, null]);
  assert.ok(reset >= now() + 29 && reset <= now() + 30);

  authority.next({ throttle: {} });
  const github = await post("/github/app/installations/4711/access_tokens");
  assert.deepEqual([github.status, github.headers.get("x-ratelimit-remaining")], [403, "0"]);
  assert.match(github.body.message, /rate limit exceeded/);
});

test("a fault of a metadata document is named by its path, and other faults leave metadata alone", async () => {
  const path = "/keycloak/realms/demo/.well-known/openid-configuration";
  authority.next({ path, token: { issuer: "https://else.example" } }, { refuse: "invalid_grant" });
  assert.equal((await (await fetch(authority.url + path)).json()).issuer, "https://else.example");
  const { status, body } = await refusal("keycloak");
  assert.deepEqual([status, body], [400, { error: "invalid_grant" }]);
});
