// The functions that take most time of a hit, and the crossings between JavaScript and wasm, for work on the hot path.
// It prints shares and not microseconds, because the profiler itself costs time.
//
//   npm run profile -- [--worker broker] [--functions 30] [--bundle DIRECTORY]
//
// `--worker` may name a peer (bench/peers/). A proxy has only the cases of proxied requests. Functions of the wasm have names only in a build with
// `--names` (scripts/build.mjs).

/** @import { Request } from "autocannon" */
/** @import { Fleet, Options } from "./lib/fleet.mjs" */

import { main, parseArguments } from "../scripts/lib/run.mjs";
import { getUser, postMail, startApi } from "./lib/api.mjs";
import { getToken, newClient, openBackends, postToken } from "./lib/backends.mjs";
import { countingModules, takeCrossings } from "./lib/crossings.mjs";
import { withFleet } from "./lib/fleet.mjs";
import { load } from "./lib/load.mjs";
import { requireLinux } from "./lib/process.mjs";
import { profile } from "./lib/profiler.mjs";

const usage = "Usage: npm run profile -- [--worker NAME] [--functions N] [--bundle DIRECTORY]";
const options = /** @type {const} */ ({
  worker: { type: "string", default: "broker" },
  functions: { type: "string", default: "30" },
  bundle: { type: "string" },
});
const AMOUNT = 23_040;
/** More than isolate memory holds: in turn, each is a KV hit (scenes/tiers.mjs). */
const CLIENTS = Array.from({ length: 1_920 }, (_, n) => newClient(n));

/** @typedef {Record<string, Request[]>} Cases */

/** @type {Cases} */
const tokens = {
  "isolate hit, GET /token": [getToken(CLIENTS[0])],
  "isolate hit, POST /oauth2/v2.0/token": [postToken(CLIENTS[0])],
  "KV hit, GET /token": CLIENTS.map((client) => getToken(client)),
};

/** @type {Cases} For a proxy. */
const proxied = { "proxied GET": [getUser()], "proxied POST": [postMail()] };

main(async () => {
  requireLinux();
  const { values } = parseArguments(options, usage);
  const { bundle, worker } = values;
  const backends = await openBackends();
  const api = await startApi();
  /** @type {[Cases, Options][]} */
  const groups = [];
  if (!worker.startsWith("proxy_")) groups.push([tokens, { clients: CLIENTS, coordinator: false, bundle }]);
  if (worker === "broker" || worker.startsWith("proxy_")) groups.push([proxied, { bindings: api.bindings(), bundle }]);
  try {
    for (const [cases, started] of groups) {
      await withFleet(backends, (fleet) => printProfiles(fleet, cases, started, values));
      if (worker === "broker") await withFleet(backends, (fleet) => printCrossings(fleet, cases, started));
    }
  } finally {
    api.stop();
    await backends.close();
  }
});

/**
 * @param {Fleet} fleet
 * @param {Cases} cases
 * @param {Options} started
 * @param {{ worker: string, functions: string }} values
 */
async function printProfiles(fleet, cases, started, { worker, functions }) {
  const server = await fleet.start(worker, { ...started, inspected: true });
  for (const [title, requests] of Object.entries(cases)) {
    const send = () => load(server, { requests, amount: AMOUNT });
    await send();
    const found = await profile(server, send);
    console.log(`\n## ${title}: functions by their own time\n\n| % | function |\n|---:|---|`);
    for (const { name, share } of found.slice(0, Number(functions))) {
      console.log(`| ${(share * 100).toFixed(1)} | ${name} |`);
    }
  }
}

/**
 * @param {Fleet} fleet
 * @param {Cases} cases
 * @param {Options} started
 */
async function printCrossings(fleet, cases, started) {
  const server = await fleet.start("broker", { ...started, around: countingModules });
  for (const [title, requests] of Object.entries(cases)) {
    /** @param {Request} request */
    const send = async ({ path, ...init }) => (await fetch(server.url + path, init)).arrayBuffer();
    // The last one again. If there is only one, it is in memory; of many in turn, it is not.
    for (const request of requests) await send(request);
    await send(requests[0]);
    await takeCrossings(server);
    await send(requests[requests.length > 1 ? 1 : 0]);
    const crossings = Object.entries(await takeCrossings(server)).sort(([, a], [, b]) => b - a);
    const total = crossings.reduce((sum, [, count]) => sum + count, 0);
    console.log(`\n## ${title}: ${total} crossings\n\n| times | call |\n|---:|---|`);
    for (const [name, count] of crossings) console.log(`| ${count} | ${name.replace(/_[0-9a-f]{16}$/, "")} |`);
  }
}
