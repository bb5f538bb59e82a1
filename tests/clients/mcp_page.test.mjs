// The blocks of docs/mcp.md for clients: what runs is run, and what only says a URL and a header is what a client needs.

import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";

import { REPORTS } from "../workerd/harness/fixtures.mjs";
import { runShell } from "./harness/child.mjs";
import { block, environment } from "./harness/docs.mjs";
import { Mcp } from "./harness/mcp_world.mjs";
import { NodeProgram } from "./harness/node_program.mjs";

const TOOLS = ["echo", "report"];
/** `--fail-with-body` came with curl 7.76. */
const { stdout: help } = await runShell("curl --help all || true", {});
const skip = help.includes("--fail-with-body") ? false : "no curl of version 7.76 or later on this machine";

let own;
before(async () => (own = await Mcp.open()));
afterEach(() => own.closeClients());
after(() => own?.close());

const given = (key = REPORTS.key) => environment(["mcp-environment"], { MCP_URL: own.urlOf(), BROKER_KEY: key });

test("the program for the SDK", async () => {
  const program = await NodeProgram.start(block("mcp-typescript").text, given());
  try {
    const { value, error } = await program.call();
    assert.deepEqual(value, TOOLS, error?.text);
  } finally {
    await program.stop();
  }
});

test("the line of curl prints what the server says, and ends with 22 where the key is wrong", { skip }, async () => {
  const { code, stdout, stderr } = await runShell(block("mcp-curl").text, { env: given() });
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^mcp-session-id: [0-9a-f-]{36}\r$/im);
  assert.match(stdout, /"serverInfo":\{"name":"stand-in"/);
  assert.doesNotMatch(stdout, /^cache-status:/im);
  const wrong = await runShell(block("mcp-curl").text, { env: given(`etb_${"A".repeat(43)}`) });
  assert.equal(wrong.code, 22);
  assert.match(wrong.stdout, /^cache-status: edge-token-broker/im);
  assert.match(wrong.stdout, /client authentication failed/);
});

/** The tools by a URL of the page and a header. */
async function tools(url, header) {
  const { MCP_URL } = environment(["mcp-environment"], {});
  assert.equal(url, MCP_URL);
  const { client } = await own.connect({ header });
  return (await client.listTools()).tools.map(({ name }) => name);
}

test("URL and header of VS Code", async () => {
  const { inputs, servers } = JSON.parse(block("mcp-vscode").text);
  const { type, url, headers } = servers.reports;
  assert.deepEqual([type, Object.keys(headers)], ["http", ["Authorization"]]);
  const header = headers.Authorization.replace(`\${input:${inputs[0].id}}`, REPORTS.key);
  assert.deepEqual(await tools(url, header), TOOLS);
});

test("URL and header of mcp-remote", async () => {
  const { args, env } = JSON.parse(block("mcp-claude-desktop").text).mcpServers.reports;
  const [, , url, option, text] = args;
  assert.deepEqual([option, text], ["--header", "Authorization:${AUTHORIZATION}"]);
  assert.deepEqual(await tools(url, env.AUTHORIZATION.replace("etb_…", REPORTS.key)), TOOLS);
});
