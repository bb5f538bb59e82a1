// The broker as its own OpenID provider: its documents, and tokens by JWTs that it signs. The stand-in reads the documents
// as Entra does, and verifies with a library.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { calculateJwkThumbprint, createLocalJWKSet, jwtVerify } from "jose";

import { newIssuerKey } from "../../cli/lib/issuer-key.mjs";
import { assertError, assertHit, assertMiss, assertToken, assertTokenError } from "./harness/expect.mjs";
import { REPORTS } from "./harness/fixtures.mjs";
import { openWorld, withWorld } from "./harness/world.mjs";

const ISSUER = "https://broker.example";
const AUDIENCE = "api://AzureADTokenExchange";
const TENANT = "contoso.onmicrosoft.com";
const SCOPE = "https://graph.microsoft.com/.default";
const METADATA = "/.well-known/openid-configuration";
const KEYS = "/.well-known/jwks.json";
const [OLD, NEW] = [newIssuerKey(), newIssuerKey()];

/** Credentials, each with the subject that Entra knows and how often Entra does not know it yet. */
const CREDENTIALS = {
  graph: {},
  hidden: {},
  unpublished: {},
  case: { trusted: "CASE" },
  subject: { trusted: "other" },
  replicating: { replicating: 1 },
};

const bindings = (url, more) => ({
  ISSUER,
  ISSUER_KEY: OLD.pem,
  CREDENTIALS: Object.fromEntries(
    Object.keys(CREDENTIALS).map((name) => [
      name,
      { tenant: TENANT, client_id: name, authority_host: url, federated: { subject: name } },
    ]),
  ),
  AZ_TENANT: undefined,
  AZ_CLIENT_ID: undefined,
  AZ_CLIENT_SECRET: undefined,
  CLIENTS: {
    [REPORTS.id]: {
      key_sha256: [REPORTS.digest],
      allow: Object.keys(CREDENTIALS).map((credential) => ({ credential, scope: SCOPE })),
    },
  },
  ...more,
});

/** Makes the stand-in trust the broker, and find its documents. */
function trust({ authority, broker }) {
  for (const [name, { trusted = name, replicating = 0 }] of Object.entries(CREDENTIALS)) {
    const federated = [{ issuer: ISSUER, subject: trusted, audience: AUDIENCE }];
    authority.apps.push({ tenant: TENANT, clientId: name, federated, replicating });
  }
  authority.resolve(ISSUER, broker.url);
}

const withIssuer = (options, more, body) =>
  withWorld({ bindings: (url) => bindings(url, more), ...options }, async (world) => {
    trust(world);
    return body(world);
  });

const token = (world, credential) => world.getToken({ credential, scope: SCOPE });
const kids = async (world) => (await world.fetch(KEYS)).body.keys.map(({ kid }) => kid);
const assertions = (world, app) =>
  world.authority.requests
    .filter(({ params }) => params.client_id === app)
    .map(({ params }) => params.client_assertion);

let world;
before(async () => {
  world = await openWorld({ bindings });
  trust(world);
});
after(() => world?.close());

test("the documents are public, and everybody may keep them", async () => {
  for (const path of [METADATA, KEYS]) {
    for (const method of ["GET", "HEAD"]) {
      const { status, headers, text } = await world.fetch(path, { method, headers: { Origin: "https://any.example" } });
      assert.equal(status, 200);
      assert.equal(headers.get("cache-control"), "public, max-age=3600");
      assert.equal(headers.get("access-control-allow-origin"), "*");
      assert.equal(headers.get("content-type"), "application/json");
      assert.equal(text === "", method === "HEAD");
    }
    const refused = await world.fetch(path, { method: "POST", body: "x" });
    assertError(refused, 405, "method_not_allowed");
    assert.equal(refused.headers.get("allow"), "GET, HEAD");
  }
  const { body } = await world.fetch(METADATA);
  assert.deepEqual([body.issuer, body.jwks_uri], [ISSUER, ISSUER + KEYS]);
});

