// Rate limiting bindings, CORS, metrics: all optional, none of them a lock.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { assertToken, assertTokenError } from "./harness/expect.mjs";
import { AUDIT, CLIENTS, GRAPH, REPORTS } from "./harness/fixtures.mjs";
import { openWorld, withWorld } from "./harness/world.mjs";

const PAGE = "https://app.example";
const bindings = { CLIENTS: { ...CLIENTS, reports: { ...CLIENTS.reports, origins: [PAGE] } } };

let world;
before(async () => (world = await openWorld({ bindings })));
after(() => world?.close());

const allowed = ({ headers }) => headers.get("access-control-allow-origin");

test("a page of an origin that the client lists may read the answer", async () => {
  const reply = await world.getToken({ scope: GRAPH, headers: { Origin: PAGE } });
  assert.equal(reply.status, 200);
  assert.equal(allowed(reply), PAGE);
  assert.equal(reply.headers.get("vary"), "Origin");
  assert.match(reply.headers.get("access-control-expose-headers"), /Cache-Status/);
  assert.equal(reply.headers.get("access-control-allow-credentials"), null);
  assert.equal(reply.headers.get("pragma"), "no-cache");
  assert.match(reply.headers.get("cache-status"), /^edge-token-broker; /);
});

for (const origin of [
  "https://evil.example",
  "null",
  "https://app.example.evil.example",
  "http://app.example",
  "https://APP.example",
]) {
  test(`a page of ${origin} may not`, async () => {
    assert.equal(allowed(await world.getToken({ scope: GRAPH, headers: { Origin: origin } })), null);
    assert.equal(allowed(await world.getToken({ scope: GRAPH, key: "wrong", headers: { Origin: origin } })), null);
  });
}

test("an origin is of the client that lists it, and of no other", async () => {
  const reply = await world.getToken({ client: AUDIT, scope: GRAPH, headers: { Origin: PAGE } });
  assertToken(reply);
  assert.equal(allowed(reply), null);
});

test("a page can read why it was refused", async () => {
  for (const asked of [{ key: "wrong" }, { scope: "https://other.example/.default" }]) {
    const reply = await world.getToken({ scope: GRAPH, headers: { Origin: PAGE }, ...asked });
    assert.notEqual(reply.status, 200);
    assert.equal(allowed(reply), PAGE);
  }
});

const preflight = (path, origin, requested = "authorization") =>
  world.fetch(path, {
    method: "OPTIONS",
    headers: {
      Origin: origin,
      "Access-Control-Request-Method": "GET",
      "Access-Control-Request-Headers": requested,
    },
  });

test("a preflight is answered for a listed origin", async () => {
  for (const path of ["/token", "/oauth2/v2.0/token"]) {
    const reply = await preflight(path, PAGE);
    assert.equal(reply.status, 200);
    assert.equal(allowed(reply), PAGE);
    assert.match(reply.headers.get("access-control-allow-methods"), /GET, POST/);
    for (const name of ["Authorization", "Traceparent", "Tracestate", "Baggage"])
      assert.match(reply.headers.get("access-control-allow-headers"), new RegExp(`(^|, )${name}(,|$)`));
    assert.equal(reply.headers.get("access-control-max-age"), "7200");
  }
});

test("a preflight permits the headers that it names, and repeats nothing else", async () => {
  const reply = await preflight("/token", PAGE, "x-amzn-trace-id, *, a b,x-dtpc");
  assert.match(
    reply.headers.get("access-control-allow-headers"),
    /^Authorization, .*, Baggage, x-amzn-trace-id, x-dtpc$/,
  );
});

test("a preflight of another origin, or of none, is a method that does not exist", async () => {
  for (const reply of [
    await preflight("/token", "https://evil.example"),
    await world.fetch("/token", { method: "OPTIONS" }),
  ]) {
    assert.equal(reply.status, 405);
    assert.equal(reply.headers.get("allow"), "GET, HEAD");
    assert.equal(allowed(reply), null);
  }
});

/** A rate limiting binding that admits `most` for each key and says what it was asked. */
const limiter = (most) => `
import { WorkerEntrypoint } from "cloudflare:workers";
const counts = new Map();
export default class extends WorkerEntrypoint {
  limit({ key }) {
    counts.set(key, (counts.get(key) ?? 0) + 1);
    console.log("LIMIT " + key);
    return { success: counts.get(key) <= ${most} };
  }
}`;

/** 429, with when to come back, and which limit has nothing left. */
function assertSlowDown(reply, policy) {
  assertTokenError(reply, 429, "slow_down");
  assert.match(reply.headers.get("retry-after"), /^[1-9]\d?$/);
  assert.equal(reply.headers.get("ratelimit"), `"${policy}";r=0`);
}

