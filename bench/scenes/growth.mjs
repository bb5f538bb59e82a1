// How the cost of a hit in isolate memory grows: with clients, configured or registered, with tokens in memory, and
// with the size of a token.

/** @import { Backends } from "../lib/backends.mjs" */
/** @import { Fleet, Options } from "../lib/fleet.mjs" */
/** @import { Heat } from "../lib/rounds.mjs" */

import { CLIENT, getToken, newClient, postToken } from "../lib/backends.mjs";
import { withFleet } from "../lib/fleet.mjs";
import { measure } from "../lib/rounds.mjs";

const AMOUNT = 1_600;
/** As many tokens as the memory holds. */
const TOKENS = 1_000;
/** Clients in KV. */
const REGISTERED = 100_000;
const BIG_TOKEN_BYTES = 16_000;

/**
 * @param {Backends} backends
 * @param {{ rounds: number, warmUp: number }} how
 */
export async function growth(backends, { rounds, warmUp }) {
  return withFleet(backends, async (fleet) => {
    const registered = await registryHeat(fleet, backends);
    const heats = { ...(await clientsHeats(fleet)), registered, size: await sizeHeat(fleet, backends) };
    return measure(heats, { rounds, warmUp });
  });
}

/**
 * The last of this many clients; and all of a thousand in turn, with a thousand tokens that fill the memory.
 * @param {Fleet} fleet
 * @returns {Promise<Record<string, Heat>>}
 */
async function clientsHeats(fleet) {
  const clients = Array.from({ length: TOKENS }, (_, n) => newClient(n));
  /** @type {Heat[]} */
  const [get, post] = [{}, {}];
  for (const count of [1, 100, TOKENS]) {
    const some = clients.slice(0, count);
    const server = await fleet.start("broker", { clients: some });
    get[count] = { server, requests: [getToken(some.at(-1))], amount: AMOUNT };
    post[count] = { server, requests: [postToken(some.at(-1))], amount: AMOUNT };
  }
  const all = clients.map((client) => getToken(client));
  const full = await fleet.start("broker", { clients });
  return { get, post, tokens: { one: get[TOKENS], all: { server: full, requests: all, amount: AMOUNT } } };
}

/**
 * One client of a registry of this many.
 * @param {Fleet} fleet
 * @param {Backends} backends
 */
async function registryHeat(fleet, backends) {
  const clients = Array.from({ length: REGISTERED }, (_, n) => ({ ...CLIENT, id: `client-${n}` }));
  /** @type {Heat} */
  const heat = {};
  for (const count of [1, REGISTERED]) {
    const registry = await backends.registry(clients.slice(0, count));
    const server = await fleet.start("broker", { registry });
    heat[count] = { server, requests: [postToken(clients[0])], amount: AMOUNT };
  }
  return heat;
}

/**
 * A token of 16 kB for each of the three. All other rows have tokens of 1.5 kB.
 * @param {Fleet} fleet
 * @param {Backends} backends
 */
async function sizeHeat(fleet, backends) {
  /** @type {Options} */
  const size = { bindings: { TOKEN_BYTES: String(BIG_TOKEN_BYTES) }, kv: "empty" };
  /** @type {Heat} */
  const heat = {};
  for (const worker of ["floor", "broker", "careful"]) {
    const server = await fleet.start(worker, size);
    // The first request of each fetches the token.
    if (worker !== "floor") backends.authority.next({ token: { access_token: "x".repeat(BIG_TOKEN_BYTES) } });
    const { path, headers } = getToken();
    const { length } = await (await fetch(server.url + path, { headers })).text();
    if (length < BIG_TOKEN_BYTES) throw new Error(`${worker}: an answer of ${length} bytes has no big token in it.`);
    heat[worker] = { server, requests: [getToken()], amount: AMOUNT };
  }
  return heat;
}
