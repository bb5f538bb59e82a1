// An MCP client of the real SDK, unmodified and with one fixed header, talks through the broker to an MCP server that wants
// OAuth tokens with client credentials. Gates in the server hold back what comes later, so nothing of a stream is buffered.

import assert from "node:assert/strict";
import { after, afterEach, before, describe, test } from "node:test";
import { ToolListChangedNotificationSchema } from "@modelcontextprotocol/sdk/types.js";

import { until } from "../workerd/harness/until.mjs";
import { Mcp } from "./harness/mcp_world.mjs";
import { cell } from "./harness/table.mjs";

let own;
before(async () => (own = await Mcp.open()));
afterEach(() => own.closeClients());
after(() => own?.close());

/** A gate before the result of the tool `report`, and what opens it. */
function gate() {
  const { promise, resolve } = Promise.withResolvers();
  own.server.gate = promise;
  return () => resolve();
}

/** Calls the tool `report`, and waits for its notification. Its result is for later. */
async function reporting({ client }) {
  const { promise, resolve, reject } = Promise.withResolvers();
  const result = client.callTool({ name: "report" }, undefined, { onprogress: resolve });
  result.catch(reject);
  assert.deepEqual(await promise, { progress: 1, total: 2 });
  return { result: result.then(({ content }) => content[0].text) };
}

test("initializes, lists the tools and calls one, with one token for all of it", async () => {
  const { client } = await own.connect();
  assert.equal(client.getServerVersion().name, "stand-in");
  const { tools } = await client.listTools();
  assert.deepEqual(
    tools.map(({ name }) => name),
    ["echo", "report"],
  );
  const { content } = await client.callTool({ name: "echo", arguments: { text: "Grüße, 世界" } });
  assert.deepEqual(content, [{ type: "text", text: "Grüße, 世界" }]);
  const tokens = new Set(own.server.received.map(({ token }) => token));
  assert.deepEqual([...tokens], own.world.authority.issued);
});

test("a notification comes before the result of its call", async () => {
  const agent = await own.connect();
  const open = gate();
  const { result } = await reporting(agent);
  open();
  assert.equal(await result, "the report");
});

test("what the server tells of itself comes on the stream of a GET that stays open", async () => {
  const agent = await own.connect();
  const stream = await own.listening(agent);
  const { server } = own.server.session(agent.transport.sessionId);
  for (let times = 0; times < 2; times += 1) {
    const { promise, resolve } = Promise.withResolvers();
    agent.client.setNotificationHandler(ToolListChangedNotificationSchema, resolve);
    await server.sendToolListChanged();
    await promise;
  }
  assert.ok(!stream.response.writableEnded);
  assert.deepEqual(agent.errors, []);
});

test("a client that goes away ends its streams at the server", async () => {
  const agent = await own.connect();
  const stream = await own.listening(agent);
  await agent.client.close();
  await stream.closed;
});

test("the session and the protocol version pass both ways, the key and the broker's host do not", async () => {
  const agent = await own.connect();
  const { client, transport } = agent;
  await client.listTools();
  const { headers } = own.requestsOf(agent, "POST").at(-1);
  assert.ok(own.server.sessions.has(transport.sessionId));
  assert.equal(headers["mcp-session-id"], transport.sessionId);
  assert.equal(headers["mcp-protocol-version"], transport.protocolVersion);
  assert.equal(headers["host"], new URL(own.server.url).host);
  assert.equal(headers["accept"], "application/json, text/event-stream");
});

test("what a client of the revision 2026-07-28 sends beside passes", async () => {
  const sent = {
    "mcp-protocol-version": "2026-07-28",
    "mcp-method": "tools/call",
    "mcp-name": "=?base64?R3LDvMOfZQ==?=",
    "mcp-param-region": "eu-west1",
  };
  const answer = await own.post({ jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "echo" } }, sent);
  const { headers } = own.server.received.find((one) => one.headers["mcp-method"]);
  assert.deepEqual(Object.fromEntries(Object.keys(sent).map((name) => [name, headers[name]])), sent);
  assert.equal(answer.status, 400);
  assert.match(await answer.text(), /^\{"jsonrpc":"2.0","error":/, "the server's own words");
});

describe("a stream that was cut is resumed from its last event", () => {
  for (const [what, cut] of [
    ["between the broker and the server", () => own.server.cut("POST")],
    ["between the client and the broker", () => own.relay.cut()],
  ]) {
    test(what, async () => {
      const agent = await own.connect();
      await own.listening(agent);
      const open = gate();
      const { result } = await reporting(agent);
      const call = own.requestsOf(agent, "POST").at(-1);
      cut();
      await call.closed;
      const resumed = ({ headers }) => /^event:\d+$/.test(headers["last-event-id"]);
      await until(() => own.requestsOf(agent, "GET").some(resumed));
      open();
      assert.equal(await result, "the report");
    });
  }
});

test("a DELETE ends the session", async () => {
  const { client, transport } = await own.connect();
  const { sessionId } = transport;
  await transport.terminateSession();
  assert.equal(own.requestsOf({ transport: { sessionId } }, "DELETE").length, 1);
  assert.ok(!own.server.sessions.has(sessionId));
  await client.close();
});

test("the 404 of a session that the server has forgotten is the server's", async () => {
  const { client, transport } = await own.connect();
  const { sessionId } = transport;
  own.server.sessions.delete(sessionId);
  assert.equal(cell("The session has ended", "Status"), "404");
  await assert.rejects(client.listTools(), { code: 404, message: /Session not found/ });
  const answer = await own.post({ jsonrpc: "2.0", id: 1, method: "tools/list" }, { "mcp-session-id": sessionId });
  assert.equal(answer.status, 404);
  assert.equal(
    await answer.text(),
    '{"jsonrpc":"2.0","error":{"code":-32001,"message":"Session not found"},"id":null}',
  );
  assert.equal(answer.headers.get("cache-status"), null);
});
