// An API server behind the proxy of a broker. It writes down each request as its bytes came.

/** @import { AddressInfo, Socket } from "node:net" */

import { once } from "node:events";
import { createServer } from "node:net";

/**
 * A request as an API gets it.
 * @typedef {object} Received
 * @property {string} method
 * @property {string} target The request target of the request line.
 * @property {[string, string][]} fields With names in lower case.
 * @property {string} body As latin1, without the framing of chunks.
 * @property {Socket} socket
 */

/** @typedef {(request: Received) => string | undefined} Answer The bytes of the answer as latin1; `undefined` for none. */

/** @type {Answer} */
const ok = () => answer(200, "{}", "Content-Type: application/json");

/**
 * An answer as bytes.
 * @param {number} status
 * @param {string} body
 * @param {string[]} fields
 */
export const answer = (status, body = "", ...fields) =>
  `${[`HTTP/1.1 ${status} Words`, ...fields, `Content-Length: ${body.length}`].join("\r\n")}\r\n\r\n${body}`;

export class Recorder {
  /** @type {Received[]} */
  requests = [];
  /** The number of connections so far. */
  connections = 0;
  /** @type {Set<Socket>} Those that are open. */
  open = new Set();

  #answer;
  #server = createServer((socket) => this.#serve(socket));

  /** @param {Answer} answer */
  constructor(answer) {
    this.#answer = answer;
  }

  /** @param {Answer} answer */
  static async start(answer = ok) {
    const recorder = new Recorder(answer);
    recorder.#server.listen(0, "127.0.0.1");
    await once(recorder.#server, "listening");
    return recorder;
  }

  get port() {
    return /** @type {AddressInfo} */ (this.#server.address()).port;
  }

  get host() {
    return `127.0.0.1:${this.port}`;
  }

  get url() {
    return `http://${this.host}`;
  }

  async close() {
    const closed = once(this.#server, "close");
    this.#server.close();
    for (const socket of this.open) socket.destroy();
    await closed;
  }

  /** @param {Socket} socket */
  #serve(socket) {
    this.connections += 1;
    this.open.add(socket.setEncoding("latin1"));
    let unread = "";
    socket.on("error", () => {}).on("close", () => this.open.delete(socket));
    socket.on("data", (bytes) => {
      unread += bytes;
      for (let taken = take(unread, socket); taken; taken = take(unread, socket)) {
        unread = taken.rest;
        this.requests.push(taken.request);
        const bytes = this.#answer(taken.request);
        if (bytes !== undefined && socket.writable) socket.write(bytes, "latin1");
      }
    });
  }
}

/**
 * The first whole request of `bytes`, if there is one.
 * @param {string} bytes
 * @param {Socket} socket
 */
function take(bytes, socket) {
  const end = bytes.indexOf("\r\n\r\n");
  if (end < 0) return undefined;
  const [line = "", ...lines] = bytes.slice(0, end).split("\r\n");
  const [method = "", target = ""] = line.split(" ");
  const fields = lines.map(field);
  const content = bytes.slice(end + 4);
  const framed = valueOf(fields, "transfer-encoding") === "chunked" ? unchunked(content) : sized(content, fields);
  if (framed === undefined) return undefined;
  return { request: { method, target, fields, body: framed.body, socket }, rest: framed.rest };
}

/** @type {(line: string) => [string, string]} */
const field = (line) => [line.slice(0, line.indexOf(":")).toLowerCase(), line.slice(line.indexOf(":") + 1).trim()];

/** @type {(fields: [string, string][], name: string) => string | undefined} */
export const valueOf = (fields, name) => fields.find(([known]) => known === name)?.[1];

/** @type {(content: string, fields: [string, string][]) => { body: string, rest: string } | undefined} */
function sized(content, fields) {
  const length = Number(valueOf(fields, "content-length") ?? 0);
  return content.length < length ? undefined : { body: content.slice(0, length), rest: content.slice(length) };
}

/**
 * @param {string} content
 * @returns {{ body: string, rest: string } | undefined}
 */
function unchunked(content) {
  let body = "";
  for (let at = 0; ;) {
    const end = content.indexOf("\r\n", at);
    if (end < 0) return undefined;
    const size = parseInt(content.slice(at, end), 16);
    const next = end + 2 + size + 2;
    if (content.length < next) return undefined;
    if (size === 0) return { body, rest: content.slice(next) };
    body += content.slice(end + 2, end + 2 + size);
    at = next;
  }
}
