// Clients that prove their identity with a JWT at the token endpoint (RFC 7523), their own or of an issuer that they trust,
// and attacks on it.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import * as oauth from "oauth4webapi";

import { assertHit, assertToken, assertTokenError, assertUnavailable } from "./harness/expect.mjs";
import { GRAPH, REPORTS, SCOPES } from "./harness/fixtures.mjs";
import { AUDIENCE, Issuer, signJwt } from "./harness/issuer.mjs";
import { base64url, newKey, secretKey, withSignature } from "./harness/jose.mjs";
import { openWorld } from "./harness/world.mjs";

const JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const OWN_KEY = newKey("ES256");
const RSA = newKey("RS256");
const ATTACKER = newKey("ES256");
const POD = "system:serviceaccount:shop:worker";
const allow = [GRAPH, SCOPES[0]].map((scope) => ({ credential: "default", scope }));

let world;
let own; // serves the public keys of the client "cron", which issues its own JWTs
let issuer; // of the client "robot"

before(async () => {
  [own, issuer] = await Promise.all([Issuer.start(OWN_KEY, RSA), Issuer.start(newKey("RS256"))]);
  const CLIENTS = {
    cron: { jwt: [{ issuer: "cron", audience: AUDIENCE, jwks_uri: own.jwksUri }], allow },
    robot: { jwt: [{ issuer: issuer.url, audience: AUDIENCE, subject: "robot" }], allow },
    pod: { jwt: [{ issuer: issuer.url, audience: AUDIENCE, subject: POD }], allow },
    [REPORTS.id]: { key_sha256: [REPORTS.digest], allow },
  };
  world = await openWorld({ bindings: { CLIENTS } });
  // The keys are here: what follows is not refused for want of them.
  assertToken(await post());
  const headers = { Authorization: `Bearer ${issuer.sign()}` };
  assertToken(await world.fetch(`/token?scope=${GRAPH}`, { headers }));
});
after(async () => {
  await world?.close();
  await Promise.all([own?.close(), issuer?.close()]);
});

const ownClaims = (more = {}) => own.claims({ iss: "cron", sub: "cron", jti: crypto.randomUUID(), ...more });
const assertion = (claims = {}, options = {}) => signJwt(ownClaims(claims), { key: OWN_KEY, ...options });
const post = (params = {}, headers = {}) => {
  const form = {
    grant_type: "client_credentials",
    scope: GRAPH,
    client_assertion_type: JWT_BEARER,
    client_assertion: assertion(),
    ...params,
  };
  return world.fetch("/oauth2/v2.0/token", {
    method: "POST",
    headers,
    body: new URLSearchParams(Object.entries(form).filter(([, value]) => value !== undefined)),
  });
};
const revoke = (params) =>
  world.fetch("/revoke", {
    method: "POST",
    body: new URLSearchParams({ client_assertion_type: JWT_BEARER, ...params }),
  });
function refused(reply) {
  assertTokenError(reply, 401, "invalid_client");
  assert.deepEqual(world.upstreamRequests(reply), []);
}

test("a client's own JWT is proof at the token endpoint, with and without client_id (RFC 7523)", async () => {
  const reply = await post();
  assertToken(reply);
  const { client_id, proof, issuer: iss, subject } = await world.logOf(reply);
  assert.deepEqual(
    { client_id, proof, iss, subject },
    { client_id: "cron", proof: "jwt", iss: "cron", subject: "cron" },
  );
  assertToken(await post({ client_id: "cron" }));
  assertToken(await post({ client_assertion: assertion({}, { header: { typ: "client-authentication+jwt" } }) }));
});

test("it is good once, also of ten at once", async () => {
  const client_assertion = assertion();
  assertToken(await post({ client_assertion }));
  refused(await post({ client_assertion }));
  refused(await post({ client_assertion, client_id: "cron" }));
  const jti = crypto.randomUUID();
  const same = assertion({ jti });
  // The same jti in other JWTs is a replay as well.
  const replies = await Promise.all(
    Array.from({ length: 10 }, (_, n) => post({ client_assertion: n % 2 ? same : assertion({ jti }) })),
  );
  assert.deepEqual(replies.map(({ status }) => status).sort(), [200, ...Array(9).fill(401)]);
});

