// One isolate with more and more connections: the cost of a hit, the hits a second, the waits of callers.

/** @import { Backends } from "../lib/backends.mjs" */
/** @import { Server } from "../lib/fleet.mjs" */
/** @import { Load } from "../lib/load.mjs" */

import { getToken } from "../lib/backends.mjs";
import { withFleet } from "../lib/fleet.mjs";
import { load } from "../lib/load.mjs";
import { median } from "../lib/rounds.mjs";

const CONNECTIONS = [1, 2, 4, 8, 16, 32, 64, 128, 256];
const WORKERS = ["floor", "broker", "careful"];
/** Divisible by every number of connections. */
const AMOUNT = 2_560;

/** @typedef {Load & { connections: number }} Step */

/**
 * Worker → its steps, each the median of the rounds.
 * @param {Backends} backends
 * @param {{ rounds: number, warmUp: number }} how
 */
export async function connections(backends, { rounds, warmUp }) {
  return withFleet(backends, async (fleet) => {
    const runs = [];
    for (const worker of WORKERS) {
      const server = await fleet.start(worker);
      await load(server, { requests: [getToken()], amount: warmUp });
      const steps = CONNECTIONS.map((count) => ({ count, loads: /** @type {Load[]} */ ([]) }));
      runs.push({ worker, server, steps });
    }
    for (let round = 0; round < rounds; round++) {
      for (const step of CONNECTIONS.keys()) {
        for (const { server, steps } of runs) steps[step].loads.push(await loadWith(server, steps[step].count));
      }
    }
    return Object.fromEntries(runs.map(({ worker, steps }) => [worker, steps.map(medians)]));
  });
}

/** @type {(server: Server, count: number) => Promise<Load>} */
const loadWith = (server, count) => load(server, { requests: [getToken()], amount: AMOUNT, connections: count });

/**
 * @param {{ count: number, loads: Load[] }} step
 * @returns {Step}
 */
function medians({ count, loads }) {
  /** @param {keyof Load} field */
  const of = (field) => median(loads.map((load) => load[field]));
  return {
    connections: count,
    cpu: of("cpu"),
    perSecond: of("perSecond"),
    busy: of("busy"),
    p50: of("p50"),
    p99: of("p99"),
  };
}
