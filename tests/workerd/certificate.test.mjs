// Entra by certificate instead of a secret. The stand-in verifies the assertions with a library: PS256, `x5t#S256`, a new
// `jti` each time. Nothing of a private key gets out, not a line of its PEM.

import assert from "node:assert/strict";
import { X509Certificate, createHash, generateKeyPairSync } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { decodeJwt, decodeProtectedHeader } from "jose";

import { selfSigned } from "../../stand-in/certificate.mjs";
import { assertHit, assertMiss, assertToken, assertTokenError, assertUnavailable } from "./harness/expect.mjs";
import { DEFAULT_APP, newClient, GRAPH } from "./harness/fixtures.mjs";
import { openWorld, withWorld } from "./harness/world.mjs";

const DAY_MS = 86_400_000;
const inDays = (days) => new Date(Date.now() + days * DAY_MS);
const rsa = () => generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;
const pem = (key, options = {}) => key.export({ type: "pkcs8", format: "pem", ...options });
const thumbprintOf = (certificate) =>
  createHash("sha256").update(new X509Certificate(certificate).raw).digest("base64url");

const KEY = rsa();
const OTHER_KEY = rsa();
const EC_KEY = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
const CERTIFICATE = selfSigned(KEY);
const OTHER_CERTIFICATE = selfSigned(OTHER_KEY);
const EXPIRED = { notBefore: inDays(-20), notAfter: inDays(-1) };
const SOON = { notBefore: inDays(-20), notAfter: inDays(10) };
const LATER = { notBefore: inDays(-20), notAfter: inDays(40) };
const PASSWORD = "password-of-the-private-key";
const ENCRYPTED = pem(KEY, { cipher: "aes-256-cbc", passphrase: PASSWORD });
const FORMS = {
  "PKCS#8, the certificate first": CERTIFICATE + pem(KEY),
  "PKCS#1, the key first": KEY.export({ type: "pkcs1", format: "pem" }) + CERTIFICATE,
  "text around the blocks, CRLF":
    `Bag Attributes\n  friendlyName: x\n${pem(KEY)}subject=/CN=x\n${CERTIFICATE}end\n`.replaceAll("\n", "\r\n"),
};
const LINES = [KEY, OTHER_KEY]
  .flatMap((key) => [pem(key), key.export({ type: "pkcs1", format: "pem" })])
  .concat(pem(EC_KEY), ENCRYPTED)
  .flatMap((text) => text.split("\n"))
  .filter((line) => !line.startsWith("-----"));

const bindings = (certificate, more) => ({
  AZ_CLIENT_SECRET: undefined,
  AZ_CLIENT_CERTIFICATE: certificate,
  ...more,
});

/** Makes the stand-in know `certificates` of the application, which has no secret any more. */
function trust(world, ...certificates) {
  for (const line of LINES) world.sweep.secret("line of a private key", line);
  world.sweep.secret("password", PASSWORD);
  const apps = world.authority.apps.filter(({ clientId }) => clientId !== DEFAULT_APP.clientId);
  const { tenant, clientId } = DEFAULT_APP;
  world.authority.apps.splice(0, Infinity, ...apps, { tenant, clientId, certificates });
}

const withCertificate = (own, more, known, body) =>
  withWorld({ bindings: bindings(own, more) }, (world) => {
    trust(world, ...known);
    return body(world);
  });

const sent = (world, reply) => world.upstreamRequests(reply).map(({ params }) => params);
const thumbprints = (requests) =>
  requests.map(({ client_assertion }) => decodeProtectedHeader(client_assertion)["x5t#S256"]);

