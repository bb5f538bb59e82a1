// What is peculiar to single authorization servers: their refusals, their ways to throttle, their short tokens, and the
// members of their answers that callers get as well. oauth_servers.test.mjs has a token of each.

import assert from "node:assert/strict";
import { createPrivateKey } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { decodeProtectedHeader } from "jose";

import { selfSigned } from "../../stand-in/certificate.mjs";
import {
  assertHit,
  assertMiss,
  assertToken,
  assertTokenError,
  assertUnavailable,
  cacheStatus,
} from "./harness/expect.mjs";
import { KEYS, credentialBindings, kindsAt, register } from "./harness/credentials.mjs";
import { REPORTS } from "./harness/fixtures.mjs";
import { openWorld, withWorld } from "./harness/world.mjs";

const NAMES = ["auth0", "cognito", "keycloak", "okta", "paypal", "resource", "salesforce", "salesforce-secret"].concat([
  "twitch",
  "zitadel",
  "zoom",
]);
const WRONG = "wrong~secret.of-the/broker+%";
const SCOPES = ["openid", "api/read", "broken", "throttled"];

/** The bindings for `NAMES`, and for `more` credentials: name → that of which it is a variant, and what is different. */
function configured(kinds, more = {}) {
  const { bindings, grants } = credentialBindings(kinds);
  const CREDENTIALS = { ...bindings.CREDENTIALS };
  for (const [name, [base, changes]] of Object.entries(more)) CREDENTIALS[name] = { ...CREDENTIALS[base], ...changes };
  const named = Object.keys(CREDENTIALS);
  const allow = [...grants, ...named.flatMap((credential) => SCOPES.map((scope) => ({ credential, scope })))];
  for (const credential of named)
    if (!grants.some((grant) => grant.credential === credential)) allow.push({ credential });
  return {
    ...bindings,
    WRONG_SECRET: WRONG,
    SALESFORCE_PAIR: selfSigned(createPrivateKey(KEYS.salesforce)) + KEYS.salesforce,
    CREDENTIALS: JSON.parse(JSON.stringify(CREDENTIALS)),
    CLIENTS: { [REPORTS.id]: { key_sha256: [REPORTS.digest], allow } },
  };
}

const wrong = { client_secret: "WRONG_SECRET" };
const VARIANTS = {
  "auth0-without-audience": ["auth0", { parameters: undefined }],
  "auth0-throttled": ["auth0", { parameters: { audience: "https://throttled.example" } }],
  "cognito-wrong": ["cognito", wrong],
  "okta-without-scope": ["okta", {}],
  "okta-by-secret": ["okta", { private_key: undefined, key_id: undefined, ...wrong }],
  "okta-key": ["okta", { private_key: "ZITADEL_KEY" }],
  "resource-elsewhere": ["resource", {}],
  "salesforce-user": ["salesforce", {}],
  "salesforce-certificate": ["salesforce", { private_key: undefined, certificate: "SALESFORCE_PAIR" }],
  "salesforce-alias": ["salesforce", {}],
  "twitch-wrong": ["twitch", wrong],
  "twitch-unknown": ["twitch", { client_id: "nobody" }],
  "twitch-rotated": ["twitch", { client_id: "twitch:second", client_secret: ["WRONG_SECRET", "TWITCH_SECRET"] }],
  "zitadel-without-scope": ["zitadel", {}],
  "zoom-account": ["zoom", { parameters: { grant_type: "account_credentials", account_id: "account-2" } }],
};

let world;
let own;
before(async () => {
  world = await openWorld();
  const kinds = kindsAt(world.authority.url, NAMES);
  own = configured(kinds, VARIANTS);
  const { salesforce, resource } = own.CREDENTIALS;
  own.CREDENTIALS["salesforce-user"].assertion = { ...salesforce.assertion, sub: "nobody@stand-in.example" };
  own.CREDENTIALS["salesforce-certificate"].assertion = { ...salesforce.assertion, sub: "second@stand-in.example" };
  own.CREDENTIALS["resource-elsewhere"].resource = `${resource.resource}/none`;
  register(world.authority, world.broker.url, kinds);
  kinds.find(({ name }) => name === "salesforce").app.users.push("second@stand-in.example");
  const { app } = kinds.find(({ name }) => name === "twitch");
  world.authority.apps.push({ ...app, clientId: "twitch:second" });
  await world.restart(own);
});
after(() => world?.close());

