// What a bound Worker may hand over in a call by RPC, and what else of the broker it reaches.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { GRAPH } from "./harness/fixtures.mjs";
import { callOf, calling } from "./harness/fronts.mjs";
import { openWorld, withWorld } from "./harness/world.mjs";

const CLIENTS = { bound: { service_binding: true, allow: [{ credential: "default", scope: GRAPH }] } };
const NOT_AN_OBJECT = "the argument must be one plain object of texts and numbers";
const GET = (code) => `env.BOUND.getToken(${code})`;

/** Name → the call, and what the error says. */
const MALFORMED = {
  nothing: [GET("undefined"), NOT_AN_OBJECT],
  null: [GET("null"), NOT_AN_OBJECT],
  text: [GET("'https://graph.microsoft.com/.default'"), NOT_AN_OBJECT],
  number: [GET("7"), NOT_AN_OBJECT],
  list: [GET("[{}]"), NOT_AN_OBJECT],
  date: [GET("new Date()"), NOT_AN_OBJECT],
  map: [GET("new Map([['scope', 's']])"), NOT_AN_OBJECT],
  bytes: [GET("new Uint8Array(8)"), NOT_AN_OBJECT],
  function: [GET("() => 1"), NOT_AN_OBJECT],
  request: [GET("new Request('https://a.example')"), NOT_AN_OBJECT],
  headers: [GET("new Headers()"), NOT_AN_OBJECT],
  error: [GET("new Error('x')"), NOT_AN_OBJECT],
  promise: [GET("{ scope: Promise.resolve(7).then }"), "parameter scope must be a text"],
  "function in it": [GET("{ scope: () => 's' }"), "parameter scope must be a text"],
  "function toJSON": [GET("{ toJSON: () => ({ scope: 's' }) }"), "parameter toJSON is not known: leave it out"],
  "scope null": [GET("{ scope: null }"), "parameter scope must be a text"],
  "scope list": [GET("{ scope: ['s'] }"), "parameter scope must be a text"],
  "scope date": [GET("{ scope: new Date() }"), "parameter scope must be a text"],
  "scope object": [GET("{ scope: { toString: () => 's' } }"), "parameter scope must be a text"],
  "credential bigint": [GET("{ credential: 7n }"), "parameter credential must be a text"],
  "claims object": [GET("{ claims: { access_token: {} } }"), "parameter claims must be a text"],
  "minTtl text": [GET("{ minTtl: '300' }"), "parameter minTtl must be a whole number of seconds"],
  "minTtl fraction": [GET("{ minTtl: 0.5 }"), "parameter minTtl must be a whole number of seconds"],
  "minTtl negative": [GET("{ minTtl: -1 }"), "parameter minTtl must be a whole number of seconds"],
  "minTtl NaN": [GET("{ minTtl: NaN }"), "parameter minTtl must be a whole number of seconds"],
  "minTtl Infinity": [GET("{ minTtl: Infinity }"), "parameter minTtl must be a whole number of seconds"],
  "minTtl huge": [GET("{ minTtl: 1e30 }"), "parameter minTtl must be a whole number of seconds"],
  "requestId number": [GET("{ requestId: 7 }"), "parameter requestId must be a text"],
  "unknown member": [GET("{ scope: 's', min_ttl: 7 }"), "parameter min_ttl is not known: leave it out"],
  "own proof": [GET("{ client_id: 'other' }"), "parameter client_id is not known: leave it out"],
  "own key": [GET("{ key: 'etb_x' }"), "parameter key is not known: leave it out"],
  "unspeakable name": [GET("{ 'a\\nb': 7 }"), "parameter (of another form) is not known: leave it out"],
  "inherited name": [GET("{ constructor: 's' }"), "parameter constructor is not known: leave it out"],
  "many members": [
    GET("Object.fromEntries(Array.from({ length: 1e5 }, (_, n) => ['m' + n, n]))"),
    "parameter m0 is not known: leave it out",
  ],
  "an unknown one behind many that are undefined": [
    GET(
      "{ ...Object.fromEntries(Array.from({ length: 20 }, (_, n) => ['m' + n, undefined])), scope: 's', client_id: 'x' }",
    ),
    "parameter client_id is not known: leave it out",
  ],
  "long scope": [GET("{ scope: 's'.repeat(3000) }"), "scope is malformed (RFC 6749 section 3.3)"],
  "very long scope": [GET("{ scope: 's'.repeat(4e6) }"), "parameter scope is over 16 KiB"],
  "long claims": [
    GET("{ claims: '{' + ' '.repeat(5000) + '}' }"),
    "parameter claims must be a JSON object of up to 4 KiB",
  ],
  "very long token": ["env.BOUND.revoke({ token: 't'.repeat(4e6) })", "parameter token is over 16 KiB"],
  "half a character": [GET("{ scope: '\\ud800' }"), "scope is malformed (RFC 6749 section 3.3)"],
  "no token": ["env.BOUND.revoke({})", "parameter token is missing"],
  "token number": ["env.BOUND.revoke({ token: 7 })", "parameter token must be a text"],
  "seconds for revoke": ["env.BOUND.revoke({ minTtl: 7 })", "parameter minTtl is not known: leave it out"],
};

