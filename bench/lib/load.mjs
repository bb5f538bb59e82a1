// The load: autocannon, and the CPU time of the serving process for each request.

/** @import { Request } from "autocannon" */
/** @import { Server } from "./fleet.mjs" */

import autocannon from "autocannon";

import { cpuMicros } from "./process.mjs";

/** @typedef {{ requests: Request[], amount: number, connections?: number, status?: number }} Sent */

/**
 * @typedef {object} Load What a request took.
 * @property {number} cpu Microseconds of the server's process for each request.
 * @property {number} perSecond
 * @property {number} busy Part of one core that the server's process used.
 * @property {number} p50 In milliseconds, as `p99`.
 * @property {number} p99
 */

/** Enough to keep the isolate busy: the time of an idle runtime for waking up is not the Worker's cost. */
const CONNECTIONS = 16;

/**
 * Sends `requests` to `server`, `amount` in all over `connections`. Fails if one answer has another status.
 *
 * Each connection sends its own share of `requests` in order, and then again from the start. If `amount` is a multiple
 * of their number, no request comes again before all others have come.
 * @param {Server} server
 * @param {Sent} sent
 * @returns {Promise<Load>}
 */
export async function load(server, { requests, amount, connections = CONNECTIONS, status = 200 }) {
  const shares = share(requests, connections);
  /** @type {number[]} */
  const millis = [];
  let next = 0;
  const before = cpuMicros(server.pid);
  const started = process.hrtime.bigint();
  const run = autocannon({
    url: server.url,
    connections,
    amount,
    sampleInt: 50,
    setupClient: (client) => client.setRequests(shares[next++ % shares.length] ?? []),
  });
  run.on("response", (client, statusCode, bytes, responseMillis) => millis.push(responseMillis));
  const { statusCodeStats, errors } = await run;
  const seconds = Number(process.hrtime.bigint() - started) / 1e9;
  const used = cpuMicros(server.pid) - before;

  if (statusCodeStats[status]?.count !== amount) {
    throw new Error(
      `${server.name}: not every answer had status ${status}: ${JSON.stringify({ ...statusCodeStats, errors })}`,
    );
  }
  millis.sort((a, b) => a - b);
  /** @param {number} part */
  const at = (part) => millis[Math.floor(part * (millis.length - 1))];
  return { cpu: used / amount, perSecond: amount / seconds, busy: used / 1e6 / seconds, p50: at(0.5), p99: at(0.99) };
}

/**
 * One share for each connection, together all requests. If there are fewer requests than connections, each gets all.
 * @param {Request[]} requests
 * @param {number} connections
 */
function share(requests, connections) {
  if (requests.length < connections) return [requests];
  /** @param {number} n */
  const at = (n) => Math.floor((n * requests.length) / connections);
  return Array.from({ length: connections }, (_, n) => requests.slice(at(n), at(n + 1)));
}
