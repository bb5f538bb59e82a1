// What an MCP client meets whose token or key is refused, or that is not granted what it does (docs/mcp.md).

import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";

import { AUDIT, BILLING } from "../workerd/harness/fixtures.mjs";
import { Mcp } from "./harness/mcp_world.mjs";

/** APIs with tokens of their own. */
const APART = ["revoked", "refused", "large"];

let own;
before(async () => {
  own = await Mcp.open({
    change: ({ APIS, CLIENTS: { reports }, ...vars }) => {
      const apart = APART.map((name) => [name, { ...APIS.mcp, scope: `mcp:${name}` }]);
      const [{ methods }] = reports.allow;
      const CLIENTS = {
        reports: { ...reports, allow: [...reports.allow, ...APART.map((api) => ({ api, methods }))] },
        audit: { key_sha256: [AUDIT.digest], allow: [{ api: "mcp", methods: ["POST"] }] },
        billing: { key_sha256: [BILLING.digest], allow: [{ api: "mcp" }] },
      };
      return { ...vars, APIS: { ...APIS, ...Object.fromEntries(apart) }, CLIENTS };
    },
  });
});
afterEach(() => own.closeClients());
after(() => own?.close());

/** A client whose streams are all open. */
async function settled(api) {
  const agent = await own.connect({ api });
  await own.listening(agent);
  return agent;
}

const echo = async ({ client }, text) => (await client.callTool({ name: "echo", arguments: { text } })).content[0].text;

test("a token that the server has revoked is replaced within the call", async () => {
  const agent = await settled("revoked");
  const old = own.server.received.at(-1).token;
  own.server.revoked.add(old);
  assert.equal(await echo(agent, "twice"), "twice");
  const [first, second] = own.requestsOf(agent, "POST").slice(-2);
  assert.equal(first.token, old);
  assert.notEqual(second.token, old);
  assert.deepEqual(agent.errors, []);
  const line = await own.world.broker.logLine("the call", ({ route, repeated }) => route === "api" && repeated);
  assert.deepEqual([line.api, line.status, line.outcome], ["revoked", 200, "passed"]);
});

test("a call of more than 64 KiB fails once, and the next one has the new token", async () => {
  const agent = await settled("large");
  own.server.revoked.add(own.server.received.at(-1).token);
  const text = "x".repeat(100_000);
  await assert.rejects(echo(agent, text), { code: 401, message: /the token was revoked/ });
  assert.equal(await echo(agent, text), text);
});

test("a server that takes no token is heard itself, challenge and all", async () => {
  const agent = await settled("refused");
  const { revoked } = own.server;
  own.server.revoked = { has: () => true };
  try {
    await assert.rejects(echo(agent, ""), { code: 401, message: /the token was revoked/ });
    const answer = await own.post({ jsonrpc: "2.0", id: 1, method: "ping" }, {}, { api: "refused" });
    assert.equal(answer.status, 401);
    assert.match(answer.headers.get("www-authenticate"), /resource_metadata="http:.*\/oauth-protected-resource\/mcp"$/);
    assert.equal(answer.headers.get("cache-status"), null);
  } finally {
    own.server.revoked = revoked;
  }
});

test("a wrong key is told", async () => {
  await assert.rejects(own.connect({ key: `etb_${"A".repeat(43)}` }), {
    code: 401,
    message: /client authentication failed/,
  });
});

test("an API that is not granted is told", async () => {
  await assert.rejects(own.connect({ api: "unknown" }), { code: 403, message: /insufficient_scope/ });
});

test("methods that are not granted are told; without GET calls work all the same", async () => {
  await assert.rejects(own.connect({ key: BILLING.key }), { code: 403, message: /insufficient_scope.*method/ });
  const agent = await own.connect({ key: AUDIT.key });
  assert.equal(await echo(agent, "works"), "works");
  await assert.rejects(agent.transport.terminateSession(), { code: 403 });
  const answer = await fetch(own.urlOf(), { headers: { Authorization: `Bearer ${AUDIT.key}` } });
  assert.equal(answer.status, 403);
  assert.match(await answer.text(), /insufficient_scope.*method/);
});
