// The cost of the first answer of a fresh isolate: CPU time of a new workerd process, and its memory then. The caller
// is unknown to the broker, so the broker parses its whole configuration and sends no request of its own.

/** @import { Backends } from "../lib/backends.mjs" */
/** @import { Fleet } from "../lib/fleet.mjs" */

import { getToken, newClient } from "../lib/backends.mjs";
import { withFleet } from "../lib/fleet.mjs";
import { cpuMicros, memory } from "../lib/process.mjs";
import { peerModules } from "../lib/workers.mjs";

const WORKERS = ["floor", "broker", "careful", "msal"];

/** @typedef {{ cpuMillis: number, wallMillis: number, resident: number, peak: number }} Started */

/**
 * Worker → one result for each of `times` processes.
 * @param {Backends} backends
 * @param {{ times: number }} how
 */
export async function start(backends, { times }) {
  // The bundling comes before the measurement.
  await Promise.all(WORKERS.filter((worker) => worker !== "broker").map(peerModules));
  /** @type {Record<string, Started[]>} */
  const results = Object.fromEntries(WORKERS.map((worker) => [worker, []]));
  for (let n = 0; n < times; n++) {
    for (const worker of n % 2 === 0 ? WORKERS : WORKERS.toReversed()) {
      results[worker].push(await withFleet(backends, (fleet) => startOnce(fleet, worker)));
    }
  }
  return results;
}

/**
 * @param {Fleet} fleet
 * @param {string} worker
 * @returns {Promise<Started>}
 */
async function startOnce(fleet, worker) {
  const { path, headers } = getToken(newClient(1));
  const started = performance.now();
  const server = await fleet.start(worker);
  const response = await fetch(server.url + path, { headers });
  await response.arrayBuffer();
  const wallMillis = performance.now() - started;
  return { cpuMillis: cpuMicros(server.pid) / 1000, wallMillis, ...memory(server.pid) };
}
