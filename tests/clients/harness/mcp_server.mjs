// A stand-in MCP server that wants OAuth tokens: the server of the real SDK behind the metadata of a protected resource
// (RFC 9728), a challenge, and a check of each token by the authorization server's keys.

/** @import { AddressInfo } from "node:net" */
/** @import { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http" */
/** @import { App } from "../../../stand-in/server.mjs" */

import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import { createRemoteJWKSet, jwtVerify } from "jose";

import { EventStore, newMcpServer } from "./mcp_tools.mjs";

/** How soon a client reconnects whose stream was cut: the SSE field `retry`. */
const RETRY_MS = 1;
const METADATA = "/.well-known/oauth-protected-resource";

/**
 * @typedef {object} Received A request to the MCP endpoint.
 * @property {string} method
 * @property {IncomingHttpHeaders} headers
 * @property {string} token
 * @property {ServerResponse} response
 * @property {Promise<unknown>} closed When the answer has ended, or its connection.
 */

/** @typedef {{ transport: StreamableHTTPServerTransport, server: ReturnType<typeof newMcpServer> }} Session */

export class ProtectedMcpServer {
  /** The application at the authorization server whose tokens it takes. @type {App & { secrets: string[] }} */
  app;
  /** @type {Received[]} Oldest first. */
  received = [];
  /** Tokens that it takes no more. @type {{ has: (token: string) => boolean }} */
  revoked = new Set();
  /** @type {Map<string, Session>} */
  sessions = new Map();
  /** What the tool `report` waits for before it gives its result. @type {Promise<unknown>} */
  gate = Promise.resolve();

  #server = createServer((request, response) => {
    this.#answer(request, response).catch((error) => response.headersSent || response.writeHead(500).end(`${error}`));
  });
  #issuer = "";
  /** @type {ReturnType<typeof createRemoteJWKSet> | undefined} */
  #keys;

  /** @param {string} clientSecret */
  constructor(clientSecret) {
    this.app = { server: "resource", clientId: "mcp-client", secrets: [clientSecret] };
  }

  /**
   * Starts one. It does not keep the process alive.
   * @param {string} clientSecret Of its application.
   */
  static async start(clientSecret) {
    const server = new ProtectedMcpServer(clientSecret);
    server.#server.listen(0, "127.0.0.1").unref();
    await once(server.#server, "listening");
    server.app.resources = [server.url];
    return server;
  }

  /** Its MCP endpoint. */
  get url() {
    return `${this.#origin}/mcp`;
  }

  get #origin() {
    const { port } = /** @type {AddressInfo} */ (this.#server.address());
    return `http://127.0.0.1:${port}`;
  }

  /**
   * Takes the tokens of this authorization server.
   * @param {string} authority URL of the stand-in.
   */
  trust(authority) {
    this.#issuer = `${authority}/resource/as`;
    this.#keys = createRemoteJWKSet(new URL(`${this.#issuer}/keys`));
  }

  /** The session of a client. @param {string | undefined} id */
  session(id = "") {
    const session = this.sessions.get(id);
    if (!session) throw new Error(`the MCP server has no session ${id}`);
    return session;
  }

  /**
   * Resets the connections of the answers to requests of `method` that have not ended.
   * @param {string} method
   */
  cut(method) {
    for (const { response } of this.received.filter((one) => one.method === method)) {
      if (!response.writableFinished) response.socket?.resetAndDestroy();
    }
  }

  close() {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  /**
   * @param {IncomingMessage} request
   * @param {ServerResponse} response
   */
  async #answer(request, response) {
    const { method = "", url: path, headers } = request;
    if (path === `${METADATA}/mcp`) {
      return json(response, 200, { resource: this.url, authorization_servers: [this.#issuer] });
    }
    if (path !== "/mcp") return response.writeHead(404).end();
    const token = headers.authorization?.replace(/^Bearer /, "") ?? "";
    this.received.push({ method, headers, token, response, closed: once(response, "close") });
    try {
      await this.#verify(token);
    } catch (error) {
      return this.#challenge(response, /** @type {Error} */ (error).message);
    }
    const transport = await this.#transport(headers["mcp-session-id"]);
    if (transport) return transport.handleRequest(request, response);
    return json(response, 404, { jsonrpc: "2.0", error: { code: -32001, message: "Session not found" }, id: null });
  }

  /** @param {string} token */
  async #verify(token) {
    if (!this.#keys || !token) throw new Error("a token is needed");
    await jwtVerify(token, this.#keys, { issuer: this.#issuer, audience: this.url, typ: "at+jwt" });
    if (this.revoked.has(token)) throw new Error("the token was revoked");
  }

  /**
   * @param {ServerResponse} response
   * @param {string} reason
   */
  #challenge(response, reason) {
    const metadata = `${this.#origin}${METADATA}/mcp`;
    const challenge = `Bearer error="invalid_token", error_description="${reason}", resource_metadata="${metadata}"`;
    response.setHeader("WWW-Authenticate", challenge);
    return json(response, 401, { error: "invalid_token", error_description: reason });
  }

  /**
   * That of a session, or of a new one where the request names none.
   * @param {string | string[] | undefined} id
   */
  async #transport(id) {
    if (id !== undefined) return this.sessions.get(String(id))?.transport;
    const server = newMcpServer(() => this.gate);
    const transport = new StreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      eventStore: new EventStore(),
      retryInterval: RETRY_MS,
      // It takes no other name than its own.
      enableDnsRebindingProtection: true,
      allowedHosts: [new URL(this.#origin).host],
      onsessioninitialized: (/** @type {string} */ name) => void this.sessions.set(name, { transport, server }),
      onsessionclosed: (/** @type {string} */ name) => void this.sessions.delete(name),
    });
    await server.connect(/** @type {any} */ (transport));
    return transport;
  }
}

/**
 * @param {ServerResponse} response
 * @param {number} status
 * @param {object} body
 */
function json(response, status, body) {
  response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(body));
}
