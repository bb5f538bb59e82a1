// A real API, over TLS with the local CA. A test says what it does with the requests for a path.

/** @import { IncomingMessage, ServerResponse } from "node:http" */
/** @import { AddressInfo, Socket } from "node:net" */
/** @import { Duplex } from "node:stream" */

import { once } from "node:events";
import { createServer } from "node:https";

import { localCa } from "./tls.mjs";
import { until } from "./until.mjs";

/** @typedef {(call: Call) => unknown} Behaviour */

/** A request that the API has received, and the means to answer it. */
export class Call {
  /** @type {Buffer[]} */
  #chunks = [];
  #length = 0;

  /**
   * @param {IncomingMessage} request
   * @param {ServerResponse} response
   * @param {Socket} connection
   */
  constructor(request, response, connection) {
    this.request = request;
    this.response = response;
    this.connection = connection;
    const { method = "", url = "", headers, rawHeaders } = request;
    this.method = method;
    this.url = url;
    this.headers = headers;
    this.rawHeaders = rawHeaders;
    this.token = headers.authorization?.split(" ")[1] ?? "";
    request.on("data", (chunk) => {
      this.#chunks.push(chunk);
      this.#length += chunk.length;
    });
    /** Whether the whole body came. */
    this.isWhole = new Promise((resolve) =>
      request.once("end", () => resolve(true)).once("close", () => resolve(false)),
    );
    this.closed = once(connection, "close");
  }

  /** What has come of the body so far. */
  get received() {
    return Buffer.concat(this.#chunks);
  }

  /** The whole body. */
  async body() {
    if (!(await this.isWhole)) throw new Error("the body was cut off");
    return this.received;
  }

  /** Waits until so much of the body has come. @param {number} length */
  async part(length) {
    while (this.#length < length) await once(this.request, "data");
  }

  /**
   * Answers in the bytes of HTTP. The answer has to say `Connection: close`: Node.js would have the next request wait for the end
   * of an answer of its own.
   * @param {string | Buffer} bytes
   */
  raw(bytes) {
    this.request.socket.write(bytes, "latin1");
  }

  /** Resets the connection. */
  reset() {
    this.connection.resetAndDestroy();
  }
}

export class ApiServer {
  /** @type {Map<string, Behaviour>} */
  #behaviours = new Map();
  #server = createServer({ key: localCa().pair.key, cert: localCa().pair.certificate });
  /** The connections below TLS, by the port at their other end. @type {Map<number | undefined, Socket>} */
  #connections = new Map();

  /** @type {Call[]} */
  calls = [];

  static async start() {
    const server = new ApiServer();
    await server.#listen();
    return server;
  }

  async #listen() {
    const server = this.#server;
    server.on("connection", (duplex) => {
      const socket = /** @type {Socket} */ (duplex);
      socket.on("error", () => {}).setMaxListeners(0);
      this.#connections.set(socket.remotePort, socket);
    });
    server.on("secureConnection", (socket) => socket.on("error", () => {}).setMaxListeners(0));
    server.on("tlsClientError", () => {});
    server.on("request", (request, response) => this.#answer(request, response));
    // Node.js would send 100 by itself.
    server.on("checkContinue", (request, response) => this.#answer(request, response));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
  }

  get url() {
    return `https://localhost:${/** @type {AddressInfo} */ (this.#server.address()).port}`;
  }

  /**
   * @param {IncomingMessage} request
   * @param {ServerResponse} response
   */
  #answer(request, response) {
    const connection = /** @type {Socket} */ (this.#connections.get(request.socket.remotePort));
    for (const stream of [request, response]) stream.on("error", () => {});
    const call = new Call(request, response, connection);
    this.calls.push(call);
    const behaviour = this.#behaviours.get(call.url.split("?")[0]);
    if (behaviour) behaviour(call);
    else response.writeHead(404).end();
  }

  /**
   * What the API does with the requests for `path`.
   * @param {string} path
   * @param {Behaviour} behaviour
   */
  on(path, behaviour) {
    this.#behaviours.set(path, behaviour);
  }

  /** @param {(request: IncomingMessage, socket: Duplex, head: Buffer) => void} listener */
  onUpgrade(listener) {
    this.#server.on("upgrade", listener);
  }

  /** @param {string} path */
  callsAt(path) {
    return this.calls.filter(({ url }) => url.split("?")[0] === path);
  }

  /**
   * Waits for a request.
   * @param {string} path
   */
  arrival(path) {
    return until(() => this.callsAt(path)[0]);
  }

  async close() {
    const closed = once(this.#server, "close");
    this.#server.close();
    for (const connection of this.#connections.values()) connection.destroy();
    await closed;
  }
}
