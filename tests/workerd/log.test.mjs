// The request log: one JSON line for each request, printed once, at the end.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";

import { assertToken } from "./harness/expect.mjs";
import { GRAPH, REPORTS } from "./harness/fixtures.mjs";
import { openWorld, withWorld } from "./harness/world.mjs";

/** The fields of a line, from the table in docs/operations.md. */
const FIELDS = documentedFields(readFileSync(new URL("../../docs/operations.md", import.meta.url), "utf8"));

/** The names in the first column of the first table with a column `Field`. */
function documentedFields(document) {
  const [, table] = document.match(/^\| Field \|.*\n\|[-|]+\|\n((?:\|.*\n)+)/m);
  const columns = table
    .trimEnd()
    .split("\n")
    .map((row) => row.split("|")[1]);
  return new Set(columns.flatMap((column) => [...column.matchAll(/`(\w+)`/g)].map(([, name]) => name)));
}

let world;
before(async () => (world = await openWorld()));
after(() => world?.close());

/** The one log line of a reply, without what differs from request to request or is for people. */
async function lineOf(reply) {
  await world.logOf(reply); // a miss is logged when its KV write has ended, perhaps after a later request
  const lines = await world.broker.logLinesOf(reply);
  assert.equal(lines.length, 1);
  const { request_id, level, reason, upstream_ms, ...line } = lines[0];
  assert.equal(request_id, reply.requestId);
  assert.match(level, /^(info|warn|error)$/);
  for (const field of Object.keys(lines[0])) assert.ok(FIELDS.has(field), `${field} is not documented`);
  for (const value of Object.values(lines[0])) assert.ok(value !== null && value !== "", "an absent value is left out");
  return { line, upstream_ms };
}

test("a miss: who, what, from where, how long upstream took", async () => {
  const scope = world.newScope();
  world.authority.next({ slow: 50 });
  const { line, upstream_ms } = await lineOf(await world.getToken({ scope }));
  assert.deepEqual(line, {
    method: "GET",
    route: "token",
    client_id: REPORTS.id,
    proof: "key_sha256",
    credential: "default",
    scope,
    outcome: "miss",
    tier: "upstream",
    status: 200,
    upstream_requests: 1,
    upstream_status: 200,
  });
  assert.ok(Number.isInteger(upstream_ms) && upstream_ms >= 45 && upstream_ms < 5000, `upstream_ms is ${upstream_ms}`);
});

test("a hit: from which tier, and nothing about upstream", async () => {
  const scope = world.newScope();
  await world.logOf(await world.postToken({ scope }));
  const expected = {
    method: "POST",
    route: "token_endpoint",
    client_id: REPORTS.id,
    proof: "key_sha256",
    credential: "default",
    scope,
    outcome: "hit",
    status: 200,
  };
  const fromMemory = await lineOf(await world.postToken({ scope }));
  await world.restart();
  const fromKv = await lineOf(await world.postToken({ scope }));
  assert.deepEqual(fromMemory, { line: { ...expected, tier: "isolate" }, upstream_ms: undefined });
  assert.deepEqual(fromKv, { line: { ...expected, tier: "kv" }, upstream_ms: undefined });
});

for (const [path, route, status] of [
  ["/healthz", "healthz", 200],
  ["/readyz", "readyz", 200],
  ["/nothing", "other", 404],
]) {
  test(`${path} is logged as ${route}`, async () => {
    const { line } = await lineOf(await world.fetch(path));
    assert.deepEqual([line.method, line.route, line.status], ["GET", route, status]);
    assert.equal(line.client_id, undefined);
  });
}

test("a refused client is logged without what it sent", async () => {
  const key = `etb_${"x".repeat(43)}`;
  const reply = await world.postToken({
    scope: GRAPH,
    params: { client_id: "PlantedClientIdentifier", client_secret: key },
  });
  world.sweep.secret("id of an unknown client", "PlantedClientIdentifier");
  const { line } = await lineOf(reply);
  assert.deepEqual(line, { method: "POST", route: "token_endpoint", outcome: "invalid_client", status: 401 });
});

test("an upstream failure: its status and outcome", async () => {
  world.authority.next({ throttle: {} });
  const { line } = await lineOf(await world.getToken({ scope: world.newScope() }));
  assert.deepEqual([line.outcome, line.status, line.upstream_status], ["upstream_unavailable", 503, 429]);
});

test("a caller cannot forge a line or a field", async () => {
  const forged = 'x"\n{"level":"info","request_id":"forged"}\r\n';
  const replies = [
    await world.getToken({ scope: GRAPH, credential: forged }),
    await world.getToken({ scope: forged }),
    await world.fetch(`/${encodeURIComponent(forged)}`, { method: "POST" }),
    await world.postToken({ scope: GRAPH, path: `/${encodeURIComponent(forged)}/oauth2/v2.0/token` }),
  ];
  for (const reply of replies) await lineOf(reply);
  assert.deepEqual(
    world.broker.log.filter(({ request_id }) => request_id === "forged"),
    [],
  );
});

test("with LOG_HITS = false hits are not logged, and everything else is", () =>
  withWorld({ bindings: { LOG_HITS: "false" } }, async (own) => {
    const scope = own.newScope();
    const miss = await own.getToken({ scope });
    const hit = await own.getToken({ scope });
    const error = await own.getToken({ scope, key: "wrong" });
    assert.equal(assertToken(hit), assertToken(miss));
    assert.equal((await own.logOf(miss)).outcome, "miss");
    assert.equal((await own.logOf(error)).status, 401);
    assert.deepEqual(await own.broker.logLinesOf(hit), []);
  }));
