// A KV namespace for workerd, in memory: the HTTP protocol that workerd's `kvNamespace` binding speaks.
//
// Strongly consistent and without latency, unlike Workers KV; what matters here is that it records every operation,
// honours expiry, keeps its values while brokers come and go, and can be told to fail.

import { once } from "node:events";
import { createServer } from "node:http";

/**
 * `reads` and `writes` take a fault: `{ status }`, `{ hang: true }`, `{ reset: true }`, or null for none.
 */
export class KvServer {
  /** Every operation in order: `{ op: "get" | "put", key, value, expirationTtl, cacheTtl, metadata }`. */
  operations = [];
  /** key → `{ value: Buffer, expiresAt: milliseconds }`. */
  values = new Map();
  reads = null;
  writes = null;

  #server = createServer({ requireHostHeader: false }, (request, response) => this.#answer(request, response));

  static async start() {
    const kv = new KvServer();
    kv.#server.listen(0, "127.0.0.1");
    await once(kv.#server, "listening");
    return kv;
  }

  get port() {
    return this.#server.address().port;
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

  async #answer(request, response) {
    const url = new URL(request.url, "http://kv");
    const key = decodeURIComponent(url.pathname.slice(1));
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const value = Buffer.concat(chunks);
    const number = (name) => (url.searchParams.has(name) ? Number(url.searchParams.get(name)) : undefined);

    const op = request.method.toLowerCase();
    const operation = {
      op,
      key,
      value: op === "put" ? value : undefined,
      expirationTtl: number("expiration_ttl"),
      expiration: number("expiration"),
      cacheTtl: number("cache_ttl"),
      metadata: request.headers["cf-kv-metadata"],
    };
    this.operations.push(operation);

    const fault = op === "get" ? this.reads : this.writes;
    if (fault?.hang) return undefined;
    if (fault?.reset) return request.socket.resetAndDestroy();
    if (fault?.status) return response.writeHead(fault.status).end("told to fail");
    return op === "put" ? this.#put(operation, response) : this.#get(key, response);
  }

  #put({ key, value, expirationTtl }, response) {
    // Workers KV refuses anything shorter.
    if (expirationTtl !== undefined && expirationTtl < 60) return response.writeHead(400).end("Invalid expiration_ttl");
    const expiresAt = expirationTtl === undefined ? Infinity : Date.now() + expirationTtl * 1000;
    this.values.set(key, { value, expiresAt });
    return response.writeHead(200).end();
  }

  #get(key, response) {
    const found = this.values.get(key);
    if (!found || found.expiresAt <= Date.now()) return response.writeHead(404).end("Value not found");
    return response.writeHead(200, { "Content-Length": found.value.length }).end(found.value);
  }
}
