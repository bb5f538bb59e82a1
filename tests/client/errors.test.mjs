// What the user of the client sees when there is no token. Neither the key nor a token is in it.

import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { inspect } from "node:util";

import { BrokerCredential, BrokerError, brokerFetch } from "../../client/index.mjs";
import { ENDPOINT, KEY, SCOPE, credentialAt, granted, network, pass, refused, silent } from "./harness.mjs";
import { settle, startTime, stopTime } from "./harness.mjs";

beforeEach(stopTime);
afterEach(startTime);

/** The error of a call, which shows nothing that it must not. */
async function errorOf(server, more = {}, options = {}) {
  const { fetch } = network({ "broker.example": server });
  const error = await credentialAt(fetch, more)
    .getToken(SCOPE, options)
    .then(
      () => assert.fail("there is a token"),
      (error) => error,
    );
  assert.doesNotMatch(inspect(error, { depth: 9, showHidden: true }) + JSON.stringify(error), /the-secret|the-token/);
  return error;
}

test("a refusal of the broker", async () => {
  const headers = { "x-request-id": "5f2c", "retry-after": "77" };
  const more = { error_codes: [7000222], trace_id: "t" };
  const error = await errorOf([refused(502, "server_error", { description: "it refuses; act.", headers, more })]);
  assert.ok(error instanceof BrokerError && error instanceof Error);
  const { name, message, status, retryAfter, requestId, errorCodes } = error;
  assert.deepEqual(
    { name, message, status, retryAfter, requestId, errorCodes },
    {
      name: "server_error",
      message: "it refuses; act (request id 5f2c)",
      status: 502,
      retryAfter: 77,
      requestId: "5f2c",
      errorCodes: [7000222],
    },
  );
  assert.equal(`${error}`, "server_error: it refuses; act (request id 5f2c)");
  assert.match(inspect(error), /server_error: it refuses; act/);
  assert.equal(error.cause, undefined);
});

for (const [status, code, advice] of [
  [401, "invalid_token", /Check the option key/],
  [403, "insufficient_scope", /add the grant/],
  [404, "not_found", /Check the option endpoint/],
]) {
  test(`${code} says what to do`, async () => {
    const error = await errorOf([refused(status, code)]);
    assert.deepEqual(
      [error.name, error.status, error.retryAfter, error.requestId],
      [code, status, undefined, undefined],
    );
    assert.match(error.message, advice);
  });
}

for (const [what, answer, words] of [
  ["a page", new Response("<html>", { status: 200 }), "is no JSON (status 200)"],
  ["a page with an error", new Response("<html>", { status: 502 }), "is no JSON (status 502)"],
  ["JSON of somebody else", Response.json({ message: "no" }, { status: 400 }), "is JSON of another form (status 400)"],
  ["a code that is none", refused(400, "Bearer etb_the-secret"), "is JSON of another form"],
  ["nothing", new Response(null, { status: 204 }), "is no JSON (status 204)"],
  ["a list", Response.json([1]), "has no bearer token"],
  [
    "a token without a lifetime",
    granted("the-token", { expires_in: undefined }),
    "has no bearer token with expires_in",
  ],
  ["a lifetime that is none", granted("the-token", { expires_in: -1 }), "has no bearer token with expires_in"],
  ["a token of another type", granted("the-token", { token_type: "pop" }), "has no bearer token"],
  ["a token that no header can have", granted("the-token\n"), "has no bearer token"],
  ["a redirect", new Response(null, { status: 302, headers: { location: "https://evil.example" } }), "is a redirect"],
]) {
  test(`${what} is no answer of the broker`, async () => {
    const error = await errorOf([answer]);
    assert.deepEqual([error instanceof BrokerError, error.name], [true, "not_the_broker"]);
    assert.ok(error.message.includes(words), error.message);
    assert.match(error.message, /Check the option endpoint/);
  });
}

test("a server that repeats the key shows it to nobody", async () => {
  const echo = ({ headers }) =>
    refused(400, "invalid_request", {
      description: `got ${headers.get("authorization")}\u001b[31m`,
      headers: { "x-request-id": KEY },
    });
  const error = await errorOf(echo);
  assert.equal(error.message, "got Bearer … [31m (request id …)");
});