test("a failure does not spend it: a throttled upstream, a wrong scope, a report without a token", async () => {
  const scope = SCOPES[0];
  const client_assertion = assertion();
  world.authority.next({ scope, throttle: { retryAfter: 1 } });
  assertUnavailable(await post({ client_assertion, scope }));
  assertUnavailable(await post({ client_assertion, scope }));
  assertTokenError(await post({ client_assertion, scope: "other" }), 400, "invalid_scope");
  assertTokenError(await revoke({ client_assertion }), 400, "invalid_request");
  await delay(1200); // Real time is the subject: upstream names a time.
  assertToken(await post({ client_assertion, scope }));
  refused(await post({ client_assertion, scope }));
  refused(await revoke({ client_assertion, token: "t" }));
});

test("a report of a rejected token is a use", async () => {
  const client_assertion = assertion();
  assert.equal((await revoke({ client_assertion, token: "t" })).status, 200);
  refused(await post({ client_assertion }));
});

test("client_assertion_type has to be there and to be that of a JWT", async () => {
  const saml = "urn:ietf:params:oauth:client-assertion-type:saml2-bearer";
  for (const client_assertion_type of [undefined, "", saml, JWT_BEARER.toUpperCase()]) {
    assertTokenError(await post({ client_assertion_type }), 400, "invalid_request");
  }
  assertTokenError(await post({ client_secret: REPORTS.key, client_id: REPORTS.id }), 400, "invalid_request");
});

const ahead = (seconds) => Math.floor(Date.now() / 1000) + seconds;
for (const [what, claims] of [
  ["of another client", () => ({ iss: "robot", sub: "robot" })],
  ["without iss", () => ({ iss: undefined })],
  ["without jti", () => ({ jti: undefined })],
  ["with an empty jti", () => ({ jti: "" })],
  ["with a number for jti", () => ({ jti: 7 })],
  ["with a jti of 257 bytes", () => ({ jti: "x".repeat(257) })],
  ["without exp", () => ({ exp: undefined })],
  ["that is good for two hours", () => ({ exp: ahead(7200) })],
  ["for somebody else", () => ({ aud: "https://else.example" })],
]) {
  test(`a client assertion ${what} is refused`, async () =>
    refused(await post({ client_assertion: assertion(claims()) })));
}

for (const [what, claims] of [
  ["of another subject", { sub: "robot" }],
  ["of another issuer", { iss: "robot" }],
  ["without sub", { sub: undefined }],
]) {
  test(`a client assertion ${what} is not the client's own`, async () => {
    assertTokenError(await post({ client_assertion: assertion(claims) }), 400, "invalid_request");
    refused(await post({ client_id: "cron", client_assertion: assertion(claims) }));
  });
}

for (const [what, make] of Object.entries({
  "alg none": () => `${base64url({ alg: "none" })}.${base64url(ownClaims())}.`,
  "a public key as HMAC secret": () =>
    signJwt(ownClaims(), { key: secretKey(RSA.publicKey.export({ type: "spki", format: "pem" }), RSA.jwk.kid) }),
  "a key of the attacker's": () => assertion({}, { key: ATTACKER }),
  "a stripped signature": () => withSignature(assertion(), ""),
  "r = s = 0": () => withSignature(assertion(), Buffer.alloc(64)),
  "no JWT": () => "etb_key",
  "a typ of another profile": () => assertion({}, { header: { typ: "at+jwt" } }),
})) {
  test(`an attack is refused: ${what}`, async () => refused(await post({ client_assertion: make() })));
}

test("one of 1 MB is a body that is too large", async () => {
  const reply = await post({ client_assertion: assertion({ padding: "x".repeat(1_000_000) }) });
  assertTokenError(reply, 413, "invalid_request");
});

