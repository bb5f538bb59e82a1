// A hit of `getToken` by RPC beside one of `GET /token` over the same service binding, and beside `brokerAs` in the isolate of
// the broker. A Worker makes many calls for one request over HTTP, so that this request costs little of what is measured.

/** @import { Backends } from "../lib/backends.mjs" */
/** @import { Options } from "../lib/fleet.mjs" */

import { readFileSync } from "node:fs";

import { CLIENT } from "../lib/backends.mjs";
import { withFleet } from "../lib/fleet.mjs";
import { measure } from "../lib/rounds.mjs";

/** Calls for each request. */
export const CALLS = 20;
const AMOUNT = 320;

const SCOPE = JSON.stringify(CLIENT.scope);
const URL_OF_TOKEN = JSON.stringify(`https://broker/token?${new URLSearchParams({ scope: CLIENT.scope })}`);

/** What a row does for each call. */
const WAYS = {
  rpc: `(await env.BROKER.getToken({ scope: ${SCOPE} })).token`,
  fetch: `(await (await env.BROKER.fetch(${URL_OF_TOKEN})).json()).access_token`,
};
const IN_THE_ISOLATE = `(await brokerAs("bound", env, ctx).getToken({ scope: ${SCOPE} })).token`;

/** @param {string} code */
const handler = (code) => `
  async fetch(request, env, ctx) {
    let last;
    for (let n = 0; n < ${CALLS}; n++) last = ${code};
    return new Response(last.slice(0, 2));
  },`;

const CLIENTS = JSON.stringify({
  bound: { service_binding: true, allow: [{ credential: "default", scope: CLIENT.scope }] },
});

/**
 * @param {Backends} backends
 * @param {{ rounds: number, warmUp: number }} how `warmUp` counts calls.
 */
export async function rpc(backends, { rounds, warmUp }) {
  return withFleet(backends, async (fleet) => {
    /** @param {Options} options */
    const row = async (options) => ({
      server: await fleet.start("broker", { bindings: { CLIENTS }, ...options }),
      requests: [{ method: /** @type {const} */ ("GET"), path: "/" }],
      amount: AMOUNT,
    });
    /** @param {string} code */
    const bound = (code) =>
      row({ front: { source: `export default {${handler(code)}};`, props: { client_id: "bound" } } });
    const mount = readFileSync(new URL("../../package/mount.mjs", import.meta.url), "utf8");
    const main = `import { brokerAs } from "./mount.js";
export { AssertionLedger, TokenCoordinator } from "./index.js";
export default {${handler(IN_THE_ISOLATE)}};`;
    const mounted = await row({
      around: (modules) => [
        { name: "main.js", kind: "esModule", content: main },
        { name: "mount.js", kind: "esModule", content: mount.replace("../build/index.js", "./index.js") },
        ...modules,
      ],
    });
    const rows = { rpc: await bound(WAYS.rpc), fetch: await bound(WAYS.fetch), mounted };
    return (await measure({ rows }, { rounds, warmUp: warmUp / CALLS })).rows;
  });
}
