// What a page in a browser can read: every answer that its preflight permits. Its origin is listed only by a client of
// the registry.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, test } from "node:test";

import { registryEntries } from "../../cli/lib/registry-entry.mjs";
import { GRAPH, REPORTS, newClient } from "./harness/fixtures.mjs";
import { openWorld, withWorld } from "./harness/world.mjs";

const PAGE = "https://board.example";
const OTHER_PAGE = "https://other.example";
const BOARD = newClient("board");
const REGISTRY_KEY = randomBytes(32);
const options = { registry: true, bindings: { REGISTRY_KEY: REGISTRY_KEY.toString("base64") } };

let world;
before(async () => {
  world = await openWorld(options);
  await register(world);
});
after(() => world?.close());

async function register(world) {
  const entry = {
    key_sha256: [BOARD.digest],
    jwt: [{ issuer: "https://127.0.0.1:1", audience: "broker", subject: "ada" }],
    origins: [PAGE],
    allow: [{ credential: "default", scope: GRAPH }],
  };
  const entries = await registryEntries([{ id: BOARD.id, entry: JSON.stringify(entry) }], REGISTRY_KEY);
  for (const { key, value } of entries.flat())
    world.registry.values.set(key, { value: Buffer.from(value), expiresAt: Infinity });
}

const reader = ({ headers }) => headers.get("access-control-allow-origin");

const preflight = (world, origin, path = "/token") =>
  world.fetch(path, {
    method: "OPTIONS",
    headers: {
      Origin: origin,
      "Access-Control-Request-Method": "GET",
      "Access-Control-Request-Headers": "authorization,baggage,traceparent,tracestate",
    },
  });

const base64url = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
const jwt = (issuer) => {
  const claims = { iss: issuer, aud: "broker", sub: "ada", exp: Math.floor(Date.now() / 1000) + 300 };
  return `${base64url({ alg: "ES256", kid: randomBytes(8).toString("hex") })}.${base64url(claims)}.${"A".repeat(86)}`;
};

const REFUSALS = [
  ["a wrong key", 401, (world, headers) => world.getToken({ key: "wrong", headers })],
  [
    "a wrong JWT",
    401,
    (world, headers) => world.getToken({ key: jwt("https://nobody.example"), query: { client_id: BOARD.id }, headers }),
  ],
  [
    "an issuer that is down",
    503,
    (world, headers) => world.getToken({ key: jwt("https://127.0.0.1:1"), query: { client_id: BOARD.id }, headers }),
  ],
  ["nothing at all", 401, (world, headers) => world.fetch("/token", { headers })],
  ["a scope that is not granted", 403, (world, headers) => world.getToken({ client: BOARD, scope: "other", headers })],
  [
    "a body that is no form",
    400,
    (world, headers) => world.fetch("/oauth2/v2.0/token", { method: "POST", headers, body: "{}" }),
  ],
  [
    "a body that is too long",
    413,
    (world, headers) => world.postToken({ params: { padding: "x".repeat(20_000) }, headers }),
  ],
  ["another method", 405, (world, headers) => world.fetch("/token", { method: "POST", headers })],
  ["another path", 404, (world, headers) => world.fetch("/tokens", { headers })],
];

for (const [what, status, send] of REFUSALS) {
  test(`${what} is ${status}, which the page can read, and no other page`, async () => {
    for (const [origin, expected] of [
      [PAGE, PAGE],
      [OTHER_PAGE, null],
    ]) {
      const reply = await send(world, { Origin: origin });
      assert.deepEqual([reply.status, reader(reply)], [status, expected], reply.text);
    }
  });
}

test("the token of a client that does not list the origin cannot be read, whatever the preflight says", async () => {
  assert.equal(reader(await preflight(world, PAGE)), PAGE);
  const foreign = await world.getToken({ client: REPORTS, scope: GRAPH, headers: { Origin: PAGE } });
  assert.deepEqual([foreign.status, reader(foreign)], [200, null]);
  const own = await world.getToken({ client: BOARD, scope: GRAPH, headers: { Origin: PAGE } });
  assert.deepEqual([own.status, reader(own)], [200, PAGE]);
});

test("while the registry is down a page reads that, and no token of others", () =>
  withWorld(options, async (world) => {
    world.registry.reads = { status: 500 };
    for (const origin of [PAGE, OTHER_PAGE]) {
      const allowed = await preflight(world, origin);
      assert.deepEqual([allowed.status, reader(allowed)], [200, origin]);
      assert.equal((await world.logOf(allowed)).registry, "failed");
      const refused = await world.getToken({ client: BOARD, headers: { Origin: origin } });
      assert.deepEqual([refused.status, reader(refused)], [503, origin]);
      const token = await world.getToken({ client: REPORTS, scope: GRAPH, headers: { Origin: origin } });
      assert.deepEqual([token.status, reader(token)], [200, null]);
    }
    assert.equal(reader(await preflight(world, "null")), null);
  }));

test("a page can read that the configuration has a fault", () =>
  withWorld({ bindings: { AZ_TENANT: undefined } }, async (world) => {
    assert.equal((await preflight(world, PAGE)).status, 200);
    const reply = await world.getToken({ headers: { Origin: PAGE } });
    assert.deepEqual([reply.status, reader(reply)], [503, PAGE]);
  }));

/** Without randomness each request panics, as src/adapters/entropy.rs has it. */
const PANICS = `
export { TokenCoordinator } from "./index.js";
crypto.getRandomValues = () => { throw new Error("told to fail"); };`;

test("a page can read that the broker failed", () =>
  withWorld({ coordinator: { source: PANICS }, breaks: true }, async (world) => {
    const reply = await world.getToken({ headers: { Origin: PAGE, "X-Request-Id": "mine" } });
    assert.deepEqual([reply.status, reader(reply), reply.requestId], [500, PAGE, "mine"]);
    assert.equal(reply.headers.get("access-control-expose-headers"), "X-Request-Id");
    for (const headers of [{}, { Origin: "null" }]) assert.deepEqual(reader(await world.getToken({ headers })), null);
  }));