for (const [what, thrown, words] of [
  [
    "no connection",
    () => new TypeError("fetch failed", { cause: Object.assign(new Error("x"), { code: "ECONNREFUSED" }) }),
    "cannot be reached: ECONNREFUSED.",
  ],
  ["no code", () => new TypeError("Network connection lost."), "cannot be reached: Network connection lost."],
  ["the key in the words", () => new TypeError(`bad header "Bearer ${KEY}"`), 'bad header "Bearer …"'],
  ["what is no error", () => undefined, "no reason is known"],
]) {
  test(`a network error: ${what}`, async () => {
    const error = await errorOf(() => Promise.reject(thrown()));
    assert.deepEqual([error instanceof BrokerError, error.name, error.status], [true, "broker_unreachable", undefined]);
    assert.ok(error.message.includes(words), error.message);
    assert.equal(error.cause, undefined);
  });
}

for (const [what, more, options, seconds] of [
  ["after 30 s", {}, {}, 30],
  ["after the time of the options", { timeoutMs: 5_000 }, {}, 5],
  ["after the time of the call", { timeoutMs: 5_000 }, { requestOptions: { timeout: 2_000 } }, 2],
]) {
  test(`a broker that does not answer: ${what}`, async () => {
    const failed = errorOf(silent, more, options);
    await pass(seconds - 1);
    let ended = false;
    failed.then(() => (ended = true));
    await settle();
    assert.equal(ended, false);
    await pass(1);
    const error = await failed;
    assert.equal(error.name, "broker_timeout");
    assert.match(error.message, new RegExp(`within ${seconds} s`));
  });
}

test("what the function key throws is its caller's affair, and what it gives is looked at", async () => {
  const own = new Error("the vault is closed");
  const thrower = () => {
    throw own;
  };
  assert.equal(await errorOf(silent, { key: thrower }), own);
  for (const value of [undefined, "", 7, "two words", "etb_the-secret\n"]) {
    const error = await errorOf(silent, { key: () => value });
    assert.ok(error instanceof TypeError);
    assert.match(error.message, /^what the function key returns /);
  }
});

test("the function key has the time of the request, and the signal ends it", async () => {
  const key = () => new Promise(() => {});
  const late = errorOf(silent, { key, timeoutMs: 5_000 });
  await pass(5);
  const { name, message } = await late;
  assert.deepEqual(
    [name, message.slice(0, 49)],
    ["broker_timeout", "the function key did not return a key within 5 s."],
  );
  const controller = new AbortController();
  const aborted = errorOf(silent, { key }, { abortSignal: controller.signal });
  await settle();
  controller.abort(new Error("enough"));
  assert.equal((await aborted).message, "enough");
});

for (const [what, options, words] of [
  ["no endpoint", { endpoint: undefined }, /^endpoint is missing/],
  ["an endpoint that is no URL", { endpoint: "broker.example/the-secret" }, /^endpoint is no URL/],
  ["http", { endpoint: "http://broker.example" }, /^endpoint must be an https URL/],
  [
    "http to a host with a loopback name in it",
    { endpoint: "http://127.0.0.1.example" },
    /^endpoint must be an https URL/,
  ],
  ["another scheme", { endpoint: "ftp://broker.example" }, /^endpoint must be an https URL/],
  ["a user", { endpoint: "https://etb_the-secret@broker.example" }, /^endpoint must have no user/],
  ["a query", { endpoint: "https://broker.example?key=the-secret" }, /^endpoint must have no user, no query/],
  ["no key", { key: undefined }, /^key is missing/],
  ["an empty key", { key: "" }, /^key is missing/],
  ["a key with a line break", { key: "etb_the-secret\n" }, /^key has a character/],
  ["retries that are no number", { maxRetries: "2" }, /^maxRetries must be a number/],
  ["a wait that no timer has", { maxRetryWaitMs: Infinity }, /^maxRetryWaitMs must be a number/],
  ["a negative timeout", { timeoutMs: -1 }, /^timeoutMs must be a number/],
  ["a minimum that is none", { minTtl: NaN }, /^minTtl must be a number/],
]) {
  test(`${what} is told at once`, () => {
    const all = { endpoint: ENDPOINT, key: KEY, ...options };
    for (const make of [() => new BrokerCredential(all), () => brokerFetch(all)])
      assert.throws(make, (error) => {
        assert.ok(error instanceof TypeError);
        assert.match(error.message, words);
        assert.doesNotMatch(inspect(error), /the-secret/);
        return true;
      });
  });
}

test("a credential shows nobody its key", () => {
  const credential = credentialAt(network({}).fetch);
  assert.doesNotMatch(inspect(credential, { depth: 9, showHidden: true }) + JSON.stringify(credential), /the-secret/);
});
