// Sends the attacks of attacks.mjs: raw bytes over many connections.

/** @import { Request } from "autocannon" */

import { once } from "node:events";
import { connect } from "node:net";

import autocannon from "autocannon";

/** @typedef {{ port: number, id: string }} Target A broker, and the id of one of its clients. */

/** @typedef {Record<string, number>} Counts Answers by status, or by the word for another end. */

/** @typedef {{ tick: () => void, leave: () => Counts }} Besieging `leave()` counts what became of the connections. */

const KEEP_ALIVE_CONNECTIONS = 16;
const CONNECTIONS_AT_A_TIME = 64;

/** @type {<T>(count: number, line: (n: number) => T) => T[]} */
export const many = (count, line) => Array.from({ length: count }, (_, n) => line(n));

/**
 * Over keep-alive connections, each request after the answer to the one before.
 * @param {Target} target
 * @param {number} amount
 * @param {(n: number) => Request} requestOf
 * @returns {Promise<Counts>}
 */
export async function loaded({ port }, amount, requestOf) {
  const requests = many(amount, requestOf);
  let next = 0;
  const { statusCodeStats, errors } = await autocannon({
    url: `http://127.0.0.1:${port}`,
    connections: KEEP_ALIVE_CONNECTIONS,
    amount,
    setupClient: (client) => client.setRequests(share(requests, next++)),
  });
  const counts = Object.fromEntries(Object.entries(statusCodeStats).map(([status, { count }]) => [status, count]));
  return errors ? { ...counts, "no answer": errors } : counts;
}

/**
 * Each connection has its own share, so that no key comes twice.
 * @param {Request[]} requests
 * @param {number} connection
 */
const share = (requests, connection) =>
  requests.filter((_, n) => n % KEEP_ALIVE_CONNECTIONS === connection % KEEP_ALIVE_CONNECTIONS);

/**
 * One connection for each request. It reads no more than the status line of the answer.
 * @param {Target} target
 * @param {number} amount
 * @param {(n: number) => string} bytesOf
 */
export async function dropped({ port }, amount, bytesOf) {
  /** @type {Counts} */
  const counts = {};
  let next = 0;
  const caller = async () => {
    while (next < amount) {
      const status = await exchange(port, bytesOf(next++));
      counts[status] = (counts[status] ?? 0) + 1;
    }
  };
  await Promise.all(many(CONNECTIONS_AT_A_TIME, caller));
  return counts;
}

/**
 * Sends `bytes`. Returns the status of the answer, or that the connection was closed without one.
 * @param {number} port
 * @param {string} bytes
 * @returns {Promise<string>}
 */
async function exchange(port, bytes) {
  const socket = connect(port, "127.0.0.1").setEncoding("latin1");
  const answer = new Promise((resolve) => {
    socket.on("data", (data) => resolve(statusIn(data)));
    socket.on("error", () => resolve("closed")).on("close", () => resolve("closed"));
  });
  socket.write(bytes);
  const status = await answer;
  socket.resetAndDestroy();
  return status;
}

/** @param {Buffer | string} answer */
const statusIn = (answer) => /^HTTP\/1\.1 (\d{3})/.exec(answer.toString())?.[1] ?? "nonsense";

/**
 * Each connection is reset as soon as its bytes are written.
 * @param {Target} target
 * @param {number} amount
 * @param {(n: number) => string} bytesOf
 */
export async function reset({ port }, amount, bytesOf) {
  let next = 0;
  const caller = async () => {
    while (next < amount) {
      const socket = connect(port, "127.0.0.1").on("error", () => {});
      const closed = once(socket, "close");
      socket.write(bytesOf(next++), () => socket.resetAndDestroy());
      await closed;
    }
  };
  await Promise.all(many(CONNECTIONS_AT_A_TIME, caller));
  return { "gone before an answer": amount };
}

/**
 * Opens `amount` connections. They send `first`, and `more` with every tick, until they `leave`.
 * @param {Target} target
 * @param {number} amount
 * @param {string} [first]
 * @param {(tick: number) => string | undefined} more
 * @returns {Promise<Besieging>}
 */
export async function besiege({ port }, amount, first, more = () => undefined) {
  /** @type {Counts} */
  const counts = {};
  const sockets = many(amount, () =>
    connect(port, "127.0.0.1")
      .setEncoding("latin1")
      .on("error", () => {}),
  );
  for (const socket of sockets) {
    socket.once("data", (data) => {
      const status = statusIn(data);
      counts[status] = (counts[status] ?? 0) + 1;
    });
  }
  await Promise.all(sockets.map((socket) => once(socket, "connect")));
  for (const socket of sockets) if (first) socket.write(first);
  let ticks = 0;
  return {
    tick() {
      const bytes = more(ticks++);
      if (bytes) for (const socket of sockets) if (socket.writable) socket.write(bytes);
    },
    leave() {
      const held = sockets.filter(({ destroyed, readyState }) => !destroyed && readyState === "open").length;
      for (const socket of sockets) socket.resetAndDestroy();
      return { ...counts, "held open": held };
    },
  };
}
