// Routes, methods, common headers, request ids (README; RFC 9110 §15.5.5, §15.5.6).

import assert from "node:assert/strict";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { after, before, test } from "node:test";

import { assertCommonHeaders, assertError, assertToken } from "./harness/expect.mjs";
import { DEFAULT_APP, GRAPH, REPORTS } from "./harness/fixtures.mjs";
import { openWorld } from "./harness/world.mjs";

const UUID_V4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

let world;
before(async () => (world = await openWorld()));
after(() => world?.close());

test("/healthz says that the Worker runs", async () => {
  const reply = await world.fetch("/healthz");
  assertCommonHeaders(reply);
  assert.deepEqual([reply.status, reply.body], [200, { status: "ok" }]);
});

test("/readyz is 200 when the configuration is valid", async () => {
  const reply = await world.fetch("/readyz");
  assertCommonHeaders(reply);
  assert.equal(reply.status, 200);
});

test("neither asks the authorization server or KV", async () => {
  const before = [world.authority.requests.length, world.kv.operations.length];
  await world.logOf(await world.fetch("/healthz"));
  await world.logOf(await world.fetch("/readyz"));
  assert.deepEqual([world.authority.requests.length, world.kv.operations.length], before);
});

for (const path of [
  "/",
  "/token/",
  "/Token",
  "/tokens",
  "/healthz/x",
  "/oauth2/v2.0/token/",
  "/oauth2/token",
  "/default/extra/oauth2/v2.0/token",
  "/default/oauth2/v1.0/token",
  "/stand-in/behaviour",
]) {
  test(`${path} is 404 not_found`, async () => {
    assertError(await world.fetch(path), 404, "not_found");
    assertError(await world.fetch(path, { method: "POST", body: new URLSearchParams() }), 404, "not_found");
  });
}

for (const [path, methods, allow] of [
  ["/token", ["POST", "PUT", "DELETE", "OPTIONS"], "GET, HEAD"],
  ["/healthz", ["POST", "DELETE"], "GET, HEAD"],
  ["/readyz", ["POST", "DELETE"], "GET, HEAD"],
  ["/oauth2/v2.0/token", ["GET", "PUT", "OPTIONS"], "POST"],
  [`/${DEFAULT_APP.tenant}/oauth2/v2.0/token`, ["GET", "DELETE"], "POST"],
]) {
  test(`${path} allows ${allow} only`, async () => {
    for (const method of methods) {
      const reply = await world.fetch(path, { method });
      assertError(reply, 405, "method_not_allowed");
      assert.equal(reply.headers.get("allow"), allow);
    }
  });
}

/** What comes over the wire: fetch() would not show a body that must not be there. */
async function wire(method, path, headers = []) {
  const socket = connect(world.broker.port, "127.0.0.1");
  const lines = [
    `${method} ${path} HTTP/1.1`,
    "Host: localhost",
    "Connection: close",
    "X-Request-Id: wire",
    ...headers,
  ];
  socket.write(`${lines.join("\r\n")}\r\n\r\n`);
  const [head, body] = (await text(socket)).split("\r\n\r\n");
  return { head: head.split("\r\n").sort(), body };
}

for (const [path, ...headers] of [
  ["/healthz"],
  ["/readyz"],
  [`/token?scope=${GRAPH}`, `Authorization: Bearer ${REPORTS.key}`],
  [`/token?scope=${GRAPH}`, "Authorization: Bearer wrong"],
  ["/token?scope=other", `Authorization: Bearer ${REPORTS.key}`],
  ["/nowhere"],
]) {
  test(`HEAD ${path} with ${headers.length} headers has status and headers of GET, and no body`, async () => {
    assertToken(await world.getToken({ scope: GRAPH }));
    // The seconds of a token that are left may differ by one.
    const steady = (line) => line.replace(/ttl=\d+/, "ttl");
    const [get, head] = [await wire("GET", path, headers), await wire("HEAD", path, headers)];
    assert.deepEqual(head.head.map(steady), get.head.map(steady));
    assert.equal(head.body, "");
    assert.ok(head.head.includes(`Content-Length: ${get.body.length}`), head.head.join());
  });
}

test("HEAD of a token that nobody holds fetches one, and is logged as HEAD", async () => {
  const scope = world.newScope();
  const headers = { Authorization: `Bearer ${REPORTS.key}` };
  const reply = await world.fetch(`/token?scope=${scope}`, { method: "HEAD", headers });
  assert.deepEqual([reply.status, reply.text], [200, ""]);
  const { method, outcome } = await world.logOf(reply);
  assert.deepEqual({ method, outcome }, { method: "HEAD", outcome: "miss" });
});

for (const header of ["client-request-id", "x-request-id"]) {
  test(`the caller's ${header} becomes X-Request-Id, and client-request-id upstream`, async () => {
    const id = `${header}:0123456789_-./~`;
    const reply = await world.getToken({ scope: world.newScope(), headers: { [header]: id } });
    assertToken(reply);
    assert.equal(reply.requestId, id);
    assert.equal(world.upstreamRequests(reply).length, 1);
    assert.equal((await world.logOf(reply)).request_id, id);
  });
}

test("64 characters are a sane request id", async () => {
  const id = "x".repeat(64);
  assert.equal((await world.fetch("/healthz", { headers: { "x-request-id": id } })).requestId, id);
});

for (const [what, id] of [
  ["65 characters", "x".repeat(65)],
  ["a space inside", "two words"],
  ["a character that is not ASCII", "caf\u00e9"],
  ["nothing", ""],
]) {
  test(`a request id with ${what} is replaced by a UUID v4`, async () => {
    const reply = await world.fetch("/healthz", { headers: { "x-request-id": id } });
    assert.match(reply.requestId, UUID_V4);
  });
}

test("without one, every response has a fresh UUID v4, errors too", async () => {
  const replies = await Promise.all([world.fetch("/healthz"), world.fetch("/nothing"), world.getToken({ key: "x" })]);
  for (const { requestId } of replies) assert.match(requestId, UUID_V4);
  assert.equal(new Set(replies.map(({ requestId }) => requestId)).size, replies.length);
});
