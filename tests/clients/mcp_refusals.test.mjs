// What an MCP client meets whose token or key is refused, or that is not granted what it does, is what docs/mcp.md says.

import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { inspect } from "node:util";

import { AUDIT, BILLING } from "../workerd/harness/fixtures.mjs";
import { Mcp } from "./harness/mcp_world.mjs";
import { cell } from "./harness/table.mjs";

/** APIs with tokens of their own. */
const APART = ["revoked", "unheard", "large", "refusing", "silent"];
const NOBODY = "http://127.0.0.1:1/mcp";

let own;
before(async () => {
  own = await Mcp.open({
    change: ({ APIS, CLIENTS: { reports }, ...vars }) => {
      const [grant] = reports.allow;
      const apart = APART.map((name) => [name, { ...APIS.mcp, scope: `mcp:${name}` }]);
      const allow = [...reports.allow, ...[...APART, "down"].map((api) => ({ ...grant, api }))];
      const CLIENTS = {
        reports: { ...reports, allow },
        audit: { key_sha256: [AUDIT.digest], allow: [{ ...grant, methods: ["POST"] }] },
        billing: { key_sha256: [BILLING.digest], allow: [{ api: "mcp" }] },
      };
      return { ...vars, APIS: { ...APIS, ...Object.fromEntries(apart), down: { ...APIS.mcp, base: NOBODY } }, CLIENTS };
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

/** The error has the texts that the page quotes. */
async function assertShown(situation, promise) {
  const error = await promise.then(
    () => assert.fail("no error"),
    (reason) => reason,
  );
  assert.equal(error.code, Number(cell(situation, "Status")), error.message);
  const quoted = [...cell(situation, "`@modelcontextprotocol/sdk` shows").matchAll(/`([^`]+)`/g)];
  for (const [, text] of quoted) assert.ok(inspect(error).includes(text), `"${text}" is not in ${inspect(error)}`);
  return error;
}

test("a token that the server has revoked is replaced within the call", async () => {
  const agent = await settled("revoked");
  const [{ token: old }] = own.requestsOf(agent, "GET");
  own.server.revoked.add(old);
  assert.equal(await echo(agent, "twice"), "twice");
  const [first, second] = own.requestsOf(agent, "POST").slice(-2);
  assert.equal(first.token, old);
  assert.notEqual(second.token, old);
  assert.deepEqual(agent.errors, []);
  const line = await own.world.broker.logLine("the call", ({ route, repeated }) => route === "api" && repeated);
  assert.deepEqual([line.api, line.method, line.status, line.outcome], ["revoked", "POST", 200, "passed"]);
});

test("a call of more than 64 KiB fails once, and the next one has the new token", async () => {
  const agent = await settled("large");
  own.server.revoked.add(own.requestsOf(agent, "GET")[0].token);
  const text = "x".repeat(100_000);
  await assert.rejects(echo(agent, text), { code: 401, message: /the token was revoked/ });
  assert.equal(await echo(agent, text), text);
});

test("a server that takes no token is heard itself, challenge and all", async () => {
  const agent = await settled("unheard");
  const { revoked } = own.server;
  own.server.revoked = { has: () => true };
  try {
    const { message } = await assertShown("The MCP server takes no token", echo(agent, ""));
    assert.match(message, /the token was revoked/);
    const answer = await own.post({ jsonrpc: "2.0", id: 1, method: "ping" }, {}, { api: "unheard" });
    assert.equal(answer.status, 401);
    assert.match(answer.headers.get("www-authenticate"), /resource_metadata="http:.*\/oauth-protected-resource\/mcp"$/);
    assert.equal(answer.headers.get("cache-status"), null);
  } finally {
    own.server.revoked = revoked;
  }
});

test("a wrong key", () => assertShown("Wrong client key", own.connect({ key: `etb_${"A".repeat(43)}` })));

test("an API that is not granted", () => assertShown("The API is not granted", own.connect({ api: "unknown" })));

test("a path that is not granted", () => assertShown("The path is not granted", own.connect({ api: "mcp/below" })));

test("the base itself may end in a slash", async () => {
  await assert.rejects(own.connect({ api: "mcp/" }), { code: 404, message: /^Streamable HTTP error: [^{]*$/ });
});

test("a method that is not granted; without GET calls work all the same", async () => {
  await assertShown("The method is not granted", own.connect({ key: BILLING.key }));
  const agent = await own.connect({ key: AUDIT.key });
  assert.equal(await echo(agent, "works"), "works");
  await assert.rejects(agent.transport.terminateSession(), { code: 403 });
  const answer = await fetch(own.urlOf(), { headers: { Authorization: `Bearer ${AUDIT.key}` } });
  assert.equal(answer.status, 403);
  assert.match(await answer.text(), /insufficient_scope.*not granted this method/);
  assert.match(answer.headers.get("cache-status"), /^edge-token-broker; detail=method_not_granted/);
});

test("an authorization server that refuses the broker", async () => {
  own.world.authority.next({ scope: "mcp:refusing", refuse: "invalid_client" });
  await assertShown("The authorization server refuses the broker's credential", own.connect({ api: "refusing" }));
});

test("an authorization server that is down", async () => {
  own.world.authority.next(...Array.from({ length: 4 }, () => ({ scope: "mcp:silent", reset: true })));
  await assertShown("The authorization server is down", own.connect({ api: "silent" }));
});

test("an MCP server that is down", () => assertShown("The MCP server is down", own.connect({ api: "down" })));
