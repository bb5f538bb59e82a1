// `BrokerCredential`: what it asks the broker, and what it makes of the answer.

import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

import { isTokenCredential } from "@azure/core-auth";

import { ENDPOINT, KEY, SCOPE, START, credentialAt, granted, inWorkers, network, pass } from "./harness.mjs";
import { silent, startTime, stateOf, stopTime } from "./harness.mjs";

beforeEach(stopTime);
afterEach(startTime);

const NBF = '{"access_token":{"nbf":{"essential":true,"value":"1700000000"}}}';
const CP1 = '{"access_token":{"xms_cc":{"values":["CP1"]}}}';
const BOTH = '{"access_token":{"nbf":{"essential":true,"value":"1700000000"},"xms_cc":{"values":["CP1"]}}}';

/** The query of the one request that a call causes. */
async function queryOf(scopes, options, more) {
  const { fetch, received } = network({ "broker.example": [granted("t")] });
  await credentialAt(fetch, more).getToken(scopes, options);
  assert.equal(received.length, 1);
  return Object.fromEntries(received[0].url.searchParams);
}

test("a token comes with its times, which count from before the request", async () => {
  const slow = async () => {
    await pass(2);
    return granted("the-token");
  };
  const { fetch, received } = network({ "broker.example": slow });
  const credential = credentialAt(fetch);
  assert.ok(isTokenCredential(credential));
  assert.deepEqual(await credential.getToken(SCOPE), {
    token: "the-token",
    expiresOnTimestamp: START + 3_600_000,
    refreshAfterTimestamp: START + 2_700_000,
    tokenType: "Bearer",
  });
  const [{ url, method, headers, redirect }] = received;
  assert.equal(`${method} ${url.origin}${url.pathname}`, `GET ${ENDPOINT}/token`);
  assert.equal(headers.get("authorization"), `Bearer ${KEY}`);
  assert.equal(headers.get("x-client-sku"), "edge-token-broker");
  assert.equal(redirect, "manual");
});

test("the query has what was asked for, and nothing else", async () => {
  assert.deepEqual(await queryOf(SCOPE), { scope: SCOPE });
  assert.deepEqual(await queryOf(["a", "b"]), { scope: "a b" });
  assert.deepEqual(await queryOf([]), {});
  assert.deepEqual(await queryOf(SCOPE, { tenantId: "contoso" }), { scope: SCOPE, credential: "contoso" });
  const named = { credential: "billing", minTtl: 90.5, clientId: "reports" };
  assert.deepEqual(await queryOf(SCOPE, { tenantId: "contoso" }, named), {
    scope: SCOPE,
    credential: "billing",
    min_ttl: "91",
    client_id: "reports",
  });
});

test("claims and the client capability become one parameter", async () => {
  for (const [options, claims] of [
    [{}, undefined],
    [{ enableCae: true }, CP1],
    [{ claims: NBF }, NBF],
    [{ claims: btoa(NBF) }, NBF],
    [{ claims: Buffer.from(NBF).toString("base64url") }, NBF],
    [{ claims: NBF, enableCae: true }, BOTH],
    [{ claims: btoa(NBF), enableCae: true }, BOTH],
    [{ claims: "not JSON", enableCae: true }, "not JSON"],
    [{ claims: '{"access_token":1}', enableCae: true }, CP1],
  ])
    assert.equal((await queryOf(SCOPE, options)).claims, claims);
});

for (const [endpoint, expected] of [
  ["https://app.example/auth", "https://app.example/auth/token"],
  ["https://app.example/auth/", "https://app.example/auth/token"],
  [new URL("https://app.example"), "https://app.example/token"],
  ["http://localhost:8787", "http://localhost:8787/token"],
  ["http://127.0.0.1:8787/a/b", "http://127.0.0.1:8787/a/b/token"],
  ["http://[::1]:8787", "http://[::1]:8787/token"],
]) {
  test(`the broker at ${endpoint}`, async () => {
    const answer = [granted("t")];
    const { fetch, received } = network({
      "app.example": answer,
      localhost: answer,
      "127.0.0.1": answer,
      "[::1]": answer,
    });
    await credentialAt(fetch, { endpoint }).getToken([]);
    assert.equal(received[0].url.href, expected);
  });
}

test("a function gives the key, for each request anew", async () => {
  let turn = 0;
  const { fetch, received } = network({ "broker.example": [granted("t")] });
  const credential = credentialAt(fetch, { key: async () => `key-${(turn += 1)}` });
  await credential.getToken(SCOPE);
  await credential.getToken(SCOPE);
  assert.deepEqual(
    received.map(({ headers }) => headers.get("authorization")),
    ["Bearer key-1", "Bearer key-2"],
  );
});