const ask = (credential, scope, of = world) => of.getToken({ credential, scope });
const post = (credential, scope) => world.postToken({ path: `/${credential}/oauth2/v2.0/token`, scope });

/** The token requests that came during `body`. */
async function requestsOf(body, of = world) {
  const { length } = of.authority.requests;
  const result = await body();
  return [result, of.authority.requests.slice(length).filter(({ method }) => method === "POST")];
}

describe("a refusal is 502 in the words of the server, and says what to do:", () => {
  for (const [credential, words] of [
    [
      "auth0-without-audience",
      /No audience parameter was provided, and no default .*; check client_id, the proof, parameters and scope/,
    ],
    ["cognito-wrong", /\(invalid_client\).* says: invalid_client; check client_id, the proof/],
    ["okta-by-secret", /says: Client Credentials requests to the Org Authorization Server must use .*private_key_jwt/],
    ["okta-key", /says: The client_assertion .*; check client_id, the proof/],
    ["salesforce-user", /says: user hasn't approved this consumer; check the claims in assertion/],
    ["twitch-wrong", /says: invalid client secret; check client_id, the proof/],
    ["twitch-unknown", /says: invalid client; check/],
    ["zoom-account", /says: Bad Request; check parameters and scope/],
  ]) {
    test(credential, async () => {
      const [reply, requests] = await requestsOf(() => ask(credential));
      assertTokenError(reply, 502, "server_error");
      assert.match(reply.body.error_description, words);
      assert.equal(requests.length, 1);
      assert.equal((await world.logOf(reply)).outcome, "credential_refused");
    });
  }
});

test("after Twitch's 403 for a wrong secret the next secret is used", async () => {
  const [reply, requests] = await requestsOf(() => ask("twitch-rotated"));
  assertToken(reply);
  assert.deepEqual(
    requests.map(({ params }) => params.client_secret === WRONG),
    [true, false],
  );
});

for (const [credential, words] of [
  ["okta-without-scope", /'scope' must be provided/],
  ["zitadel-without-scope", /The scope openid is missing/],
]) {
  test(`${credential}: what the server says of a scope is the caller's`, async () => {
    assertTokenError(await ask(credential), 403, "insufficient_scope");
    const reply = await post(credential);
    assertTokenError(reply, 400, "invalid_scope");
    assert.match(reply.body.error_description, words);
    assert.equal((await world.logOf(reply)).outcome, "scope_refused");
  });
}

for (const [what, credential, scope] of [
  ["Okta's X-Rate-Limit-Reset", "okta", "throttled"],
  ["Auth0's x-ratelimit-reset", "auth0-throttled", undefined],
]) {
  test(`${what} in a 429 is 503 until then, and no request goes out before`, async () => {
    world.authority.next({ throttle: { retryAfter: 120 } });
    const [reply, requests] = await requestsOf(() => ask(credential, scope));
    const seconds = assertUnavailable(reply);
    assert.ok(seconds >= 115 && seconds <= 121, `${seconds}`);
    assert.equal(requests.length, 1);
    const { outcome, upstream_status } = await world.logOf(reply);
    assert.deepEqual([outcome, upstream_status], ["upstream_unavailable", 429]);
    const [again, none] = await requestsOf(() => post(credential, scope));
    const left = assertUnavailable(again);
    assert.ok(left <= seconds && left >= 110, `${left}`);
    assert.deepEqual(none, []);
  });
}

test("Keycloak's token of a minute: one request for many callers, served while it lives, never in KV", async () => {
  const asked = world.kv.gets.length;
  const [replies, requests] = await requestsOf(() => Promise.all(Array.from({ length: 20 }, () => ask("keycloak"))));
  const tokens = new Set(replies.map(assertToken));
  assert.deepEqual([tokens.size, requests.length], [1, 1]);
  for (const { body } of replies) assert.ok(body.expires_in >= 50 && body.expires_in <= 60, `${body.expires_in}`);
  const [reply, none] = await requestsOf(() => post("keycloak"));
  assertHit(reply, "isolate");
  assert.deepEqual([reply.body["not-before-policy"], none], [undefined, []]);

  await Promise.all(replies.map((of) => world.logOf(of)));
  const [{ key }] = world.kv.gets.slice(asked);
  assert.ok(key.startsWith("token:") && !world.kv.values.has(key), key);
});

test("PayPal's scope of more than 2 kB is handed on, with the member that the credential names", async () => {
  const { status, body } = await ask("paypal");
  assert.equal(status, 200);
  const { app_id, nonce, scope = "" } = /** @type {Record<string, string>} */ (body);
  assert.deepEqual([app_id, nonce], ["APP-80W284485P519543T", undefined]);
  assert.ok(scope.length > 2000, `${scope.length}`);
});

for (const name of ["salesforce", "salesforce-secret"]) {
  test(`${name}: instance_url is in the answer from upstream, memory, KV, and without a lifetime of its own`, async () => {
    const first = await ask(name);
    assertMiss(first);
    await world.logOf(first); // it is in KV now
    const again = await ask(name);
    assertHit(again, "isolate");
    await world.restart(own);
    const [kept, requests] = await requestsOf(() => post(name));
    assertHit(kept, "kv");
    assert.deepEqual(requests, []);
    for (const { status, body } of [first, again, kept]) {
      const { access_token, expires_in, token_type, scope, ...rest } = body;
      assert.deepEqual([status, access_token, token_type], [200, first.body.access_token, "Bearer"]);
      assert.deepEqual(rest, { instance_url: `${world.authority.url}/salesforce` });
      assert.ok(expires_in > 890 && expires_in <= 900, `${expires_in}`);
    }
  });
}

test("the assertion of the grant may be signed with the key of a certificate; a second name is the same token", async () => {
  const [reply, requests] = await requestsOf(() => ask("salesforce-certificate"));
  assert.equal(reply.status, 200, reply.text);
  assert.deepEqual(
    requests.map(({ params }) => decodeProtectedHeader(params.assertion).alg),
    ["RS256"],
  );
  const { body } = await ask("salesforce");
  assert.notEqual(reply.body.access_token, body.access_token);
  const [alias, none] = await requestsOf(() => ask("salesforce-alias"));
  assert.deepEqual([alias.body.access_token, none], [body.access_token, []]);
});

test("instance_url is there after a restart without KV: the coordinator keeps it", () =>
  withWorld({ kv: false, coordinator: { durable: true } }, async (durable) => {
    const kinds = kindsAt(durable.authority.url, ["salesforce"]);
    register(durable.authority, durable.broker.url, kinds);
    await durable.restart(configured(kinds));
    const first = await ask("salesforce", undefined, durable);
    await durable.restart(configured(kinds));
    const [reply, requests] = await requestsOf(() => ask("salesforce", undefined, durable), durable);
    assert.deepEqual(reply.body.access_token, first.body.access_token);
    assert.equal(cacheStatus(reply).detail, "coordinator");
    assert.equal(reply.body["instance_url"], `${durable.authority.url}/salesforce`);
    assert.deepEqual(requests, []);
  }));

describe("the answer", () => {
  for (const [what, name, changed, seconds] of [
    ["expires_in as text", "cognito", { expires_in: "1800" }, 1800],
    ["expires_in with a fraction", "zoom", { expires_in: 1800.75 }, 1800],
    ["token_type in capitals", "okta", { token_type: "BEARER" }, 3600],
  ]) {
    test(`${what} is understood`, async () => {
      world.authority.next({ token: changed });
      const reply = await ask(name, "api/read");
      assertToken(reply);
      assert.ok(reply.body.expires_in >= seconds - 10 && reply.body.expires_in <= seconds, reply.text);
    });
  }

  test("with another token type is no token", async () => {
    const behaviour = { token: { token_type: "DPoP" } };
    world.authority.next(behaviour, behaviour);
    const reply = await ask("cognito", "broken");
    assertTokenError(reply, 502, "server_error");
    assert.match(reply.body.error_description, /token_type/);
  });
});

test("a resource without metadata, and an issuer whose metadata are down, are passing faults", async () => {
  const reply = await ask("resource-elsewhere");
  assertUnavailable(reply);
  assert.match(String((await world.logOf(reply)).metadata_fault), /\S/);
  await world.restart(own);
  world.authority.always({ path: "/zitadel/.well-known/openid-configuration", fail: { status: 503 } });
  assertUnavailable(await ask("zitadel", "broken"));
  world.authority.always(null);
});
