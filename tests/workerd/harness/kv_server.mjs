// A KV namespace for workerd, in memory. It speaks the HTTP protocol of workerd's `kvNamespace` binding.
//
// Unlike Workers KV, it is strongly consistent and has no latency. It records every operation, honours expiry, keeps
// its values while brokers come and go, and fails on demand.

/** @import { IncomingMessage, ServerResponse } from "node:http" */
/** @import { AddressInfo } from "node:net" */

import { once } from "node:events";
import { createServer } from "node:http";

/** @typedef {{ status?: number, hang?: boolean, reset?: boolean }} KvFault */

/**
 * @typedef {object} Operation
 * @property {string} op `get` or `put`.
 * @property {string} key
 * @property {Buffer} value Empty where it is a `get`.
 * @property {number} [expirationTtl]
 * @property {number} [expiration]
 * @property {number} [cacheTtl]
 * @property {string} [metadata]
 */

export class KvServer {
  /** @type {Operation[]} Every one, in order. */
  operations = [];
  /** @type {Map<string, { value: Buffer, expiresAt: number }>} `expiresAt` in milliseconds. */
  values = new Map();
  /** @type {string[]} The key of each value that was not read to its end. */
  cut = [];
  /** @type {KvFault | null} */
  reads = null;
  /** @type {KvFault | null} */
  writes = null;

  #server = createServer({ requireHostHeader: false }, (request, response) => this.#answer(request, response));

  static async start() {
    const kv = new KvServer();
    kv.#server.listen(0, "127.0.0.1");
    await once(kv.#server, "listening");
    return kv;
  }

  get port() {
    return /** @type {AddressInfo} */ (this.#server.address()).port;
  }

  get puts() {
    return this.operations.filter(({ op }) => op === "put");
  }

  get gets() {
    return this.operations.filter(({ op }) => op === "get");
  }

  async close() {
    const closed = once(this.#server, "close");
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  /**
   * @param {IncomingMessage} request
   * @param {ServerResponse} response
   */
  async #answer(request, response) {
    const { url: target = "", method = "" } = request;
    const url = new URL(target, "http://kv");
    const key = decodeURIComponent(url.pathname.slice(1));
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const value = Buffer.concat(chunks);
    /** @param {string} name */
    const number = (name) => (url.searchParams.has(name) ? Number(url.searchParams.get(name)) : undefined);

    const op = method.toLowerCase();
    const operation = {
      op,
      key,
      value,
      expirationTtl: number("expiration_ttl"),
      expiration: number("expiration"),
      cacheTtl: number("cache_ttl"),
      metadata: request.headers["cf-kv-metadata"]?.toString(),
    };
    this.operations.push(operation);

    const fault = op === "get" ? this.reads : this.writes;
    if (fault?.hang) return undefined;
    if (fault?.reset) return request.socket.resetAndDestroy();
    if (fault?.status) return response.writeHead(fault.status).end("told to fail");
    return op === "put" ? this.#put(operation, response) : this.#get(key, response);
  }

  /**
   * @param {Operation} operation
   * @param {ServerResponse} response
   */
  #put({ key, value, expirationTtl }, response) {
    // Workers KV refuses a shorter TTL.
    if (expirationTtl !== undefined && expirationTtl < 60) return response.writeHead(400).end("Invalid expiration_ttl");
    const expiresAt = expirationTtl === undefined ? Infinity : Date.now() + expirationTtl * 1000;
    this.values.set(key, { value, expiresAt });
    return response.writeHead(200).end();
  }

  /**
   * @param {string} key
   * @param {ServerResponse} response
   */
  #get(key, response) {
    const found = this.values.get(key);
    if (!found || found.expiresAt <= Date.now()) return response.writeHead(404).end("Value not found");
    response.once("close", () => response.writableFinished || this.cut.push(key));
    return response.writeHead(200, { "Content-Length": found.value.length }).end(found.value);
  }
}
