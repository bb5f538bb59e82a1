// What no HTTP library sends: broken bodies, absurd sizes, odd paths. Each is answered or dropped, and the next request
// is served as if nothing had happened.

import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { after, afterEach, before, test } from "node:test";

import { assertError, assertToken, assertTokenError } from "./harness/expect.mjs";
import { GRAPH, REPORTS, SINGLE } from "./harness/fixtures.mjs";
import { openWorld } from "./harness/world.mjs";

const FORM = `grant_type=client_credentials&client_id=${SINGLE.id}&client_secret=${SINGLE.key}`;

let world;
before(async () => (world = await openWorld()));
after(() => world?.close());
afterEach(async () => {
  assertToken(await world.getToken({ scope: GRAPH }));
});

/** Sends `head` and `body` as they are; the socket stays open. */
function send(head, body = "") {
  const socket = connect(world.broker.port, "127.0.0.1").setEncoding("utf8");
  socket.write(`${head.join("\r\n")}\r\nHost: localhost\r\n\r\n${body}`);
  return socket;
}

const post = (...headers) => [
  "POST /oauth2/v2.0/token HTTP/1.1",
  "Content-Type: application/x-www-form-urlencoded",
  ...headers,
];

/** The status line of the response, once there is one. */
async function statusOf(socket) {
  const [answer] = await once(socket, "data");
  socket.destroy();
  return Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)[1]);
}

test("an announced body over 16 KiB is refused before it is sent", async () => {
  assert.equal(await statusOf(send(post("Content-Length: 1000000"), FORM)), 413);
});

test("a chunked body without end is refused at 16 KiB", async () => {
  const chunk = `1000\r\n${"x".repeat(4096)}\r\n`;
  assert.equal(
    await statusOf(
      send(post("Transfer-Encoding: chunked"), `${FORM.length.toString(16)}\r\n${FORM}\r\n${chunk.repeat(5)}`),
    ),
    413,
  );
});

test("a body in tiny chunks is put together", async () => {
  const chunks = [...FORM].map((character) => `1\r\n${character}\r\n`).join("");
  assert.equal(await statusOf(send(post("Transfer-Encoding: chunked"), `${chunks}0\r\n\r\n`)), 200);
});

test("a client that goes away in the middle of its body harms nobody", async () => {
  const socket = send(post(`Content-Length: ${FORM.length}`), FORM.slice(0, 20));
  await once(socket, "connect");
  await world.fetch("/healthz"); // by now the Worker waits for the rest
  socket.resetAndDestroy();
});

test("two Authorization headers are no authentication", async () => {
  const authorization = `Authorization: Bearer ${SINGLE.key}`;
  assert.equal(await statusOf(send(["GET /token HTTP/1.1", authorization, authorization])), 401);
});

for (const path of [
  "//oauth2/v2.0/token",
  "/%2e%2e/oauth2/v2.0/token",
  "/../oauth2/v2.0/token",
  "/default%2foauth2/v2.0/token",
  "/\\oauth2/v2.0/token",
  "/%00/oauth2/v2.0/token",
  "/%ff/oauth2/v2.0/token",
]) {
  test(`${path} is no way round the grants`, async () => {
    const socket = send(
      [`POST ${path} HTTP/1.1`, "Content-Type: application/x-www-form-urlencoded", `Content-Length: ${FORM.length}`],
      FORM,
    );
    const asked = world.authority.requests.length;
    const status = await statusOf(socket);
    // `/../` is resolved before the Worker sees it: then it is the plain token endpoint.
    assert.ok([400, 404].includes(status) || (status === 200 && /^\/(\.\.|%2e%2e)\//.test(path)), `status ${status}`);
    assert.ok(
      world.authority.requests
        .slice(asked)
        .every(({ path: upstream }) => /^\/[0-9a-f-]{36}\/oauth2\/v2\.0\/token$/.test(upstream)),
    );
  });
}

for (const host of ['a"b', "a\\b", "a<b>", "a%00b", "caf\u00e9", "user:pass@broker.example", "..", "x".repeat(1000)]) {
  test(`the metadata are JSON for the host ${host.slice(0, 30)}`, async () => {
    const socket = connect(world.broker.port, "127.0.0.1");
    socket.write(`GET /t/.well-known/openid-configuration HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
    const [head, body] = (await text(socket)).split("\r\n\r\n");
    // The runtime itself refuses some.
    if (!head.startsWith("HTTP/1.1 200 ")) return assert.match(head, /^HTTP\/1\.1 400 /);
    const { issuer, token_endpoint } = JSON.parse(body);
    assert.equal(token_endpoint, issuer.replace(/\/t$/, "/t/oauth2/v2.0/token"));
  });
}

test("a query of 16 kB is answered", async () => {
  assertTokenError(await world.getToken({ scope: "x".repeat(15_000) }), 400, "invalid_request");
  assertToken(await world.getToken({ scope: GRAPH, query: { padding: "x".repeat(15_000) } }));
});

test("a key of 16 kB is a wrong key", async () => {
  assertTokenError(await world.getToken({ scope: GRAPH, key: "x".repeat(15_000) }), 401, "invalid_token");
});

test("four thousand parameters are read, and one of them twice is still found", async () => {
  const padding = Array.from({ length: 4000 }, () => "a=").join("&");
  const twice = `${padding}&scope=${GRAPH}&scope=${GRAPH}`;
  const reply = await world.fetch("/oauth2/v2.0/token", {
    method: "POST",
    body: new URLSearchParams(`${FORM}&${twice}`),
  });
  assertTokenError(reply, 400, "invalid_request");
});

for (const [what, query] of [
  ["malformed percent-encoding", "scope=%zz%"],
  ["bytes that are not UTF-8", "scope=%ff%fe"],
  ["a NUL", "scope=a%00b"],
]) {
  test(`${what} in the query is no scope`, async () => {
    const reply = await world.fetch(`/token?${query}`, { headers: { Authorization: `Bearer ${REPORTS.key}` } });
    assert.ok([400, 403].includes(reply.status), reply.text);
    assertError(reply, reply.status, reply.body.error);
  });
}