test("calls for the same at the same time share one request; nothing is kept after it", async () => {
  const { fetch, received } = network({ "broker.example": [granted("t")] });
  const credential = credentialAt(fetch);
  const calls = [SCOPE, SCOPE, [SCOPE], "another"].map((scope) => credential.getToken(scope));
  assert.equal(new Set(await Promise.all(calls)).size, 2);
  assert.equal(received.length, 2);
  await credential.getToken(SCOPE);
  assert.equal(received.length, 3);
});

test("in Workers each call has a request of its own", async (t) => {
  inWorkers(t);
  const { fetch, received } = network({ "broker.example": [granted("t")] });
  const credential = credentialAt(fetch);
  await Promise.all([credential.getToken(SCOPE), credential.getToken(SCOPE)]);
  assert.equal(received.length, 2);
});

test("a caller that goes away leaves the request to the others, and the last one ends it", async () => {
  const { fetch, received } = network({ "broker.example": silent });
  const credential = credentialAt(fetch);
  const [first, second] = [new AbortController(), new AbortController()];
  const calls = [first, second].map(({ signal }) => credential.getToken(SCOPE, { abortSignal: signal }));
  assert.equal(await stateOf(calls[0]), "pending");
  first.abort();
  await assert.rejects(calls[0], { name: "AbortError" });
  assert.equal(await stateOf(calls[1]), "pending");
  assert.equal(received[0].signal.aborted, false);
  second.abort(new Error("enough"));
  await assert.rejects(calls[1], { message: "enough" });
  await stateOf(calls[1]);
  assert.equal(received[0].signal.aborted, true);
  assert.equal(received.length, 1);
});

test("the signal of an Azure SDK is one, too", async () => {
  const listeners = new Set();
  const abortSignal = {
    aborted: false,
    addEventListener: (_, listener) => listeners.add(listener),
    removeEventListener: (_, listener) => listeners.delete(listener),
  };
  const { fetch } = network({ "broker.example": silent });
  const call = credentialAt(fetch).getToken(SCOPE, { abortSignal });
  await stateOf(call);
  abortSignal.aborted = true;
  for (const listener of listeners) listener.call(abortSignal, {});
  await assert.rejects(call, { name: "AbortError" });
  assert.equal(listeners.size, 0);
});

test("an aborted call sends nothing", async () => {
  const { fetch, received } = network({});
  await assert.rejects(credentialAt(fetch).getToken(SCOPE, { abortSignal: AbortSignal.abort() }), {
    name: "AbortError",
  });
  assert.equal(received.length, 0);
});

test("a call leaves no listener and no timer behind", async (t) => {
  const added = t.mock.method(AbortSignal.prototype, "addEventListener");
  const removed = t.mock.method(AbortSignal.prototype, "removeEventListener");
  const cleared = t.mock.method(globalThis, "clearTimeout");
  const { signal } = new AbortController();
  const on = (calls) => calls.filter(({ this: of }) => of === signal).length;
  const { fetch } = network({ "broker.example": [granted("t")] });
  await credentialAt(fetch).getToken(SCOPE, { abortSignal: signal });
  assert.ok(on(added.mock.calls) > 0);
  assert.equal(on(added.mock.calls), on(removed.mock.calls));
  assert.equal(cleared.mock.callCount(), 1);
});

for (const timeout of [2 ** 32, Infinity])
  test(`a timeout of ${timeout} is the longest that there is`, async () => {
    const { fetch } = network({ "broker.example": silent });
    const call = credentialAt(fetch).getToken(SCOPE, { requestOptions: { timeout } });
    await pass(3_600);
    assert.equal(await stateOf(call), "pending");
    await pass(2_147_484 - 3_600);
    await assert.rejects(call, { name: "broker_timeout" });
  });

for (const timeout of [-1, NaN, "5"])
  test(`a timeout of ${timeout} is refused`, async () => {
    const { fetch, received } = network({ "broker.example": [granted("t")] });
    const call = credentialAt(fetch).getToken(SCOPE, { requestOptions: { timeout } });
    await assert.rejects(call, { name: "TypeError", message: /^requestOptions\.timeout must be a number/ });
    assert.equal(received.length, 0);
  });

test("a timeout of 0 is none, as the SDKs say it", async () => {
  const { fetch } = network({ "broker.example": [granted("t")] });
  assert.equal((await credentialAt(fetch).getToken(SCOPE, { requestOptions: { timeout: 0 } })).token, "t");
});
