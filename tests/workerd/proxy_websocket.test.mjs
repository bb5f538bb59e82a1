// A WebSocket through the proxy: the token is in its handshake, the frames pass.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { after, before, test } from "node:test";

import { WebSocket, WebSocketServer } from "ws";

import { REPORTS } from "./harness/fixtures.mjs";
import { openProxy } from "./harness/proxy_world.mjs";

let proxy;
/** The sockets of the API. */
const accepted = [];
const server = new WebSocketServer({ noServer: true, handleProtocols: (offered) => [...offered].at(-1) });

before(async () => {
  proxy = await openProxy();
  proxy.api.onUpgrade((request, socket, head) => {
    if (request.url.startsWith("/base/refused"))
      return socket.end("HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno");
    return server.handleUpgrade(request, socket, head, (webSocket) => {
      accepted.push({ webSocket, headers: request.headers });
      webSocket.on("message", (data, binary) => webSocket.send(data, { binary }));
    });
  });
});
after(async () => {
  for (const { webSocket } of accepted) webSocket.terminate();
  await proxy?.close();
});

const connect = (path, protocols = [], headers = {}) =>
  new WebSocket(`ws://127.0.0.1:${proxy.port}/api/api-0${path}`, protocols, {
    headers: { Authorization: `Bearer ${REPORTS.key}`, ...headers },
  });

test("frames pass as they are, both ways; the API sees the token and not the key", async () => {
  const requestId = "a-web-socket";
  const socket = connect("/echo", ["one", "two"], { "X-Request-Id": requestId, "X-Own": "1" });
  await once(socket, "open");
  assert.equal(socket.protocol, "two");
  const { headers } = accepted.at(-1);
  assert.equal(headers.authorization, `Bearer ${proxy.world.authority.issued.at(-1)}`);
  assert.equal(headers["x-own"], "1");
  for (const sent of [Buffer.from("hello"), randomBytes(500_000)]) {
    const isBinary = sent.length > 5;
    socket.send(sent, { binary: isBinary });
    const [data, binary] = await once(socket, "message");
    assert.deepEqual([binary, Buffer.compare(data, sent)], [isBinary, 0]);
  }
  socket.close(4001, "enough");
  const [code, reason] = await once(accepted.at(-1).webSocket, "close");
  assert.deepEqual([code, reason.toString()], [4001, "enough"]);
  const { status, outcome } = await proxy.logOf({ requestId });
  assert.deepEqual([status, outcome], [101, "passed"]);
});

test("the API closes it: the caller has the code", async () => {
  const socket = connect("/echo");
  await once(socket, "open");
  accepted.at(-1).webSocket.close(4002, "over");
  const [code, reason] = await once(socket, "close");
  assert.deepEqual([code, reason.toString()], [4002, "over"]);
});

test("one side is gone: so is the other", async () => {
  for (const gone of ["api", "caller"]) {
    const socket = connect("/echo");
    await once(socket, "open");
    const { webSocket } = accepted.at(-1);
    const [leaving, left] = gone === "api" ? [webSocket, socket] : [socket, webSocket];
    left.on("error", () => {});
    leaving.terminate();
    const [code] = await once(left, "close");
    assert.equal(code, 1006);
  }
});

test("the API refuses it: the caller has that answer", async () => {
  const socket = connect("/refused");
  socket.on("error", () => {});
  const [, response] = await once(socket, "unexpected-response");
  assert.equal(response.statusCode, 403);
  const [body] = await once(response, "data");
  assert.equal(body.toString(), "no");
});

test("without a proof there is none", async () => {
  const socket = connect("/echo", [], { Authorization: "Bearer nobody" });
  socket.on("error", () => {});
  const before = accepted.length;
  const [, response] = await once(socket, "unexpected-response");
  assert.equal(response.statusCode, 401);
  response.resume();
  assert.equal(accepted.length, before);
});
