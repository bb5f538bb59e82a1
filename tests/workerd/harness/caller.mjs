// Callers that do more than `fetch`: they see the bytes of an answer as they come, and can leave.

/** @import { IncomingMessage } from "node:http" */
/** @import { Socket } from "node:net" */

import { once } from "node:events";
import { request } from "node:http";
import { connect } from "node:net";

/**
 * @typedef {object} CallerAnswer
 * @property {number} status
 * @property {string} reason
 * @property {NodeJS.Dict<string | string[]>} headers
 * @property {string[]} rawHeaders
 * @property {NodeJS.Dict<string>} trailers
 * @property {Buffer} body
 */

/**
 * Sends a request, and reads its answer as it is: nothing is decompressed.
 * @param {number} port
 * @param {string} path
 * @param {{ method?: string, headers?: Record<string, string | string[]>, body?: Buffer | string }} init
 * @returns {Promise<CallerAnswer>}
 */
export async function send(port, path, { method = "GET", headers = {}, body } = {}) {
  const sent = request({ host: "127.0.0.1", port, path, method, headers });
  // Node.js would write a string and the head together, in one encoding.
  sent.end(body === undefined ? undefined : Buffer.from(body));
  /** @type {[IncomingMessage]} */
  const [answer] = /** @type {any} */ (await once(sent, "response"));
  const chunks = [];
  for await (const chunk of answer) chunks.push(chunk);
  const { statusCode = 0, statusMessage = "", headers: received, rawHeaders, trailers } = answer;
  return {
    status: statusCode,
    reason: statusMessage,
    headers: received,
    rawHeaders,
    trailers,
    body: Buffer.concat(chunks),
  };
}

/** A connection to a broker, byte by byte. */
export class RawCaller {
  #socket;
  #received = Buffer.alloc(0);
  #isClosed = false;

  /** @param {Socket} socket */
  constructor(socket) {
    this.#socket = socket;
    socket.on("error", () => {});
    socket.on("data", (chunk) => (this.#received = Buffer.concat([this.#received, chunk])));
    /** @type {Promise<void>} */
    this.closed = new Promise((resolve) =>
      socket.once("close", () => {
        this.#isClosed = true;
        resolve();
      }),
    );
  }

  /** @param {number} port */
  static async connect(port) {
    const socket = connect(port, "127.0.0.1");
    await once(socket, "connect");
    return new RawCaller(socket);
  }

  /**
   * Sends the head of a request.
   * @param {string} method
   * @param {string} path
   * @param {Record<string, string>} headers
   */
  head(method, path, headers) {
    const lines = Object.entries({ Host: "localhost", ...headers }).map(([name, value]) => `${name}: ${value}`);
    this.write([`${method} ${path} HTTP/1.1`, ...lines, "", ""].join("\r\n"));
  }

  /** @param {string | Buffer} bytes */
  write(bytes) {
    this.#socket.write(bytes);
  }

  /** A chunk of a body; an empty one ends it. @param {string} text */
  chunk(text) {
    this.write(`${text.length.toString(16)}\r\n${text}\r\n`);
  }

  /** What has come so far. */
  get text() {
    return this.#received.toString("latin1");
  }

  /**
   * Waits for something to come.
   * @param {RegExp} pattern
   */
  async until(pattern) {
    while (!pattern.test(this.text)) {
      if (this.#isClosed) throw new Error(`closed after ${JSON.stringify(this.text.slice(0, 500))}`);
      await Promise.race([once(this.#socket, "data"), this.closed]);
    }
  }

  /** Resets the connection. */
  leave() {
    this.#socket.resetAndDestroy();
  }

  /** Reads nothing more. */
  pause() {
    this.#socket.pause();
  }
}