describe("a certificate", () => {
  let world;
  before(async () => {
    world = await openWorld({ bindings: bindings(FORMS["PKCS#8, the certificate first"]) });
    trust(world, CERTIFICATE);
  });
  after(() => {
    for (const { params } of world?.authority.requests ?? []) world.sweep.token(params.client_assertion);
    return world?.close();
  });

  test("a miss is one request with one assertion, a hit is none", async () => {
    const scope = world.newScope();
    const reply = await world.getToken({ scope });
    assertMiss(reply);
    const token = assertToken(reply);
    const [{ client_assertion: jwt, client_secret: secret, client_assertion_type: type }, ...more] = sent(world, reply);
    assert.deepEqual([more, secret, type.split(":").at(-1)], [[], undefined, "jwt-bearer"]);

    const { alg, typ, ...header } = decodeProtectedHeader(jwt);
    assert.deepEqual([alg, typ, header], ["PS256", "JWT", { "x5t#S256": thumbprintOf(CERTIFICATE) }]);
    const { iss, sub, aud, jti, nbf, exp } = decodeJwt(jwt);
    assert.deepEqual([iss, sub], [DEFAULT_APP.clientId, DEFAULT_APP.clientId]);
    assert.equal(aud, `${world.authority.url}/${DEFAULT_APP.tenant}/oauth2/v2.0/token`);
    assert.ok(exp - Date.now() / 1000 <= 300 && nbf <= Date.now() / 1000 && jti.length >= 16, `${nbf} ${exp} ${jti}`);

    for (const again of [await world.getToken({ scope }), await world.postToken({ scope })]) {
      assertHit(again, "isolate");
      assert.equal(again.body.access_token, token);
    }
    assert.equal(world.upstreamFor(scope).length, 1);
    const { outcome, upstream_requests, certificate_not_after } = await world.logOf(reply);
    assert.deepEqual([outcome, upstream_requests, certificate_not_after], ["miss", 1, undefined]);
  });

  test("each request has an assertion of its own, also a retry", async () => {
    world.authority.next({ fail: { status: 503 } });
    const first = await world.getToken({ scope: world.newScope() });
    assertToken(first);
    const second = await world.getToken({ scope: world.newScope() });
    const assertions = [...sent(world, first), ...sent(world, second)].map((params) => params.client_assertion);
    assert.equal(assertions.length, 3);
    assert.equal(new Set(assertions.map((jwt) => decodeJwt(jwt).jti)).size, 3);
  });

  test("the token is in KV for other isolates, also with the same key in another form", async () => {
    const scope = world.newScope();
    const { body } = await world.getToken({ scope });
    for (const form of Object.values(FORMS)) {
      await world.restart(bindings(form));
      assert.equal((await world.fetch("/readyz")).status, 200);
      const reply = await world.getToken({ scope });
      assertHit(reply, "kv");
      assert.equal(reply.body.access_token, body.access_token);
      assertToken(await world.getToken({ scope: world.newScope() }));
    }
    assert.equal(world.upstreamFor(scope).length, 1);
  });

  test("Entra's refusal without another proof is 502 and says what to do", async () => {
    trust(world, OTHER_CERTIFICATE);
    const reply = await world.getToken({ scope: world.newScope() });
    assertTokenError(reply, 502, "server_error");
    assert.deepEqual(reply.body.error_codes, [700027]);
    assert.match(reply.body.error_description, /upload the certificate, without its private key/);
    const { outcome, aadsts, upstream_requests } = await world.logOf(reply);
    assert.deepEqual([outcome, aadsts, upstream_requests], ["credential_refused", 700027, 1]);
    trust(world, CERTIFICATE);
  });
});

test("a certificate that Entra does not know makes way for the secondary one", () =>
  withCertificate(
    CERTIFICATE + pem(KEY),
    { AZ_CLIENT_CERTIFICATE_SECONDARY: OTHER_CERTIFICATE + pem(OTHER_KEY) },
    [OTHER_CERTIFICATE],
    async (world) => {
      const reply = await world.getToken({ scope: world.newScope() });
      assertToken(reply);
      assert.deepEqual(thumbprints(sent(world, reply)), [CERTIFICATE, OTHER_CERTIFICATE].map(thumbprintOf));
      const { outcome, aadsts, upstream_requests } = await world.logOf(reply);
      assert.deepEqual([outcome, aadsts, upstream_requests], ["miss", 700027, 2]);
    },
  ));

test("a certificate stands before a secret, which is used where Entra refuses the certificate", () =>
  withWorld({ bindings: { AZ_CLIENT_CERTIFICATE: CERTIFICATE + pem(KEY) } }, async (world) => {
    const scope = world.newScope();
    const { authority } = world;
    authority.apps.unshift({ ...DEFAULT_APP, certificates: [CERTIFICATE] });
    const certified = await world.getToken({ scope });
    assertToken(certified);
    authority.apps.shift();
    const reply = await world.getToken({ scope: world.newScope() });
    assertToken(reply);
    const proofs = (of) => sent(world, of).map((params) => (params.client_secret ? "secret" : "certificate"));
    assert.deepEqual([proofs(certified), proofs(reply)], [["certificate"], ["certificate", "secret"]]);
  }));

