// JWTs that prove nothing, each by the name of its attack (RFC 8725): 401 in fixed words, and nothing is asked upstream.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { assertToken, assertTokenError } from "./harness/expect.mjs";
import { GRAPH } from "./harness/fixtures.mjs";
import { AUDIENCE, Issuer, signJwt, signParts } from "./harness/issuer.mjs";
import { ALGORITHMS, base64url, newKey, secretKey } from "./harness/jose.mjs";
import { openWorld } from "./harness/world.mjs";

const [RSA, PSS, EC, ED] = ALGORITHMS.map((alg) => newKey(alg));
const ATTACKER = newKey("RS256");
const allow = [{ credential: "default", scope: GRAPH }];

let world;
let issuer;
let attacker; // serves keys that nobody trusts

before(async () => {
  [issuer, attacker] = await Promise.all([Issuer.start(RSA, PSS, EC, ED), Issuer.start(ATTACKER)]);
  const CLIENTS = {
    robot: { jwt: [{ issuer: issuer.url, audience: AUDIENCE, subject: "robot" }], allow },
  };
  world = await openWorld({ bindings: { CLIENTS } });
  // The keys are here: what follows is not refused for want of them.
  assertToken(await get(issuer.sign()));
});
after(async () => {
  await world?.close();
  await Promise.all([issuer?.close(), attacker?.close()]);
});

