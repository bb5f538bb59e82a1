// Answers that are neither a token nor an error: one retry, then 502 server_error with Retry-After, and never upstream's
// text.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { assertHit, assertToken, assertTokenError } from "./harness/expect.mjs";
import { until } from "./harness/until.mjs";
import { openWorld, withWorld } from "./harness/world.mjs";

const MARKER = "PlantedByTheUpstreamServer";
const YEAR_SECONDS = 365 * 24 * 60 * 60;

let world;
before(async () => (world = await openWorld()));
after(() => world?.close());

describe("what is not understood", { concurrency: true }, () => {
  for (const [what, behaviour] of [
    ["an HTML page with status 200", { garbage: "html" }],
    ["truncated JSON", { garbage: "truncated" }],
    ["an empty body with status 200", { garbage: "empty" }],
    ["a JSON array", { reply: { body: "[]" } }],
    ["a JSON string", { reply: { body: `"${MARKER}"` } }],
    ["JSON nested ten thousand deep", { reply: { body: "[".repeat(10_000) } }],
    ["an access_token that is not ASCII", { token: { access_token: "\u00ff" } }],
    ["an empty 404", { reply: { status: 404 } }],
    [
      "a 400 without an OAuth error",
      { reply: { status: 400, body: `<p>${MARKER}</p>`, headers: { "Content-Type": "text/html" } } },
    ],
    ["a 403 of some proxy", { reply: { status: 403, body: MARKER, headers: { "Content-Type": "text/plain" } } }],
    ["a body over 256 KiB", { oversized: true }],
    ["a compressed body that unfolds to over 256 KiB", { oversized: true, gzip: true }],
    ["a token whose connection breaks", { cut: true }],
    ["a refusal whose connection breaks", { cut: true, refuse: 7000215 }],
    ["a missing access_token", { without: ["access_token"] }],
    ["an empty access_token", { token: { access_token: "" } }],
    ["an access_token that is no string", { token: { access_token: 42 } }],
    ["an access_token with a line break", { token: { access_token: `${MARKER}\r\nSet-Cookie: x=1` } }],
    ["a missing token_type", { without: ["token_type"] }],
    ["another token_type", { token: { token_type: "pop" } }],
    ["expires_in 0", { token: { expires_in: 0 } }],
    ["expires_in -1", { token: { expires_in: -1 } }],
    ['expires_in "-1"', { token: { expires_in: "-1" } }],
    ['expires_in "1e999"', { token: { expires_in: "1e999" } }],
    ['expires_in "NaN"', { token: { expires_in: "NaN" } }],
    ['expires_in "soon"', { token: { expires_in: "soon" } }],
    ['expires_in " "', { token: { expires_in: " " } }],
    ["expires_in true", { token: { expires_in: true } }],
    ["expires_in [3599]", { token: { expires_in: [3599] } }],
    [
      "expires_in 1e999 as a number",
      { reply: { body: '{"token_type":"Bearer","access_token":"eyJ.eyJ.x","expires_in":1e999}' } },
    ],
  ]) {
    test(`${what}, twice, is 502 server_error`, async () => {
      const scope = world.newScope();
      world.authority.next({ scope, ...behaviour }, { scope, ...behaviour });
      const reply = await world.getToken({ scope });
      assertTokenError(reply, 502, "server_error");
      assert.ok(!reply.text.includes(MARKER), reply.text);
      assert.equal(reply.headers.get("retry-after"), "1");
      assert.equal(world.upstreamRequests(reply).length, 2);
      assert.equal((await world.logOf(reply)).status, 502);
    });
  }
});

test("a page of a load balancer, once, costs a retry", async () => {
  world.authority.next({ garbage: "html" });
  const reply = await world.getToken({ scope: world.newScope() });
  assertToken(reply);
  assert.equal(world.upstreamRequests(reply).length, 2);
});

test("status 200 with an error is that error", async () => {
  const refusal = { error: "invalid_client", error_codes: [7000222], trace_id: "t" };
  world.authority.next({ reply: { status: 200, body: refusal } });
  const reply = await world.getToken({ scope: world.newScope() });
  assertTokenError(reply, 502, "server_error");
  assert.deepEqual([reply.body.error_codes, reply.body.trace_id], [[7000222], "t"]);
  assert.match(reply.body.error_description, /AADSTS7000222, trace id t\b.* has expired/);
  assert.equal(reply.headers.get("retry-after"), null);
  assert.equal(world.upstreamRequests(reply).length, 1);
});

