// The hits, with LOG_HITS off and on, against the floor and the peers. All ratios in the table come from this one run.

/** @import { Request } from "autocannon" */
/** @import { Backends } from "../lib/backends.mjs" */
/** @import { Fleet, Server } from "../lib/fleet.mjs" */
/** @import { Heat } from "../lib/rounds.mjs" */

import { CLIENT, getIdentityToken, getToken, newClient, postToken, scopeOf } from "../lib/backends.mjs";
import { withFleet } from "../lib/fleet.mjs";
import { memory } from "../lib/process.mjs";
import { measure } from "../lib/rounds.mjs";

const AMOUNT = 1_600;
/** For the heats of the slower Workers. */
const FEWER = 640;
/** The floor is much faster, so it gets more requests to run as long as the others of its heat. */
const amountOf = (/** @type {string} */ name) => (name === "floor" ? 1.6 * AMOUNT : AMOUNT);

/**
 * @param {Backends} backends
 * @param {{ rounds: number, warmUp: number }} how
 */
export async function hits(backends, { rounds, warmUp }) {
  return withFleet(backends, async (fleet) => {
    const servers = await startAll(fleet);
    /** @type {(names: string[], request: Request, more?: { amount?: number, status?: number }) => Heat} */
    const heat = (names, request, more) =>
      Object.fromEntries(
        names.map((name) => [name, { server: servers[name], requests: [request], amount: amountOf(name), ...more }]),
      );
    const compared = ["floor", "broker", "careful"];
    const logged = ["broker", "broker-log", "careful", "careful-log"];
    const heats = {
      get: heat(compared, getToken()),
      post: heat(compared, postToken()),
      identity: { ...heat(["identity"], getIdentityToken()), ...heat(compared, getToken()) },
      peers: heat(["broker", "tutorial", "msal"], getToken(), { amount: FEWER }),
      logGet: heat(logged, getToken()),
      logPost: heat(logged, postToken()),
      logPeers: heat(["tutorial", "tutorial-log", "msal", "msal-log"], getToken(), { amount: FEWER }),
      unauthorized: withFloor(servers, heat(["broker"], getToken(newClient(1)), { status: 401 })),
      forbidden: withFloor(servers, heat(["broker"], getToken({ ...CLIENT, scope: scopeOf(1) }), { status: 403 })),
    };
    const results = await measure(heats, { rounds, warmUp });
    const memories = Object.fromEntries(Object.entries(servers).map(([name, server]) => [name, memory(server.pid)]));
    return { results, memories };
  });
}

/**
 * Each Worker, and all but the floor once more with LOG_HITS on.
 * @param {Fleet} fleet
 */
async function startAll(fleet) {
  /** @type {Record<string, Server>} */
  const servers = { floor: await fleet.start("floor"), identity: await fleet.start("broker") };
  for (const worker of ["broker", "careful", "tutorial", "msal"]) {
    servers[worker] = await fleet.start(worker);
    servers[`${worker}-log`] = await fleet.start(worker, { bindings: { LOG_HITS: "true" } });
  }
  return servers;
}

/** @type {(servers: Record<string, Server>, heat: Heat) => Heat} */
const withFloor = ({ floor }, heat) => ({
  floor: { server: floor, requests: [getToken()], amount: amountOf("floor") },
  ...heat,
});
