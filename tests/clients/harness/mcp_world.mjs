// An MCP server that wants OAuth tokens, a broker that is configured for it as docs/mcp.md says, and clients of the real SDK
// that know nothing but a URL and one header.

import { randomBytes } from "node:crypto";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { parse } from "smol-toml";

import { REPORTS } from "../../workerd/harness/fixtures.mjs";
import { until } from "../../workerd/harness/until.mjs";
import { openWorld } from "../../workerd/harness/world.mjs";
import { block } from "./docs.mjs";
import { ProtectedMcpServer } from "./mcp_server.mjs";
import { Relay } from "./relay.mjs";

/** @import { World } from "./libraries.mjs" */

/** @typedef {Record<string, any>} Table Of wrangler.toml. */

/** @typedef {{ client: Client, transport: StreamableHTTPClientTransport, errors: Error[] }} Agent */

/**
 * The tables of the page, for this MCP server.
 * @param {ProtectedMcpServer} server
 * @returns {Table}
 */
function configured({ url, app }) {
  const own = {
    "https://mcp.example/mcp": url,
    "<client id>": app.clientId,
    "<digest of the client key>": REPORTS.digest,
  };
  const text = Object.entries(own).reduce(
    (toml, [theirs, ours]) => toml.replaceAll(theirs, ours),
    block("mcp-configuration").text,
  );
  const { vars } = /** @type {{ vars: Table }} */ (/** @type {unknown} */ (parse(text)));
  return { ...vars, [vars.CREDENTIALS.mcp.client_secret]: app.secrets[0] };
}

/** The MCP server, the broker, and a relay through which clients reach the broker. */
export class Mcp {
  /** @type {Agent[]} */
  #agents = [];

  /**
   * @param {ProtectedMcpServer} server
   * @param {World} world
   * @param {Relay} relay
   */
  constructor(server, world, relay) {
    this.server = server;
    /** @type {World} */
    this.world = world;
    this.relay = relay;
  }

  /** @param {{ change?: (vars: Table) => Table }} options What differs from the page. */
  static async open({ change = (vars) => vars } = {}) {
    const server = await ProtectedMcpServer.start(randomBytes(18).toString("base64url"));
    const world = await openWorld({
      bindings: (authority) => {
        server.trust(authority);
        return change(configured(server));
      },
    });
    world.authority.apps.push(server.app);
    return new Mcp(server, world, await Relay.start(world.broker.port));
  }

  async close() {
    this.relay.close();
    this.server.close();
    this.world.sweep.record("bytes to the MCP clients", this.relay.answered);
    await this.world.close();
  }

  urlOf(api = "mcp") {
    return `${this.relay.url}/api/${api}`;
  }

  /**
   * A client that has initialized.
   * @param {{ api?: string, key?: string, header?: string }} own
   * @returns {Promise<Agent>}
   */
  async connect({ api = "mcp", key = REPORTS.key, header = `Bearer ${key}` } = {}) {
    const transport = new StreamableHTTPClientTransport(new URL(this.urlOf(api)), {
      requestInit: { headers: { Authorization: header } },
    });
    const client = new Client({ name: "agent", version: "1.0.0" });
    /** @type {Error[]} */
    const errors = [];
    client.onerror = (error) => void errors.push(error);
    this.#agents.push({ client, transport, errors });
    await client.connect(/** @type {any} */ (transport));
    return { client, transport, errors };
  }

  async closeClients() {
    for (const { client } of this.#agents.splice(0)) await client.close();
  }

  /**
   * What the MCP server has received in the session of a client.
   * @param {Agent} agent
   * @param {string} method
   */
  requestsOf({ transport }, method) {
    const { sessionId } = transport;
    return this.server.received.filter((one) => one.headers["mcp-session-id"] === sessionId && one.method === method);
  }

  /**
   * The GET stream of a client, when the server has opened it.
   * @param {Agent} agent
   */
  listening(agent) {
    return until(() => this.requestsOf(agent, "GET").find(({ response }) => response.headersSent));
  }

  /**
   * Sends a message without the SDK.
   * @param {object} message
   * @param {Record<string, string>} headers
   * @param {{ api?: string }} own
   */
  post(message, headers = {}, { api } = {}) {
    const usual = { Accept: "application/json, text/event-stream", "Content-Type": "application/json" };
    const authorization = { Authorization: `Bearer ${REPORTS.key}` };
    const init = { headers: { ...usual, ...authorization, ...headers }, body: JSON.stringify(message) };
    return fetch(this.urlOf(api), { method: "POST", ...init });
  }
}