test("a client over its limit is slowed down; the others are not", () =>
  withWorld({ beside: { CLIENT_RATE_LIMIT: limiter(3) } }, async (world) => {
    for (let n = 0; n < 3; n += 1) assertToken(await world.getToken({ scope: GRAPH }));
    const reply = await world.getToken({ scope: GRAPH });
    assertSlowDown(reply, "client");
    assertSlowDown(await world.postToken({ scope: GRAPH }), "client");
    const { outcome, client_id, status } = await world.logOf(reply);
    assert.deepEqual({ outcome, client_id, status }, { outcome: "slow_down", client_id: REPORTS.id, status: 429 });
    const other = await world.getToken({ client: AUDIT, scope: GRAPH });
    assertToken(other);
    assert.equal(other.headers.get("ratelimit"), null);
    assertTokenError(await world.getToken({ key: "wrong", scope: GRAPH }), 401, "invalid_token");
  }));

test("failed authentication is counted by address, and success is not", () =>
  withWorld({ beside: { FAILED_AUTH_RATE_LIMIT: limiter(3) } }, async (world) => {
    const from = (address, key) => world.getToken({ key, scope: GRAPH, headers: { "CF-Connecting-IP": address } });
    for (let n = 0; n < 5; n += 1) assertToken(await from("192.0.2.1", REPORTS.key));
    for (let n = 0; n < 3; n += 1) assertTokenError(await from("192.0.2.1", "wrong"), 401, "invalid_token");
    const slowed = await from("192.0.2.1", "wrong");
    assertSlowDown(slowed, "failed-authentication");
    assert.equal((await world.logOf(slowed)).address, "192.0.2.1");
    for (const host of ["7", "8", "ffff:9"])
      assertTokenError(await from(`2001:db8::${host}`, "wrong"), 401, "invalid_token");
    assertSlowDown(await from("2001:db8::a", "wrong"), "failed-authentication");
    assertTokenError(await from("2001:db8:0:1::7", "wrong"), 401, "invalid_token");
    assertToken(await from("192.0.2.1", REPORTS.key));
    assert.equal(world.broker.printed(/^LIMIT 192\.0\.2\.1$/).length, 4);
  }));

for (const [what, source] of [
  ["fails", `limit() { throw new Error("told to fail"); }`],
  ["never answers", `limit() { return new Promise(() => {}); }`],
]) {
  test(`a rate limiting binding that ${what} is never why there is no token`, () => {
    const broken = `import { WorkerEntrypoint } from "cloudflare:workers"; export default class extends WorkerEntrypoint { ${source} }`;
    return withWorld({ beside: { CLIENT_RATE_LIMIT: broken } }, async (world) => {
      assertToken(await world.getToken({ scope: GRAPH }));
    });
  });
}

const dataset = `export default () => ({ writeDataPoint(point) { console.log("POINT " + JSON.stringify(point)); } });`;

test("metrics: a data point for each request, hits too when the log leaves them out", () =>
  withWorld({ wrapped: { METRICS: dataset }, bindings: { LOG_HITS: "false" } }, async (world) => {
    await world.getToken({ scope: GRAPH });
    await world.getToken({ scope: GRAPH });
    await world.postToken({ scope: GRAPH, params: { client_secret: "wrong" } });
    await world.broker.logLine("the last request", ({ outcome }) => outcome === "invalid_client");
    const points = world.broker.printed(/^POINT /).map((line) => JSON.parse(line.slice(6)));
    assert.deepEqual(
      points.map(({ indexes }) => indexes),
      [["reports"], ["reports"], ["reports"]],
    );
    assert.deepEqual(points[1].blobs, ["reports", "hit", "isolate", "default", "token", "key_sha256", GRAPH]);
    assert.deepEqual(points[1].doubles, [0, 0, 200]);
    const [miss, , refused] = points;
    assert.deepEqual(miss.blobs.slice(1, 3), ["miss", "upstream"]);
    assert.ok(miss.doubles[1] === 1 && miss.doubles[2] === 200);
    assert.deepEqual(refused.blobs, ["reports", "invalid_client", "", "", "token_endpoint", "", ""]);
  }));

test("an address that is none stays out of the log", async () => {
  for (const address of ["x".repeat(100), "192.0.2.1 or so", `{"a":1}`]) {
    const reply = await world.getToken({ scope: GRAPH, headers: { "CF-Connecting-IP": address } });
    assert.equal((await world.logOf(reply)).address, undefined);
  }
});
