// Documents of other servers as they are met: behind servers that look at who asks and for what, with null for what they
// do not say, and with a byte order mark in front. And what each request of the broker says of itself.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";

import { assertToken, assertTokenError } from "./harness/expect.mjs";
import { CLIENTS, GRAPH } from "./harness/fixtures.mjs";
import { AUDIENCE, Issuer, signParts } from "./harness/issuer.mjs";
import { newKey } from "./harness/jose.mjs";
import { openWorld } from "./harness/world.mjs";

const [, VERSION] = readFileSync(new URL("../../Cargo.toml", import.meta.url), "utf8").match(/^version = "(.*)"$/m);
const USER_AGENT = `edge-token-broker/${VERSION}`;
const MARK = "\ufeff";

/** One issuer for each test, so that no test meets what the isolate knows of another one's. */
const NAMES = ["plain", "kubernetes", "nobodies", "marked", "nulls", "forgetful"];
const issuers = {};
let world;
before(async () => {
  await Promise.all(NAMES.map(async (name) => (issuers[name] = await Issuer.start(newKey("RS256")))));
  const allow = [{ credential: "default", scope: GRAPH }];
  const client = (issuer) => ({ jwt: [{ issuer: issuer.url, audience: AUDIENCE }], allow });
  const byJwt = Object.fromEntries(NAMES.map((name) => [name, client(issuers[name])]));
  world = await openWorld({ bindings: { CLIENTS: { ...CLIENTS, ...byJwt } } });
});
after(async () => {
  await world?.close();
  await Promise.all(Object.values(issuers).map((issuer) => issuer.close()));
});

const get = (jwt) => world.fetch(`/token?scope=${GRAPH}`, { headers: { Authorization: `Bearer ${jwt}` } });

test("every request says who asks, and takes the registered media type, the usual one, and any other", async () => {
  const { plain } = issuers;
  assertToken(await get(plain.sign()));
  assert.deepEqual(
    plain.received.map(({ path }) => path),
    ["/.well-known/openid-configuration", "/jwks"],
  );
  for (const { headers } of plain.received) {
    assert.equal(headers["user-agent"], USER_AGENT);
    assert.equal(headers.accept, "application/jwk-set+json, application/json, */*;q=0.1");
  }
  const reply = await world.getToken({ scope: world.newScope() });
  assertToken(reply);
  for (const { headers } of world.upstreamRequests(reply)) {
    assert.equal(headers["user-agent"], USER_AGENT);
    assert.equal(headers.accept, "application/json, */*;q=0.1");
  }
});

test("a caller's own User-Agent and Accept go no further", async () => {
  const headers = { "User-Agent": "caller/1", Accept: "text/html" };
  const reply = await world.getToken({ scope: world.newScope(), headers });
  assertToken(reply);
  for (const { headers: sent } of world.upstreamRequests(reply)) assert.equal(sent["user-agent"], USER_AGENT);
});

test("keys that are served as application/jwk-set+json only, as by Kubernetes", async () => {
  const { kubernetes } = issuers;
  kubernetes.choosy = ({ accept = "" }) => (accept.includes("application/jwk-set+json") ? undefined : { status: 406 });
  assertToken(await get(kubernetes.sign()));
});

test("a server that refuses who does not say who asks", async () => {
  const { nobodies } = issuers;
  nobodies.choosy = (headers) => (headers["user-agent"] ? undefined : { status: 403 });
  assertToken(await get(nobodies.sign()));
});

test("a byte order mark before metadata, keys, and the parts of a JWT", async () => {
  const { marked } = issuers;
  marked.mark = MARK;
  const [key] = marked.keys;
  const header = MARK + JSON.stringify({ alg: key.alg, kid: key.jwk.kid });
  assertToken(await get(signParts(header, MARK + JSON.stringify(marked.claims()), key)));
});

test("a byte order mark before a token response, and before an error response", async () => {
  const token = { token_type: "Bearer", expires_in: 3599, access_token: "eyJ.eyJ.marked" };
  world.authority.next({ reply: { body: MARK + JSON.stringify(token) } });
  assert.equal(assertToken(await world.getToken({ scope: world.newScope() })), token.access_token);
  const error = { error: "invalid_scope", error_description: "AADSTS70011: no such scope", error_codes: [70011] };
  world.authority.next({ reply: { status: 400, body: MARK + JSON.stringify(error) } });
  const refused = await world.getToken({ scope: world.newScope() });
  assertTokenError(refused, 403, "insufficient_scope");
  assert.deepEqual(refused.body.error_codes, [70011]);
});

test("a key set, metadata and a JWT with null for what they do not say", async () => {
  const { nulls } = issuers;
  const [key] = nulls.keys;
  const nothing = (...names) => Object.fromEntries(names.map((name) => [name, null]));
  key.jwk = {
    ...nothing("d", "p", "q", "dp", "dq", "qi", "oth", "k", "key_ops", "x5c", "x5t", "x5u", "crv"),
    ...key.jwk,
  };
  nulls.metadata = nothing("userinfo_endpoint", "token_endpoint", "scopes_supported");
  const header = { ...nothing("typ", "cty", "crit", "jku", "x5c"), alg: key.alg, kid: key.jwk.kid };
  const claims = { ...nulls.claims(), ...nothing("nbf", "jti", "azp", "sub", "scp") };
  assertToken(await get(signParts(header, claims, key)));
  assertToken(await get(signParts({ ...header, kid: "", typ: "" }, { ...claims, sub: "", nbf: "" }, key)));
});

test("a key whose private half is there, beside a null for it, stays unused", async () => {
  const { forgetful } = issuers;
  const [key] = forgetful.keys;
  const twice = JSON.stringify({ keys: [key.jwk] }).replace('"kid"', '"d":null,"d":"AAAA","kid"');
  forgetful.faults["/jwks"] = { body: twice };
  assertTokenError(await get(forgetful.sign()), 401, "invalid_token");
});
