// Callers that prove their identity with a JWT of an issuer that their client trusts.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { assertHit, assertMiss, assertToken, assertTokenError } from "./harness/expect.mjs";
import { GRAPH, REPORTS, SCOPES, newClient } from "./harness/fixtures.mjs";
import { AUDIENCE, Issuer, signJwt } from "./harness/issuer.mjs";
import { ALGORITHMS, newKey } from "./harness/jose.mjs";
import { openWorld } from "./harness/world.mjs";

const allow = [...SCOPES, GRAPH].map((scope) => ({ credential: "default", scope }));
const KEYED = newClient("keyed");
const KEYS = ALGORITHMS.map((alg) => newKey(alg));
const OWN_KEY = newKey("ES256");

let world;
let issuer; // found by its metadata
let own; // found by a jwks_uri

before(async () => {
  [issuer, own] = await Promise.all([Issuer.start(...KEYS), Issuer.start(OWN_KEY)]);
  const of = (sub, more = {}) => ({ issuer: issuer.url, audience: AUDIENCE, subject: sub, ...more });
  const CLIENTS = {
    robot: { jwt: [of("robot")], allow },
    direct: { jwt: [{ issuer: own.url, audience: AUDIENCE, jwks_uri: own.jwksUri }], allow },
    listed: { jwt: [of(["first", "second"], { audience: ["https://old.example", "https://new.example"] })], allow },
    deploy: {
      jwt: [
        of("repo", {
          claims: {
            repository: "acme/shop",
            environment: ["staging", "production"],
            protected: true,
            groups: "deployers",
          },
        }),
      ],
      allow,
    },
    twin_a: { jwt: [of("twin")], allow },
    twin_b: { jwt: [of("twin")], allow },
    several: { key_sha256: [KEYED.digest], jwt: [of("other"), of("several")], allow },
    keyed: { key_sha256: [KEYED.digest.replace(/^./, (digit) => (digit === "0" ? "1" : "0"))], allow },
    [REPORTS.id]: { key_sha256: [REPORTS.digest], allow },
  };
  world = await openWorld({ bindings: { CLIENTS } });
});
after(async () => {
  await world?.close();
  await Promise.all([issuer?.close(), own?.close()]);
});

const get = (jwt, { scope = GRAPH, headers = {}, query = {} } = {}) =>
  world.fetch(`/token?${new URLSearchParams({ scope, ...query })}`, {
    headers: { ...(jwt && { Authorization: `Bearer ${jwt}` }), ...headers },
  });
const refused = (reply) => assertTokenError(reply, 401, "invalid_token");

for (const [index, alg] of ALGORITHMS.entries()) {
  test(`a JWT that is signed with ${alg} is proof`, async () => {
    assertToken(await get(issuer.sign({}, { key: KEYS[index] })));
  });
}

test("an Ed25519 signature may be called so (RFC 9864)", async () => {
  assertToken(await get(issuer.sign({}, { key: KEYS[ALGORITHMS.indexOf("EdDSA")], header: { alg: "Ed25519" } })));
});

test("the log says who it was: client, way of proof, issuer and subject", async () => {
  const reply = await get(issuer.sign());
  const { client_id, proof, issuer: iss, subject } = await world.logOf(reply);
  assert.deepEqual(
    { client_id, proof, iss, subject },
    { client_id: "robot", proof: "jwt", iss: issuer.url, subject: "robot" },
  );
});

test("keys come from where jwks_uri says, and the metadata is not asked", async () => {
  const reply = await get(signJwt(own.claims({ sub: "anybody" }), { key: OWN_KEY }));
  assertToken(reply);
  assert.equal((await world.logOf(reply)).client_id, "direct");
  assert.deepEqual([own.metadataRequests, own.keyRequests], [0, 1]);
});

test("a kid is not needed where one key fits, nor a typ; at+jwt is a typ as good as JWT", async () => {
  assertToken(await get(issuer.sign({}, { header: { kid: undefined, typ: undefined } })));
  for (const typ of ["at+jwt", "application/at+jwt", "jwt", "AT+JWT"])
    assertToken(await get(issuer.sign({}, { header: { typ } })));
});

