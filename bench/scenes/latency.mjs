// What caching saves: how long one caller waits, by the clock, for a token from the broker's tiers and straight from
// the authorization server. The stand-in answers at once and from the same machine, unlike a real server, so there is
// also a row with a delay.

/** @import { Request } from "autocannon" */
/** @import { Backends } from "../lib/backends.mjs" */

import { Agent, request as send } from "node:http";

import { directRequest, getToken, newClient, postToken } from "../lib/backends.mjs";
import { withFleet } from "../lib/fleet.mjs";

/** About the time of Entra, which depends on the place. */
const DELAY_MILLIS = 100;

/**
 * Row → `{ p50, p99 }` in milliseconds.
 * @param {Backends} backends
 * @param {{ times: number }} how
 */
export async function latency(backends, { times }) {
  return withFleet(backends, async (fleet) => {
    const clients = Array.from({ length: times }, (_, n) => newClient(n));
    const hit = await fleet.start("broker", { clients });
    const kv = await fleet.start("broker", { clients });
    const all = clients.map((client) => getToken(client));
    /** @type {(request: Request, n?: number) => Request[]} */
    const repeat = (request, n = times) => Array(n).fill(request);
    const atOnce = {
      // None of these tokens has been requested before. Then they are in KV, where the next isolate reads them.
      miss: await timed(hit, all),
      kv: await timed(kv, all),
      get: await timed(hit, repeat(getToken(clients[0]))),
      post: await timed(hit, repeat(postToken(clients[0]))),
      direct: await timed(backends.authority, repeat(directRequest())),
    };
    backends.authority.always({ slow: DELAY_MILLIS });
    const directDelayed = await timed(backends.authority, repeat(directRequest(), Math.min(times, 50)));
    backends.authority.always(null);
    return { ...atOnce, directDelayed };
  });
}

/**
 * @param {{ port: number }} server
 * @param {Request[]} requests
 */
async function timed({ port }, requests) {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  /** @type {number[]} */
  const millis = [];
  const [first, ...others] = requests;
  // This request opens the connection.
  await answer(agent, port, first);
  for (const request of others) {
    const started = performance.now();
    await answer(agent, port, request);
    millis.push(performance.now() - started);
  }
  agent.destroy();
  millis.sort((a, b) => a - b);
  /** @param {number} part */
  const at = (part) => millis[Math.floor(part * (millis.length - 1))];
  return { p50: at(0.5), p99: at(0.99) };
}

/**
 * @param {Agent} agent
 * @param {number} port
 * @param {Request} request
 * @returns {Promise<void>}
 */
function answer(agent, port, { method, path, headers, body }) {
  return new Promise((resolve, reject) => {
    const sent = send({ agent, host: "127.0.0.1", port, method, path, headers }, (response) => {
      if (response.statusCode !== 200) reject(new Error(`${path}: status ${response.statusCode}`));
      response
        .on("error", reject)
        .on("end", () => resolve())
        .resume();
    });
    sent.on("error", reject).end(body);
  });
}
