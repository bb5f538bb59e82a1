// Requests as bytes, because `fetch` and Node.js correct what an attacker sends.

import { connect } from "node:net";

const DEADLINE_MS = 10_000;

/**
 * @typedef {object} RawAnswer
 * @property {number} status 0 where the connection was closed without an answer.
 * @property {Headers} headers
 * @property {string} text The body as latin1, and what came behind it.
 */

/**
 * The bytes of a request.
 * @param {string} line Method and request target.
 * @param {string[]} fields
 */
export const bytesOf = (line, fields = [], body = "") =>
  `${[`${line} HTTP/1.1`, ...fields, "Connection: close"].join("\r\n")}\r\n\r\n${body}`;

/**
 * Sends `bytes` (latin1), and reads until the other side closes the connection.
 * @param {number} port
 * @param {string} bytes
 * @returns {Promise<string>}
 */
export function exchange(port, bytes) {
  const socket = connect(port, "127.0.0.1").setEncoding("latin1");
  return new Promise((resolve, reject) => {
    let answer = "";
    const late = setTimeout(() => {
      socket.destroy();
      reject(
        new Error(`the connection stays open: ${JSON.stringify(bytes.slice(0, 200))} got ${answer.slice(0, 200)}`),
      );
    }, DEADLINE_MS);
    socket.on("data", (data) => (answer += data));
    socket.on("error", () => {});
    socket.on("close", () => {
      clearTimeout(late);
      resolve(answer);
    });
    socket.write(bytes, "latin1");
  });
}

/**
 * The first answer of what came.
 * @param {string} bytes
 * @returns {RawAnswer}
 */
export function parsed(bytes) {
  const end = bytes.indexOf("\r\n\r\n");
  const [line = "", ...lines] = bytes.slice(0, Math.max(end, 0)).split("\r\n");
  const headers = new Headers();
  for (const field of lines) headers.append(field.slice(0, field.indexOf(":")), field.slice(field.indexOf(":") + 1));
  return { status: Number(/^HTTP\/1\.1 (\d{3})/.exec(line)?.[1] ?? 0), headers, text: bytes.slice(end + 4) };
}