test("an answer whose connection breaks keeps its status and its Retry-After", async () => {
  for (const [status, retryAfter] of [
    [200, "7"],
    [401, "7"],
    [404, "7"],
  ]) {
    const body = JSON.stringify({ access_token: "x".repeat(500) });
    world.authority.next({ cut: true, reply: { status, body, headers: { "Retry-After": retryAfter } } });
    const reply = await world.getToken({ scope: world.newScope() });
    assertTokenError(reply, 502, "server_error");
    assert.equal(reply.headers.get("retry-after"), retryAfter);
    assert.match(reply.body.error_description, /the answer was cut off/);
    const line = await world.logOf(reply);
    assert.deepEqual([line.outcome, line.upstream_status], ["not_a_token_response", status]);
    assert.match(line.reason, /cut off/);
  }
});

for (const status of [301, 302, 303, 307, 308]) {
  test(`a ${status} is 502 server_error and is not followed`, async () => {
    world.authority.next({ redirect: status });
    const reply = await world.getToken({ scope: world.newScope() });
    assertTokenError(reply, 502, "server_error");
    assert.equal(reply.headers.get("retry-after"), "1");
    assert.deepEqual(
      world.authority.requests.filter(({ path }) => path === "/redirected"),
      [],
    );
    assert.equal(world.upstreamRequests(reply).length, 1);
  });
}

test("without a coordinator an isolate remembers garbage by itself, and another one does not know of it", () =>
  withWorld({ coordinator: false }, async (own) => {
    const scope = own.newScope();
    // With a time of its own, so that it lasts as long as the test, and is not retried.
    own.authority.next({ scope, reply: { status: 404, headers: { "Retry-After": "60" } } });
    for (let n = 0; n < 3; n += 1) assert.equal((await own.getToken({ scope })).status, 502);
    assert.equal(own.upstreamFor(scope).length, 1);
    await own.restart();
    assertToken(await own.getToken({ scope }));
  }));

for (const [what, expiresIn, seconds] of [
  ["a string", "3599", 3599],
  ["a fraction, rounded down", 3599.9, 3599],
  ["exactly one year", YEAR_SECONDS, YEAR_SECONDS],
  ["more than a year, of which a year counts", YEAR_SECONDS + 1, YEAR_SECONDS],
  ["2147483647, which means for ever", 2147483647, YEAR_SECONDS],
  ['"9999999999999999999999"', "9999999999999999999999", YEAR_SECONDS],
]) {
  test(`expires_in as ${what} is accepted`, async () => {
    world.authority.next({ token: { expires_in: expiresIn, ext_expires_in: expiresIn } });
    const reply = await world.getToken({ scope: world.newScope() });
    assertToken(reply);
    assert.ok(reply.body.expires_in <= seconds && reply.body.expires_in > seconds - 10, reply.text);
    assert.equal(reply.body.ext_expires_in, reply.body.expires_in);
  });
}

test("an expires_in that is missing, null or empty is taken for ten minutes", async () => {
  const absent = { expires_in: null, ext_expires_in: null, refresh_in: null, scope: null };
  for (const behaviour of [{ without: ["expires_in"] }, { token: absent }, { token: { expires_in: "" } }]) {
    world.authority.next(behaviour);
    const reply = await world.getToken({ scope: world.newScope() });
    assertToken(reply);
    assert.ok(reply.body.expires_in <= 600 && reply.body.expires_in > 590, reply.text);
  }
});

test("a token for ever is in KV for a year, and is served from there", () =>
  withWorld({}, async (own) => {
    const scope = own.newScope();
    own.authority.next({ token: { expires_in: 2147483647 } });
    const first = await own.getToken({ scope });
    const { expirationTtl } = await until(() => own.kv.puts[0]);
    assert.ok(expirationTtl <= YEAR_SECONDS && expirationTtl > YEAR_SECONDS - 10, `${expirationTtl}`);
    await own.restart();
    const hit = await own.getToken({ scope });
    assert.equal(assertToken(hit), assertToken(first));
    assertHit(hit, "kv");
  }));

test("token_type is case-insensitive upstream and always Bearer here", async () => {
  world.authority.next({ token: { token_type: "bearer" } });
  assertToken(await world.getToken({ scope: world.newScope() }));
});

test("fields that the broker does not know are not passed on", async () => {
  world.authority.next({ token: { refresh_token: MARKER, id_token: MARKER, client_info: MARKER, refresh_in: 1800 } });
  const reply = await world.getToken({ scope: world.newScope() });
  assertToken(reply);
  assert.ok(!reply.text.includes(MARKER));
});

test("a compressed response is read", async () => {
  world.authority.next({ gzip: true });
  assertToken(await world.getToken({ scope: world.newScope() }));
});

test("a response a little below 256 KiB is read", async () => {
  world.authority.next({ token: { padding: "x".repeat(250 * 1024) } });
  assertToken(await world.getToken({ scope: world.newScope() }));
});