test("a token without a secret: one JWT of five minutes, by a key that the documents have", async () => {
  const reply = await token(world, "graph");
  assertToken(reply);
  assertMiss(reply);
  const [jwt, ...more] = assertions(world, "graph");
  assert.deepEqual(more, []);
  const { body: set } = await world.fetch(KEYS);
  const { payload, protectedHeader } = await jwtVerify(jwt, createLocalJWKSet(set), {
    issuer: ISSUER,
    subject: "graph",
    audience: AUDIENCE,
    algorithms: ["RS256"],
  });
  assert.equal(protectedHeader.kid, await calculateJwkThumbprint(set.keys[0]));
  assert.ok(payload.exp <= Date.now() / 1000 + 300, `exp is ${payload.exp}`);
  assertHit(await token(world, "graph"), "isolate");
  assert.equal(assertions(world, "graph").length, 1);
});

test("a credential that Entra does not know everywhere yet is asked for again, with another JWT", async () => {
  assertToken(await token(world, "replicating"));
  const [first, second, ...more] = assertions(world, "replicating");
  assert.deepEqual(more, []);
  assert.notEqual(first, second);
});

test("another case, and another subject, are told with what to do", async () => {
  for (const [credential, number, words] of [
    ["case", 7002138, /upper and lower case/],
    ["subject", 700213, /has this subject.* npm run explain/],
  ]) {
    const reply = await token(world, credential);
    assertTokenError(reply, 502, "server_error");
    assert.deepEqual(reply.body.error_codes, [number]);
    assert.match(reply.body.error_description, words);
  }
});

test("documents that Entra cannot read, and a key that is not published", () =>
  withIssuer({}, {}, async (world) => {
    world.authority.resolve(ISSUER, "http://127.0.0.1:1");
    const hidden = await token(world, "hidden");
    assertTokenError(hidden, 502, "server_error");
    assert.deepEqual(hidden.body.error_codes, [501661]);
    assert.match(hidden.body.error_description, /documents at ISSUER/);
    assert.equal(assertions(world, "hidden").length, 2);

    // As if Entra had a copy of another time.
    await withIssuer({}, { ISSUER_KEY: NEW.pem }, async (other) => {
      world.authority.resolve(ISSUER, other.broker.url);
      const unpublished = await token(world, "unpublished");
      assertTokenError(unpublished, 502, "server_error");
      assert.deepEqual(unpublished.body.error_codes, [7000272]);
      assert.match(unpublished.body.error_description, /ISSUER_KEY_NEXT/);
    });
  }));

test("a rotation in the steps that npm run issuer-key prints loses no token", () =>
  withIssuer({ coordinator: { durable: true } }, {}, async (world) => {
    const first = assertToken(await token(world, "graph"));
    assert.deepEqual(await kids(world), [OLD.kid]);
    for (const [keys, published] of [
      [{ ISSUER_KEY_NEXT: NEW.pem }, [OLD.kid, NEW.kid]],
      [{ ISSUER_KEY_NEXT: NEW.pem, ISSUER_KEY_PREVIOUS: OLD.pem }, [OLD.kid, NEW.kid]],
      [{ ISSUER_KEY: NEW.pem, ISSUER_KEY_NEXT: NEW.pem, ISSUER_KEY_PREVIOUS: OLD.pem }, [NEW.kid, OLD.kid]],
      [{ ISSUER_KEY: NEW.pem, ISSUER_KEY_PREVIOUS: OLD.pem }, [NEW.kid, OLD.kid]],
    ]) {
      await world.restart((url) => bindings(url, keys));
      world.authority.resolve(ISSUER, world.broker.url);
      assert.deepEqual(await kids(world), published);
      assert.equal(assertToken(await token(world, "graph")), first);
    }
    assert.equal(assertions(world, "graph").length, 1);
    assertToken(await token(world, "unpublished"));
  }));

test("without an issuer there are no keys, and no federated credential", () =>
  withWorld({}, async (world) => {
    assert.equal((await world.fetch(METADATA)).body.issuer, world.broker.url);
    assert.deepEqual((await world.fetch(KEYS)).body, { keys: [] });

    await world.restart((url) => bindings(url, { ISSUER_KEY: undefined }));
    const faulty = await token(world, "graph");
    assertTokenError(faulty, 503, "temporarily_unavailable");
    const { faults } = await world.logOf(faulty);
    assert.match(faults[0], /^CREDENTIALS\.graph\.federated: needs the binding ISSUER_KEY, .* npm run issuer-key/);
  }));