const get = (jwt) => world.fetch(`/token?scope=${GRAPH}`, { headers: { Authorization: `Bearer ${jwt}` } });
/** Refused as bearer: nobody else is asked, and the words are not the JWT's. */
async function refused(jwt) {
  const reply = await get(jwt);
  assertTokenError(reply, 401, "invalid_token");
  assert.match(reply.headers.get("www-authenticate"), /^Bearer .*error="invalid_token"/);
  assert.match(reply.body.error_description, /^[\w ,.;:()/'-]{10,160}$/);
  assert.deepEqual(world.upstreamRequests(reply), []);
  assert.equal((await world.logOf(reply)).client_id, undefined);
  return reply;
}

/** A test for each of the named JWTs, which are made when it runs. */
function attacks(what, jwts) {
  for (const [name, make] of Object.entries(jwts)) test(`${what}: ${name}`, async () => void (await refused(make())));
}

/** A JWT that is good but for its header. */
const headed = (header, key = RSA) => issuer.sign({}, { key, header });
const seconds = (n) => Math.floor(Date.now() / 1000) + n;

const unsigned = (alg) => `${base64url({ alg, typ: "JWT" })}.${base64url(issuer.claims())}.`;
attacks("alg none", {
  "with an empty signature": () => unsigned("none"),
  "in capitals": () => unsigned("NONE"),
  "in mixed case": () => unsigned("nOnE"),
  "with a signature": () => headed({ alg: "none" }),
  "alg is missing": () => headed({ alg: undefined }),
  "alg is empty": () => headed({ alg: "" }),
  "alg is null": () => headed({ alg: null }),
  "alg is a list": () => headed({ alg: ["RS256"] }),
  "alg in small letters": () => headed({ alg: "rs256" }),
  "alg with a space": () => headed({ alg: "RS256 " }),
});

/** Signed with the issuer's public RSA key as if it were a secret. */
const hmacWith = (secret, alg = "HS256") =>
  signJwt(issuer.claims(), { key: secretKey(secret, RSA.jwk.kid), header: { alg } });
const published = (type, format) => RSA.publicKey.export({ type, format });
attacks("public key as HMAC secret", {
  PEM: () => hmacWith(published("spki", "pem")),
  "PEM without the last line break": () => hmacWith(published("spki", "pem").trim()),
  "PEM of PKCS#1": () => hmacWith(published("pkcs1", "pem")),
  DER: () => hmacWith(published("spki", "der")),
  "n of the JWK": () => hmacWith(RSA.jwk.n),
  "the bytes of n": () => hmacWith(Buffer.from(RSA.jwk.n, "base64url")),
  "the JWK": () => hmacWith(JSON.stringify(RSA.jwk)),
  "said to be RS256": () => hmacWith(published("spki", "pem"), "RS256"),
  "an empty secret": () => hmacWith(""),
});

attacks(
  "kid injection",
  Object.fromEntries(
    [
      "../../../../dev/null",
      "/dev/null",
      "' OR '1'='1",
      "x' UNION SELECT 'secret';--",
      "key\0",
      "\r\nX-Injected: 1",
      "$(id)",
      "__proto__",
      " ",
      "http://127.0.0.1:1/key",
      `${RSA.jwk.kid} `,
      "é",
      "x".repeat(5000),
      7,
      true,
      [RSA.jwk.kid],
      { kid: RSA.jwk.kid },
    ].map((kid) => [JSON.stringify(kid).slice(0, 40), () => headed({ kid })]),
  ),
);
attacks("kid injection with an empty HMAC secret", {
  "/dev/null": () => signJwt(issuer.claims(), { key: secretKey("", "../../../../dev/null") }),
});

attacks("a key of the attacker's", {
  jku: () => headed({ jku: attacker.jwksUri, kid: ATTACKER.jwk.kid }, ATTACKER),
  "jku, with a kid of the issuer": () => headed({ jku: attacker.jwksUri, kid: RSA.jwk.kid }, ATTACKER),
  x5u: () => headed({ x5u: `${attacker.url}/cert`, kid: RSA.jwk.kid }, ATTACKER),
  jwk: () => headed({ jwk: ATTACKER.jwk, kid: undefined }, ATTACKER),
  x5c: () =>
    headed(
      { x5c: [ATTACKER.publicKey.export({ type: "spki", format: "der" }).toString("base64")], kid: RSA.jwk.kid },
      ATTACKER,
    ),
  "iss of the attacker": () => attacker.sign(),
  "iss of the attacker, key of the issuer": () => headed({}).replace(/\..*\./, `.${base64url(attacker.claims())}.`),
});
test("a key of the attacker's: nobody asked the attacker", () => {
  assert.deepEqual(attacker.requests, []);
});

attacks("wrong aud", {
  another: () => issuer.sign({ aud: "https://else.example" }),
  "a longer one": () => issuer.sign({ aud: `${AUDIENCE}.evil.example` }),
  "with a slash": () => issuer.sign({ aud: `${AUDIENCE}/` }),
  "in capitals": () => issuer.sign({ aud: AUDIENCE.toUpperCase() }),
  missing: () => issuer.sign({ aud: undefined }),
  "an empty list": () => issuer.sign({ aud: [] }),
  "an object": () => issuer.sign({ aud: { [AUDIENCE]: true } }),
  "a list in a list": () => issuer.sign({ aud: [[AUDIENCE]] }),
});

attacks("wrong iss", {
  "with a slash": () => issuer.sign({ iss: `${issuer.url}/` }),
  "a longer one": () => issuer.sign({ iss: `${issuer.url}.evil.example` }),
  "a shorter one": () => issuer.sign({ iss: issuer.url.slice(0, -1) }),
  "in capitals": () => issuer.sign({ iss: issuer.url.toUpperCase() }),
  "with a space": () => issuer.sign({ iss: ` ${issuer.url}` }),
  missing: () => issuer.sign({ iss: undefined }),
  "a list": () => issuer.sign({ iss: [issuer.url] }),
  "a client's own": () => issuer.sign({ iss: "cron" }),
});

attacks("expired", {
  "61 seconds ago": () => issuer.sign({ exp: seconds(-61) }),
  "exp is 0": () => issuer.sign({ exp: 0 }),
  "exp is missing": () => issuer.sign({ exp: undefined }),
  "exp is text": () => issuer.sign({ exp: String(seconds(300)) }),
  "exp is negative": () => issuer.sign({ exp: -seconds(300) }),
  "exp is null": () => issuer.sign({ exp: null }),
  "exp is beyond any number": () =>
    signParts(
      { alg: "RS256", kid: RSA.jwk.kid },
      JSON.stringify(issuer.claims()).replace(/"exp":\d+/, '"exp":1e400'),
      RSA,
    ),
});
attacks("not yet valid", {
  // A little more than the skew: the clock may move on while the request is on its way.
  "nbf in 65 seconds": () => issuer.sign({ nbf: seconds(65) }),
  "iat in 65 seconds": () => issuer.sign({ iat: seconds(65) }),
  "nbf is text": () => issuer.sign({ nbf: "0" }),
});
test("clocks may differ by up to a minute", async () => {
  for (const claims of [
    { exp: seconds(-30) },
    { nbf: seconds(30) },
    { iat: seconds(30) },
    { exp: seconds(60) + 0.5 },
  ]) {
    assertToken(await get(issuer.sign(claims)));
  }
});

/** A JWT whose header and claims are this text. */
const raw = (header, claims) => signParts(header, claims, RSA);
const HEADER = () => JSON.stringify({ alg: "RS256", kid: RSA.jwk.kid });
const more = (json, members) => `${json.slice(0, -1)},${members}}`;
const CLAIMS = () => JSON.stringify(issuer.claims());
attacks("duplicate JSON keys", {
  alg: () => raw(more(HEADER(), '"alg":"RS256"'), CLAIMS()),
  "alg, first none": () => raw(`{"alg":"none",${HEADER().slice(1)}`, CLAIMS()),
  kid: () => raw(more(HEADER(), `"kid":"other"`), CLAIMS()),
  "alg, escaped": () => raw(more(HEADER(), '"\\u0061lg":"none"'), CLAIMS()),
  sub: () => raw(HEADER(), more(CLAIMS(), '"sub":"robot"')),
  "sub, first another": () => raw(HEADER(), `{"sub":"admin",${CLAIMS().slice(1)}`),
  aud: () => raw(HEADER(), more(CLAIMS(), '"aud":"https://else.example"')),
  exp: () => raw(HEADER(), more(CLAIMS(), '"exp":9999999999')),
  "sub, escaped": () => raw(HEADER(), more(CLAIMS(), '"s\\u0075b":"admin"')),
});

attacks("no JSON object", {
  "claims are a list": () => raw(HEADER(), "[]"),
  "claims are text": () => raw(HEADER(), '"x"'),
  "claims with something after": () => raw(HEADER(), `${CLAIMS()}{}`),
  "header is a list": () => raw('["RS256"]', CLAIMS()),
  "header is no JSON": () => raw("RS256", CLAIMS()),
  "claims are not UTF-8": () =>
    raw(HEADER(), Buffer.from([...Buffer.from('{"sub":"'), 0xff, 0xfe, ...Buffer.from('"}')])),
  "two byte order marks": () => raw(HEADER(), `\ufeff\ufeff${CLAIMS()}`),
});

const DEEP = "[".repeat(5000) + "]".repeat(5000);
attacks("deep nesting", {
  "of claims": () => raw(HEADER(), more(CLAIMS(), `"deep":${DEEP}`)),
  "of the header": () => raw(more(HEADER(), `"deep":${DEEP}`), CLAIMS()),
  "never closed": () => raw(HEADER(), "[".repeat(10_000)),
  "of objects": () => raw(HEADER(), '{"a":'.repeat(2000)),
});

const huge = (bytes) => issuer.sign({ padding: "x".repeat(bytes) });
attacks("too long", {
  "17 KB": () => huge(17_000),
  "20 KB of header": () => headed({ padding: "x".repeat(15_000) }),
  "200,000 digits": () => "1".repeat(9_000) + ".2." + "3".repeat(9_000),
});
test("1 MB token: as bearer, the connection or the request is refused", async () => {
  const reply = await get(huge(1_000_000)).catch((error) => error);
  if (!(reply instanceof Error)) assert.ok(reply.status >= 400 && reply.status < 500, `${reply.status}`);
  assertToken(await get(issuer.sign()));
});
attacks("critical headers", {
  unknown: () => headed({ crit: ["exp"], exp: seconds(300) }),
  b64: () => headed({ crit: ["b64"], b64: false }),
  "an empty list": () => headed({ crit: [] }),
  "no list": () => headed({ crit: "exp" }),
  "null in a list": () => headed({ crit: [null] }),
});

attacks(
  "typ of another profile",
  Object.fromEntries(
    [
      "logout+jwt",
      "dpop+jwt",
      "secevent+jwt",
      "client-authentication+jwt",
      "oauth-authz-req+jwt",
      "application/logout+jwt",
      "JWE",
      " ",
      7,
    ].map((typ) => [JSON.stringify(typ), () => headed({ typ })]),
  ),
);

attacks("subject", {
  empty: () => issuer.sign({ sub: "" }),
  missing: () => issuer.sign({ sub: undefined }),
  "a list": () => issuer.sign({ sub: ["robot"] }),
  "the issuer": () => issuer.sign({ sub: issuer.url }),
  "of 2 kB": () => issuer.sign({ sub: "x".repeat(2000) }),
  "with a NUL": () => issuer.sign({ sub: "robot\0" }),
});
