// `brokerFetch`: what it sends, and what it does after a 401.

import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

import { API, SCOPE, brokerFetchAt, granted, network, refused, rotatingBroker } from "./harness.mjs";
import { startTime, stateOf, stopTime } from "./harness.mjs";

beforeEach(stopTime);
afterEach(startTime);

const NBF = '{"access_token":{"nbf":{"essential":true,"value":"1700000000"}}}';
const CHALLENGE = `Basic realm="x", Bearer realm="", error="insufficient_claims", claims="${btoa(NBF)}"`;
const rejection = (challenge) =>
  new Response("rejected", { status: 401, headers: challenge ? { "WWW-Authenticate": challenge } : {} });

/** An API that takes every token but the first one. */
const picky = ({ headers, body, method }) =>
  headers.get("authorization") === "Bearer token-0" ? rejection(CHALLENGE) : Response.json({ method, body });

/** A call, and what the broker and the API got. */
async function call(servers, input, init, more) {
  const net = network({ "broker.example": rotatingBroker(), "api.example": picky, ...servers });
  const response = await brokerFetchAt(net.fetch, more)(input, init);
  return { response, broker: net.to("broker.example"), api: net.to("api.example") };
}

const tokens = (received) => received.map(({ headers }) => headers.get("authorization"));
const REPEATED = ["Bearer token-0", "Bearer token-1"];

test("the token goes along, beside what the caller sends", async () => {
  const { api } = await call({ "api.example": [Response.json({})] }, API, { headers: { accept: "text/plain" } });
  assert.equal(api.length, 1);
  assert.deepEqual([api[0].method, api[0].headers.get("accept")], ["GET", "text/plain"]);
  assert.deepEqual(tokens(api), ["Bearer token-0"]);
});

test("a rejected token is handed back with the claims, and the request is repeated once", async () => {
  const { response, broker, api } = await call({}, API, { method: "PUT", body: "x" }, { credential: "contoso" });
  assert.equal(response.status, 200);
  assert.deepEqual(tokens(api), REPEATED);
  assert.deepEqual(
    broker.map(({ method, url }) => `${method} ${url.pathname}`),
    ["GET /token", "POST /revoke", "GET /token"],
  );
  assert.deepEqual(Object.fromEntries(new URLSearchParams(broker[1].body)), {
    token: "token-0",
    claims: NBF,
    scope: SCOPE,
    credential: "contoso",
  });
  assert.equal(broker[2].url.search, broker[0].url.search);
});

test("without a challenge the token is handed back alone", async () => {
  const { response, broker, api } = await call({ "api.example": [rejection(), Response.json({})] }, API);
  assert.deepEqual([response.status, api.length], [200, 2]);
  assert.equal(new URLSearchParams(broker[1].body).has("claims"), false);
});

test("a second 401 is handed on", async () => {
  const { response, broker, api } = await call({ "api.example": [rejection(CHALLENGE)] }, API);
  assert.deepEqual([response.status, await response.text()], [401, "rejected"]);
  assert.deepEqual(tokens(api), REPEATED);
  assert.equal(broker.length, 3);
});

test("with the same token again, the request is not repeated", async () => {
  const same = ({ url }) => (url.pathname === "/revoke" ? Response.json({}) : granted("token-0"));
  const { response, api } = await call({ "broker.example": same }, API);
  assert.deepEqual([response.status, api.length], [401, 1]);
});

for (const [what, answer] of [
  ["a refusal of the claims", refused(400, "invalid_request")],
  ["an outage", refused(503, "temporarily_unavailable", { headers: { "retry-after": "60" } })],
  ["no broker any more", new Response("<html>")],
]) {
  test(`if the report ends with ${what}, the caller gets the answer of the API`, async () => {
    const broker = ({ url }) => (url.pathname === "/revoke" ? answer.clone() : granted("token-0"));
    const { response, api } = await call({ "broker.example": broker }, API);
    assert.deepEqual([response.status, await response.text(), api.length], [401, "rejected", 1]);
  });
}

test("the capability goes into token requests, where it is wanted", async () => {
  const { broker } = await call({}, API, {}, { enableCae: true });
  const capability = '{"access_token":{"xms_cc":{"values":["CP1"]}}}';
  assert.equal(broker[0].url.searchParams.get("claims"), capability);
  assert.equal(new URLSearchParams(broker[1].body).get("claims"), NBF);
  assert.equal(broker[2].url.searchParams.get("claims"), capability);
});

const form = new FormData();
form.set("a", "b");
for (const [what, body, expected] of [
  ["text", "text", "text"],
  ["URLSearchParams", new URLSearchParams({ a: "b" }), "a=b"],
  ["FormData", form, /name="a"\r\n\r\nb/],
  ["Blob", new Blob(["blob"]), "blob"],
  ["ArrayBuffer", new TextEncoder().encode("buffer").buffer, "buffer"],
  ["Uint8Array", new TextEncoder().encode("bytes"), "bytes"],
  ["DataView", new DataView(new TextEncoder().encode("view").buffer), "view"],
  ["nothing", undefined, ""],
  ["null", null, ""],
]) {
  test(`a body of ${what} is sent again`, async () => {
    const { response, api } = await call({}, API, { method: "POST", body });
    assert.deepEqual(tokens(api), REPEATED);
    const { body: arrived } = await response.json();
    if (expected instanceof RegExp) assert.match(arrived, expected);
    else assert.equal(arrived, expected);
  });
}