test("client_id has to be the assertion's", async () => {
  for (const client_id of ["robot", REPORTS.id, "nobody"]) {
    const reply = await post({ client_id });
    assert.ok([400, 401].includes(reply.status), reply.text);
    assert.equal(reply.body.access_token, undefined);
  }
});

test("a client assertion is no bearer token", async () => {
  const jwt = assertion();
  for (const headers of [{ Authorization: `Bearer ${jwt}` }, { "Cf-Access-Jwt-Assertion": jwt }])
    assertTokenError(await world.fetch(`/token?scope=${GRAPH}`, { headers }), 401, "invalid_token");
});

/** As Kubernetes projects it into a pod. */
const podJwt = (claims = {}) =>
  issuer.sign({
    sub: POD,
    aud: [AUDIENCE, "https://kubernetes.default.svc"],
    exp: ahead(36_000),
    jti: undefined,
    "kubernetes.io": {
      namespace: "shop",
      pod: { name: "worker-7c9", uid: crypto.randomUUID() },
      serviceaccount: { name: "worker", uid: crypto.randomUUID() },
    },
    ...claims,
  });

test("a JWT of Kubernetes is good until it expires, and its second request is a hit from memory", async () => {
  const scope = SCOPES[0];
  const client_assertion = podJwt();
  const first = await post({ client_id: "pod", client_assertion, scope });
  assertToken(first);
  const { client_id, proof, issuer: iss, subject } = await world.logOf(first);
  assert.deepEqual(
    { client_id, proof, iss, subject },
    { client_id: "pod", proof: "jwt", iss: issuer.url, subject: POD },
  );
  const asked = issuer.requests.length;
  for (let n = 0; n < 3; n += 1) {
    const again = await post({ client_id: "pod", client_assertion, scope });
    assertHit(again, "isolate");
    assert.equal((await world.logOf(again)).subject, POD);
  }
  assert.equal(issuer.requests.length, asked);
  const report = await revoke({ client_id: "pod", client_assertion, token: "t" });
  assert.equal(report.status, 200);
});

test("a JWT of an issuer needs client_id, and is refused for every other client", async () => {
  const client_assertion = podJwt();
  for (const reply of [await post({ client_assertion }), await revoke({ client_assertion, token: "t" })]) {
    assertTokenError(reply, 400, "invalid_request");
    assert.match(reply.body.error_description, /client_id/);
  }
  assertToken(await post({ client_assertion, client_id: "pod" }));
  for (const client_id of ["robot", "cron", REPORTS.id, "nobody"]) refused(await post({ client_assertion, client_id }));
  refused(await post({ client_id: "pod", client_assertion: podJwt({ aud: ["https://kubernetes.default.svc"] }) }));
  refused(await post({ client_id: "pod", client_assertion: podJwt({ exp: ahead(-61) }) }));
  refused(await post({ client_id: "pod", client_assertion: podJwt({ iss: "pod" }) }));
  refused(await post({ client_id: "pod", client_assertion: podJwt({ iss: POD }) }));
  refused(await post({ client_id: "pod", client_assertion: withSignature(client_assertion, Buffer.alloc(256)) }));
});

test("oauth4webapi gets a token with private_key_jwt", async () => {
  const key = await crypto.subtle.importKey(
    "jwk",
    OWN_KEY.privateKey.export({ format: "jwk" }),
    { name: "ECDSA", namedCurve: "P-256" },
    false,
    ["sign"],
  );
  const server = { issuer: AUDIENCE, token_endpoint: `${world.broker.url}/oauth2/v2.0/token` };
  const client = { client_id: "cron" };
  const authentication = oauth.PrivateKeyJwt({ key, kid: OWN_KEY.jwk.kid });
  for (let n = 0; n < 2; n += 1) {
    const response = await oauth.clientCredentialsGrantRequest(
      server,
      client,
      authentication,
      { scope: GRAPH },
      {
        [oauth.allowInsecureRequests]: true, // http, because this is a test
      },
    );
    const { access_token } = await oauth.processClientCredentialsResponse(server, client, response);
    assert.ok(world.authority.issued.includes(access_token));
  }
});
