// The stand-in verifies certificates and federated credentials as Entra does, and refuses them by Entra's numbers. The
// assertions are made by a library.

import assert from "node:assert/strict";
import { X509Certificate, createHash, createPrivateKey, generateKeyPairSync, randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { SignJWT } from "jose";

import { startAuthority } from "../../stand-in/authority.mjs";
import { selfSigned } from "../../stand-in/certificate.mjs";

const TENANT = "contoso.onmicrosoft.com";
const SUBJECT = "edge-token-broker";
const AUDIENCE = "api://AzureADTokenExchange";
const ISSUER = "https://broker.example";
const now = () => Math.floor(Date.now() / 1000);
const rsa = () => generateKeyPairSync("rsa", { modulusLength: 2048 });
const thumbprintOf = (pem) => createHash("sha256").update(new X509Certificate(pem).raw).digest("base64url");

const { privateKey: KEY } = rsa();
const { privateKey: OLD_KEY } = rsa();
const CERTIFICATE = selfSigned(KEY);
const EXPIRED = selfSigned(OLD_KEY, { notBefore: new Date(0), notAfter: new Date(Date.now() - 1000) });
const ISSUER_KEY = rsa();

let authority;
let endpoint;
let issuer; // the server with its documents
let documents; // path → document
let paths = [];

before(async () => {
  const federated = [{ issuer: ISSUER, subject: SUBJECT, audience: AUDIENCE }];
  const apps = [
    { tenant: TENANT, clientId: "certified", certificates: [CERTIFICATE, EXPIRED] },
    { tenant: TENANT, clientId: "federated", federated },
    { tenant: TENANT, clientId: "new", federated, replicating: 2 },
    { tenant: TENANT, clientId: "secret", secrets: ["secret"] },
  ];
  authority = await startAuthority({ apps });
  endpoint = `${authority.url}/${TENANT}/oauth2/v2.0/token`;
  issuer = createServer((request, response) => {
    paths.push(request.url);
    const document = documents[request.url];
    response.writeHead(document ? 200 : 404).end(JSON.stringify(document));
  }).listen(0, "127.0.0.1");
  await once(issuer, "listening");
  authority.resolve(ISSUER, `http://127.0.0.1:${issuer.address().port}`);
  publish();
});
after(async () => {
  await authority?.close();
  issuer?.close();
});

/** The issuer's documents, with `others` keys before its own. */
function publish({ others = 0, named = ISSUER } = {}) {
  const jwk = ISSUER_KEY.publicKey.export({ format: "jwk" });
  const more = Array.from({ length: others }, (_, n) => ({ ...jwk, kid: `other-${n}` }));
  documents = {
    "/.well-known/openid-configuration": { issuer: named, jwks_uri: `${ISSUER}/.well-known/jwks.json` },
    "/.well-known/jwks.json": { keys: [...more, { ...jwk, kid: "key-1", use: "sig", alg: "RS256" }] },
  };
}

/** A token request with an assertion, changed by `header` and `claims`; `undefined` removes a member. */
async function ask(clientId, key, header, claims) {
  const assertion = await new SignJWT(claims).setProtectedHeader(header).sign(key);
  const form = {
    grant_type: "client_credentials",
    client_id: clientId,
    scope: "https://graph.microsoft.com/.default",
    client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    client_assertion: assertion,
  };
  const response = await fetch(endpoint, { method: "POST", body: new URLSearchParams(form) });
  return { status: response.status, body: await response.json() };
}

const certified = ({ key = KEY, clientId = "certified", header = {}, claims = {} } = {}) =>
  ask(
    clientId,
    key,
    { alg: "PS256", typ: "JWT", "x5t#S256": thumbprintOf(CERTIFICATE), ...header },
    {
      aud: endpoint,
      iss: clientId,
      sub: clientId,
      jti: randomUUID(),
      nbf: now(),
      iat: now(),
      exp: now() + 300,
      ...claims,
    },
  );

const federated = ({ key = ISSUER_KEY.privateKey, clientId = "federated", header = {}, claims = {} } = {}) =>
  ask(
    clientId,
    key,
    { alg: "RS256", typ: "JWT", kid: "key-1", ...header },
    {
      iss: ISSUER,
      sub: SUBJECT,
      aud: AUDIENCE,
      iat: now(),
      nbf: now(),
      exp: now() + 300,
      jti: randomUUID(),
      ...claims,
    },
  );

function assertRefused({ status, body }, code, words = /./) {
  assert.deepEqual(body.error_codes, [code], JSON.stringify(body));
  assert.equal(body.error, status === 400 ? "invalid_request" : "invalid_client");
  assert.match(body.error_description, new RegExp(`^AADSTS${code}: `));
  assert.match(body.error_description, words);
}

test("the certificate that it makes is one: Node.js verifies it, and reads what was asked for", () => {
  const certificate = new X509Certificate(EXPIRED);
  assert.ok(certificate.verify(certificate.publicKey));
  assert.ok(certificate.checkPrivateKey(createPrivateKey(OLD_KEY.export({ type: "pkcs1", format: "pem" }))));
  assert.deepEqual([certificate.subject, certificate.issuer], ["CN=stand-in", "CN=stand-in"]);
  assert.equal(Date.parse(certificate.validFrom), 0);
  assert.ok(Date.parse(certificate.validTo) < Date.now());

  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const long = new X509Certificate(selfSigned(privateKey, { notAfter: new Date("2060-01-01T00:00:00Z") }));
  assert.ok(long.verify(long.publicKey));
  assert.equal(new Date(long.validTo).toISOString(), "2060-01-01T00:00:00.000Z");
});

test("an assertion that a certificate's key signed gets a token", async () => {
  const { status, body } = await certified();
  assert.equal(status, 200);
  assert.equal(authority.issued.at(-1), body.access_token);
});

for (const [what, changed, code, words] of [
  ["RS256", { header: { alg: "RS256" } }, 700027, /Unsupported asymmetric signing algorithm/],
  ["the SHA-1 thumbprint", { header: { "x5t#S256": undefined, x5t: "AAAA" } }, 50027, /No certificate thumbprint/],
  ["no thumbprint", { header: { "x5t#S256": undefined } }, 50027, /No certificate thumbprint/],
  ["an unknown certificate", { header: { "x5t#S256": "AAAA" } }, 700027, /not registered .* client: '000000'/],
  [
    "an expired certificate",
    { header: { "x5t#S256": thumbprintOf(EXPIRED) }, key: OLD_KEY },
    700027,
    /key used is exp/,
  ],
  ["another key's signature", { key: OLD_KEY }, 700027, /failed signature validation/],
  ["another audience", { claims: { aud: "https://login.microsoftonline.com/" } }, 700023],
  ["a list of audiences", { claims: { aud: ["http://else.example"] } }, 700023],
  ["another subject", { claims: { sub: "federated" } }, 700021],
  ["another issuer", { claims: { iss: "federated" } }, 700021],
  ["an `exp` that has passed", { claims: { exp: now() - 1 } }, 700024, /expiry time of assertion 20/],
  ["an `exp` that is too far ahead", { claims: { exp: now() + 700 } }, 700024],
  ["an `nbf` that is ahead", { claims: { nbf: now() + 60 } }, 700024],
  ["no `nbf`", { claims: { nbf: undefined } }, 700024],
  ["no `jti`", { claims: { jti: undefined } }, 50027],
]) {
  test(`a certificate's assertion with ${what} is refused with AADSTS${code}`, async () => {
    assertRefused(await certified(changed), code, words);
  });
}

test("an assertion is good once", async () => {
  const claims = { jti: randomUUID() };
  assert.equal((await certified({ claims })).status, 200);
  assertRefused(await certified({ claims }), 50013);
});

test("a federated assertion gets a token, and each time the issuer's documents are fetched", async () => {
  paths = [];
  assert.equal((await federated()).status, 200);
  assert.deepEqual(paths, ["/.well-known/openid-configuration", "/.well-known/jwks.json"]);
});

for (const [what, changed, code, words] of [
  ["another issuer", { claims: { iss: `${ISSUER}/` } }, 700211, /issuer 'https:\/\/broker.example\/'/],
  ["another audience", { claims: { aud: "api://Other" } }, 700212, /audience 'api:\/\/Other'/],
  ["a list of audiences", { claims: { aud: [AUDIENCE, "other"] } }, 700212],
  ["another subject", { claims: { sub: "other" } }, 700213, /subject 'other'/],
  ["the subject in another case", { claims: { sub: "Edge-Token-Broker" } }, 7002138, /not with case-sensitive/],
  ["PS256", { header: { alg: "PS256" } }, 700027],
  ["an unknown key id", { header: { kid: "key-2" } }, 7000272, /identifier key-2/],
  ["no key id", { header: { kid: undefined } }, 7000272],
  ["another key's signature", { key: KEY }, 700027],
  ["an `exp` that has passed", { claims: { exp: now() - 1 } }, 700024],
  ["an app without federated credentials", { clientId: "secret" }, 70021, /Assertion Subject: 'edge-token-broker'/],
]) {
  test(`a federated assertion with ${what} is refused with AADSTS${code}`, async () => {
    assertRefused(await federated(changed), code, words);
  });
}

test("the issuer's documents decide: there, named alike, and with the key among the first hundred", async () => {
  publish({ others: 99 });
  assert.equal((await federated()).status, 200);
  publish({ others: 100 });
  assertRefused(await federated(), 7000272);
  publish({ named: `${ISSUER}/` });
  assertRefused(await federated(), 501661);
  publish();
  delete documents["/.well-known/jwks.json"];
  assertRefused(await federated(), 50166, /Request to External OIDC endpoint failed/);
  documents = {};
  assertRefused(await federated(), 501661);
  publish();
});

test("a new federated credential is unknown for a while", async () => {
  const statuses = [];
  for (let n = 0; n < 3; n += 1) statuses.push((await federated({ clientId: "new" })).status);
  assert.deepEqual(statuses, [400, 400, 200]);
});

test("a text that is no JWT is refused with AADSTS50027, another assertion type with AADSTS900144", async () => {
  const form = { grant_type: "client_credentials", client_id: "certified", client_assertion: "x.y.z" };
  const type = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
  for (const [client_assertion_type, code] of [
    [type, 50027],
    ["urn:other", 900144],
  ]) {
    const body = new URLSearchParams({ ...form, client_assertion_type });
    const response = await fetch(endpoint, { method: "POST", body });
    assert.deepEqual((await response.json()).error_codes, [code]);
  }
});