const TYPE_ERRORS = {
  "no argument": "env.BOUND.getToken()",
  "two arguments": "env.BOUND.getToken({}, { client_id: 'other' })",
  "another context": "env.BOUND.getToken.call(null, {}, {}, { props: { client_id: 'bound' } })",
  "a path behind it": "env.BOUND.getToken.bind({})",
  "another method": "env.BOUND.call(false, '{}', 'bound')",
  "a Durable Object's": "env.BOUND.alarm()",
  "a class": "env.BOUND.TokenCoordinator()",
  "a queue": "env.BOUND.queue('q', [])",
};

const ACCEPTED = {
  undefined:
    "env.BOUND.getToken({ scope: 'https://graph.microsoft.com/.default', credential: undefined, nothing: undefined })",
  seconds: "env.BOUND.getToken({ minTtl: 0 })",
  "empty texts": "env.BOUND.getToken({ scope: '', claims: '', requestId: '' })",
};

const NO_RESULT = { scheduled: "env.BOUND.scheduled({ cron: 'x' })" };

const of = (table) => Object.entries(table).map(([name, [code, words] = []]) => [name, code, words]);
const codes = (table) => Object.fromEntries(of(table).map(([name, code]) => [name, code]));

let world;
before(async () => {
  const calls = { ...codes(MALFORMED), ...TYPE_ERRORS, ...ACCEPTED, ...NO_RESULT };
  world = await openWorld({ ...calling(calls), bound: { BOUND: { client_id: "bound" } }, bindings: { CLIENTS } });
});
after(() => world?.close());

for (const [name, , words] of of(MALFORMED)) {
  test(`an argument that is malformed (${name}) is an invalid request that says so`, async () => {
    const { thrown, result } = await callOf(world, { name });
    assert.ok(thrown, JSON.stringify(result));
    assert.deepEqual([thrown.name, thrown.status, thrown.message], ["invalid_request", 400, words]);
    // The text of the error, and behind it only lines of the caller.
    const [first, ...rest] = thrown.stack.split("\n");
    assert.equal(first, `invalid_request: ${words}`);
    for (const line of rest) assert.match(line, /front\.mjs/);
  });
}

for (const name of Object.keys(ACCEPTED)) {
  test(`an argument (${name}) is as good as one without what says nothing`, async () => {
    const { token, thrown } = await callOf(world, { name });
    assert.ok(token, JSON.stringify(thrown));
  });
}

for (const name of Object.keys(TYPE_ERRORS)) {
  test(`a bound Worker reaches nothing else: ${name}`, async () => {
    const { thrown, token, result } = await callOf(world, { name });
    assert.deepEqual([token, result], [undefined, undefined]);
    assert.match(thrown.name, /^(TypeError|Error|DataCloneError)$/);
  });
}

test("the cron handler gives a bound Worker nothing, and requests no token that is not to be kept warm", async () => {
  const before = world.authority.requests.length;
  const { token, result } = await callOf(world, { name: "scheduled" });
  assert.deepEqual([token, result], [undefined, "nothing"]);
  assert.equal(world.authority.requests.length, before);
});

/** The wasm panics: once, or each time. */
const panicking = (times) => `
export { default, TokenCoordinator, AssertionLedger } from "./index.js";
const fair = crypto.getRandomValues.bind(crypto);
let left = ${times};
crypto.getRandomValues = (bytes) => {
  if (left-- > 0) throw new Error("told to fail");
  return fair(bytes);
};`;

const FAILING = { ...calling(), bound: { BOUND: { client_id: "bound" } }, bindings: { CLIENTS }, breaks: true };

test("a broker that fails says so in the same form", () =>
  withWorld({ ...FAILING, main: panicking("Infinity") }, async (own) => {
    for (const method of ["getToken", "revoke"]) {
      const { thrown } = await callOf(own, { method, argument: { token: "t", requestId: "mine" } });
      const { name, status, message, requestId } = thrown;
      assert.deepEqual([name, status, message], ["server_error", 500, "the broker failed; try again"]);
      assert.equal(requestId, "mine");
    }
    const { thrown } = await callOf(own, { argument: { requestId: "not one\n" } });
    assert.match(thrown.requestId, /^[0-9a-f-]{36}$/);
  }));

test("after a panic the next call gets a new memory", () =>
  withWorld({ ...FAILING, main: panicking(1) }, async (own) => {
    const first = await callOf(own, { argument: { scope: GRAPH } });
    const { token, thrown } = first.token ? first : await callOf(own, { argument: { scope: GRAPH } });
    assert.ok(token, JSON.stringify(thrown));
  }));