test("an entry of CREDENTIALS names certificates, the one that Entra knows second", () => {
  const client = newClient("robot");
  const { tenant, clientId } = DEFAULT_APP;
  const own = (url) => ({
    CREDENTIALS: { x: { tenant, client_id: clientId, authority_host: url, certificate: ["NEW_PAIR", "OLD_PAIR"] } },
    NEW_PAIR: CERTIFICATE + pem(KEY),
    OLD_PAIR: OTHER_CERTIFICATE + pem(OTHER_KEY),
    CLIENTS: { robot: { key_sha256: [client.digest], allow: [{ credential: "x", scope: GRAPH }] } },
  });
  return withWorld({ bindings: own }, async (world) => {
    trust(world, OTHER_CERTIFICATE);
    const reply = await world.postToken({ client, path: "/x/oauth2/v2.0/token", scope: GRAPH });
    assertToken(reply);
    assert.deepEqual(thumbprints(sent(world, reply)), [CERTIFICATE, OTHER_CERTIFICATE].map(thumbprintOf));
  });
});

for (const [what, dates, logged] of [
  ["ten days", SOON, SOON.notAfter.toUTCString()],
  ["forty days", LATER, undefined],
]) {
  test(`with ${what} left the log ${logged ? "has" : "has no"} certificate_not_after`, () => {
    const certificate = selfSigned(KEY, dates);
    return withCertificate(certificate + pem(KEY), {}, [certificate], async (world) => {
      const reply = await world.getToken({ scope: world.newScope() });
      assertToken(reply);
      assert.equal((await world.logOf(reply)).certificate_not_after, logged);
    });
  });
}

test("an expired certificate beside a valid one is passed over", () => {
  const expired = selfSigned(KEY, EXPIRED);
  const more = { AZ_CLIENT_CERTIFICATE_SECONDARY: OTHER_CERTIFICATE + pem(OTHER_KEY) };
  return withCertificate(expired + pem(KEY), more, [expired, OTHER_CERTIFICATE], async (world) => {
    assert.equal((await world.fetch("/readyz")).status, 200);
    const reply = await world.getToken({ scope: world.newScope() });
    assertToken(reply);
    assert.deepEqual(thumbprints(sent(world, reply)), [thumbprintOf(OTHER_CERTIFICATE)]);
  });
});

describe("a fault", { concurrency: 2 }, () => {
  for (const [what, own, words] of [
    ["an expired certificate", selfSigned(KEY, EXPIRED) + pem(KEY), /^AZ_CLIENT_CERTIFICATE: has expired: make a new/],
    ["an encrypted key", CERTIFICATE + ENCRYPTED, /^AZ_CLIENT_CERTIFICATE: has an encrypted private key: openssl pkey/],
    ["an EC key", selfSigned(EC_KEY) + pem(EC_KEY), /^AZ_CLIENT_CERTIFICATE: must have an RSA key and its certificate/],
    ["another key", CERTIFICATE + pem(OTHER_KEY), /^AZ_CLIENT_CERTIFICATE: has a certificate of another private key/],
    ["no key", CERTIFICATE, /^AZ_CLIENT_CERTIFICATE: has no private key/],
    ["no certificate", pem(KEY), /^AZ_CLIENT_CERTIFICATE: has no certificate/],
    ["half a key", CERTIFICATE + pem(KEY).slice(0, 900), /^AZ_CLIENT_CERTIFICATE: is cut off before its -----END line/],
  ]) {
    test(`${what} turns /readyz and token requests into 503, and the log has the field and what to do`, () =>
      withCertificate(own, {}, [CERTIFICATE], async (world) => {
        assert.equal((await world.fetch("/healthz")).status, 200);
        const ready = await world.fetch("/readyz");
        assert.equal(ready.status, 503);
        const reply = await world.getToken({ scope: world.newScope() });
        assertUnavailable(reply);
        for (const { faults } of [await world.logOf(ready), await world.logOf(reply)]) {
          assert.equal(faults.length, 1, `${faults}`);
          assert.match(faults[0], words);
        }
        assert.deepEqual(world.authority.requests, []);
      }));
  }
});