const stream = () => new Blob(["stream"]).stream();
for (const [what, input, init] of [
  ["a stream", () => API, () => ({ method: "POST", body: stream(), duplex: "half" })],
  [
    "an async generator, which Node.js takes",
    () => API,
    () => ({ method: "POST", duplex: "half", body: (async function* () {})() }),
  ],
  ["a Request with a body", () => new Request(API, { method: "POST", body: "text" }), () => undefined],
  [
    "a Request with a stream",
    () => new Request(API, { method: "POST", body: stream(), duplex: "half" }),
    () => ({ headers: { "x-more": "1" } }),
  ],
]) {
  test(`${what} is sent once: the 401 is handed back, and the next call has another token`, async () => {
    const { fetch, to } = network({ "broker.example": rotatingBroker(), "api.example": picky });
    const request = brokerFetchAt(fetch);
    const response = await request(input(), init());
    assert.deepEqual([response.status, await response.text()], [401, "rejected"]);
    assert.equal((await request(API)).status, 200);
    assert.deepEqual(tokens(to("api.example")), REPEATED);
  });
}

test("a Request without a body is sent again, with its headers and its method", async () => {
  const request = new Request(API, { method: "DELETE", headers: { "if-match": "7" } });
  const { response, api } = await call({}, request);
  assert.equal(response.status, 200);
  assert.deepEqual(
    api.map(({ method, headers }) => [method, headers.get("if-match")]),
    [
      ["DELETE", "7"],
      ["DELETE", "7"],
    ],
  );
});

test("init counts before the Request", async () => {
  const request = new Request(API, { method: "POST", headers: { "x-own": "1" }, body: "of the request" });
  const { response, api } = await call({}, request, { method: "PUT", headers: { "x-init": "2" }, body: "of init" });
  assert.deepEqual(await response.json(), { method: "PUT", body: "of init" });
  assert.deepEqual(tokens(api), REPEATED);
  assert.deepEqual([api[1].headers.get("x-init"), api[1].headers.get("x-own")], ["2", null]);
});

test("a Request whose body is used already is refused, as by fetch", async () => {
  const request = new Request(API, { method: "POST", body: "x" });
  await request.text();
  await assert.rejects(call({}, request), TypeError);
});

for (const [what, input, init] of [
  ["in init", API, { headers: { AUTHORIZATION: "Basic eDp5" } }],
  ["in a Request", new Request(API, { headers: [["authorization", "Basic eDp5"]] }), undefined],
]) {
  test(`an Authorization of the caller ${what} stays, and no token is requested or reported`, async () => {
    const { response, broker, api } = await call({ "api.example": [rejection(CHALLENGE)] }, input, init);
    assert.deepEqual([response.status, tokens(api), broker.length], [401, ["Basic eDp5"], 0]);
  });
}

for (const url of ["http://api.example/things", "http://127.0.0.1.example", "ftp://api.example", "data:,x"]) {
  test(`no token is requested for ${url}`, async () => {
    const { fetch, received } = network({ "broker.example": rotatingBroker() });
    await assert.rejects(brokerFetchAt(fetch)(url), { name: "TypeError", message: /only sent to an https URL/ });
    assert.equal(received.length, 0);
  });
}

test("a token goes to this machine over http, and a URL may be one", async () => {
  const { fetch, to } = network({ "broker.example": rotatingBroker(), localhost: [Response.json({})] });
  assert.equal((await brokerFetchAt(fetch)(new URL("http://localhost:7071/api"))).status, 200);
  assert.deepEqual(tokens(to("localhost")), ["Bearer token-0"]);
});

test("what is no URL is refused", async () => {
  await assert.rejects(brokerFetchAt(network({}).fetch)("/relative"), TypeError);
});

test("without a token there is no request to the API", async () => {
  const { fetch, to } = network({ "broker.example": [refused(403, "insufficient_scope")] });
  await assert.rejects(brokerFetchAt(fetch)(API), { name: "insufficient_scope", status: 403 });
  assert.equal(to("api.example").length, 0);
});

test("an aborted call sends nothing, and a signal ends the request for the token", async () => {
  const { fetch, received } = network({ "broker.example": () => new Promise(() => {}) });
  const request = brokerFetchAt(fetch);
  await assert.rejects(request(API, { signal: AbortSignal.abort() }), { name: "AbortError" });
  assert.equal(received.length, 0);
  const controller = new AbortController();
  const pending = request(new Request(API, { signal: controller.signal }));
  assert.equal(await stateOf(pending), "pending");
  controller.abort();
  await assert.rejects(pending, { name: "AbortError" });
});
