// One isolate under more and more connections: what a hit costs, how many it serves, how long callers wait.

import { getToken } from "../lib/backends.mjs";
import { withFleet } from "../lib/fleet.mjs";
import { load } from "../lib/load.mjs";
import { median } from "../lib/rounds.mjs";

const CONNECTIONS = [1, 2, 4, 8, 16, 32, 64, 128, 256];
const WORKERS = ["floor", "broker", "careful"];
/** Divisible by every number of connections. */
const AMOUNT = 2_560;

/** Worker → `[{ connections, cpu, perSecond, busy, p50, p99 }]`, each the median of the rounds. */
export async function connections(backends, { rounds, warmUp }) {
  return withFleet(backends, async (fleet) => {
    const servers = {};
    for (const worker of WORKERS) {
      servers[worker] = await fleet.start(worker);
      await load(servers[worker], { requests: [getToken()], amount: warmUp });
    }
    const all = Object.fromEntries(WORKERS.map((worker) => [worker, CONNECTIONS.map(() => [])]));
    for (let round = 0; round < rounds; round++) {
      for (const [step, count] of CONNECTIONS.entries()) {
        for (const worker of WORKERS) all[worker][step].push(await loadWith(servers[worker], count));
      }
    }
    return Object.fromEntries(WORKERS.map((worker) => [worker, all[worker].map(medians)]));
  });
}

const loadWith = (server, count) => load(server, { requests: [getToken()], amount: AMOUNT, connections: count });

function medians(results, step) {
  const fields = Object.keys(results[0]).map((field) => [field, median(results.map((result) => result[field]))]);
  return { connections: CONNECTIONS[step], ...Object.fromEntries(fields) };
}
