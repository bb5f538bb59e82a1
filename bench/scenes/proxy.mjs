// Requests to an API through a proxy: the broker, against a Worker that only passes requests through, and against a careful
// proxy in JavaScript. The token is in isolate memory.

/** @import { Request } from "autocannon" */
/** @import { Backends } from "../lib/backends.mjs" */
/** @import { Heat } from "../lib/rounds.mjs" */

import { getChunked, getUser, postMail, startApi } from "../lib/api.mjs";
import { withFleet } from "../lib/fleet.mjs";
import { measure } from "../lib/rounds.mjs";

const AMOUNT = 960;

/** Row → the Worker. */
const WORKERS = { floor: "proxy_floor", broker: "broker", careful: "proxy_careful" };

/**
 * @param {Backends} backends
 * @param {{ rounds: number, warmUp: number }} how
 */
export async function proxy(backends, { rounds, warmUp }) {
  const api = await startApi();
  try {
    return await withFleet(backends, async (fleet) => {
      const servers = Object.entries(WORKERS).map(async ([row, worker]) => ({
        row,
        server: await fleet.start(worker, { bindings: api.bindings() }),
      }));
      const started = await Promise.all(servers);
      /** @type {(request: Request) => Heat} */
      const heat = (request) =>
        Object.fromEntries(started.map(({ row, server }) => [row, { server, requests: [request], amount: AMOUNT }]));
      const heats = { get: heat(getUser()), chunked: heat(getChunked()), post: heat(postMail()) };
      return measure(heats, { rounds, warmUp });
    });
  } finally {
    api.stop();
  }
}
