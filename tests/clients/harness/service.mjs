// An API behind the proxy, over TLS: it takes only tokens that the stand-in authorization server has issued, and it keeps what it got.

/** @import { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http" */
/** @import { AddressInfo } from "node:net" */

import { once } from "node:events";
import { createServer } from "node:https";
import { buffer } from "node:stream/consumers";

import { localCa } from "../../workerd/harness/tls.mjs";

/**
 * @typedef {object} Received A request to an API.
 * @property {string} method
 * @property {string} target Path and query, as they were sent.
 * @property {string} path Without the query.
 * @property {URLSearchParams} query
 * @property {IncomingHttpHeaders} headers
 * @property {Buffer} body
 * @property {string} token
 */

/** @typedef {{ status?: number, headers?: Record<string, string | number>, body?: string | Buffer | object }} Answer */

/**
 * @typedef {object} Kind What an API does.
 * @property {(received: Received) => Answer} answer To a request with a good token.
 * @property {Answer} unauthorized
 */

/** `Authorization`, whose scheme may be in any case. GitHub has one of its own. */
const AUTHORIZATION = /^(?:bearer|token) (\S+)$/i;

export class Service {
  /** @type {Received[]} */
  received = [];
  /** @type {Answer | undefined} To every request with a good token. */
  fails = undefined;
  /** @type {Set<string>} Tokens that it takes no longer. */
  rejected = new Set();

  #issued;
  #kind;
  #server = createServer({ key: localCa().pair.key, cert: localCa().pair.certificate }, (request, response) => {
    this.#answer(request, response).catch((error) => {
      response.writeHead(500).end(`the stand-in has a bug: ${error.stack}\n`);
    });
  });

  /**
   * @param {Kind} kind
   * @param {() => string[]} issued The tokens that the authorization server has issued so far.
   */
  constructor(kind, issued) {
    this.#kind = kind;
    this.#issued = issued;
  }

  /**
   * Starts one. It does not keep the process alive.
   * @param {Kind} kind
   * @param {() => string[]} issued
   */
  static async start(kind, issued) {
    const service = new Service(kind, issued);
    service.#server.listen(0, "127.0.0.1").unref();
    await once(service.#server, "listening");
    return service;
  }

  get url() {
    const { port } = /** @type {AddressInfo} */ (this.#server.address());
    return `https://127.0.0.1:${port}`;
  }

  /** The last request. */
  get last() {
    const last = this.received.at(-1);
    if (!last) throw new Error("the API has received nothing");
    return last;
  }

  /**
   * @param {IncomingMessage} request
   * @param {ServerResponse} response
   */
  async #answer(request, response) {
    const { method = "", url: target = "", headers } = request;
    const { pathname: path, searchParams: query } = new URL(target, this.url);
    const [, token = ""] = AUTHORIZATION.exec(headers.authorization ?? "") ?? [];
    const received = { method, target, path, query, headers, token, body: await buffer(request) };
    this.received.push(received);
    const isGood = this.#issued().includes(token) && !this.rejected.has(token);
    send(response, isGood ? (this.fails ?? this.#kind.answer(received)) : this.#kind.unauthorized);
  }
}

/**
 * @param {ServerResponse} response
 * @param {Answer} answer
 */
function send(response, { status = 200, headers = {}, body = "" }) {
  const isJson = typeof body === "object" && !Buffer.isBuffer(body);
  const content = isJson ? JSON.stringify(body) : body;
  const type = isJson ? { "Content-Type": "application/json; charset=utf-8" } : {};
  response.writeHead(status, { "Content-Length": Buffer.byteLength(content), ...type, ...headers });
  response.end(content);
}