test("the same JWT is verified once and then a hit from memory; its issuer was asked once", async () => {
  const scope = world.newScope();
  const jwt = issuer.sign();
  assertMiss(await get(jwt, { scope }));
  for (let n = 0; n < 5; n += 1) assertHit(await get(jwt, { scope }), "isolate");
  assert.deepEqual([issuer.metadataRequests, issuer.keyRequests], [1, 1]);
});

test("aud is a text or a list, and the client may name several", async () => {
  assertToken(await get(issuer.sign({ aud: ["https://else.example", AUDIENCE] })));
  for (const aud of ["https://old.example", ["https://new.example"]])
    assertToken(await get(issuer.sign({ sub: "second", aud })));
  refused(await get(issuer.sign({ sub: "second" })));
  refused(await get(issuer.sign({ aud: ["https://else.example"] })));
});

test("a subject that is pinned is the only one", async () => {
  for (const sub of ["first", "second"]) assertToken(await get(issuer.sign({ sub, aud: "https://old.example" })));
  for (const sub of ["third", "First", "first ", undefined])
    refused(await get(issuer.sign({ sub, aud: "https://old.example" })));
});

const DEPLOY = {
  sub: "repo",
  repository: "acme/shop",
  environment: "production",
  protected: true,
  groups: ["people", "deployers"],
};
test("claims that are pinned match exactly, or one of a list; a claim may be a list itself", async () => {
  for (const more of [{}, { environment: "staging" }, { groups: "deployers" }, { protected: "true" }]) {
    const reply = await get(issuer.sign({ ...DEPLOY, ...more }));
    assertToken(reply);
    assert.equal((await world.logOf(reply)).client_id, "deploy");
  }
});

for (const wrong of [
  { repository: "acme/shop2" },
  { repository: "Acme/shop" },
  { repository: ["acme"] },
  { repository: undefined },
  { repository: { 0: "acme/shop" } },
  { environment: "test" },
  { environment: "" },
  { protected: "false" },
  { protected: false },
  { protected: 1 },
  { protected: null },
  { groups: ["people"] },
  { groups: [["deployers"]] },
  { groups: [] },
]) {
  test(`claims with ${JSON.stringify(wrong)} are not those that are pinned`, async () =>
    refused(await get(issuer.sign({ ...DEPLOY, ...wrong }))));
}

test("any entry of a client's jwt may be met", async () => {
  const reply = await get(issuer.sign({ sub: "several" }));
  assertToken(reply);
  assert.equal((await world.logOf(reply)).client_id, "several");
  assertToken(await get(KEYED.key));
});

test("a JWT that is good for two clients needs client_id", async () => {
  const jwt = issuer.sign({ sub: "twin" });
  const reply = await get(jwt);
  assertTokenError(reply, 400, "invalid_request");
  assert.match(reply.body.error_description, /client_id/);
  for (const client_id of ["twin_a", "twin_b"]) {
    const named = await get(jwt, { query: { client_id } });
    assertToken(named);
    assert.equal((await world.logOf(named)).client_id, client_id);
  }
});

test("client_id does not make its holder another client, nor one that does not list jwt", async () => {
  for (const client_id of ["deploy", "keyed", REPORTS.id, "nobody"])
    refused(await get(issuer.sign(), { query: { client_id } }));
  assertToken(await get(issuer.sign(), { query: { client_id: "robot" } }));
});

test("Cf-Access-Jwt-Assertion is as good, and Authorization wins over it", async () => {
  const reply = await get(undefined, { headers: { "Cf-Access-Jwt-Assertion": issuer.sign() } });
  assertToken(reply);
  assert.equal((await world.logOf(reply)).client_id, "robot");
  refused(
    await get(issuer.sign({ aud: "https://else.example" }), { headers: { "Cf-Access-Jwt-Assertion": issuer.sign() } }),
  );
  refused(
    await get(undefined, { headers: { "Cf-Access-Jwt-Assertion": issuer.sign({ aud: "https://else.example" }) } }),
  );
  const keyed = await get(REPORTS.key, { headers: { "Cf-Access-Jwt-Assertion": issuer.sign() } });
  assert.equal((await world.logOf(keyed)).client_id, REPORTS.id);
  const form = new URLSearchParams({ grant_type: "client_credentials", scope: GRAPH });
  const headers = { "Cf-Access-Jwt-Assertion": issuer.sign() };
  assertToken(await world.fetch("/oauth2/v2.0/token", { method: "POST", headers, body: form }));
});
