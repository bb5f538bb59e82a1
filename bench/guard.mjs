// Fails if a hit in isolate memory costs more than 1.05 times a hit of the careful JavaScript Worker, or one of GET
// /msi/token more than 1.05 times one of GET /token. They are to cost the same, and the rest is for noise.
//
//   node bench/guard.mjs [--handicap TIMES]
//
// It compares a ratio within one run of many short rounds, so it holds on any machine. There are several tries, and the
// best one counts: noise makes some tries worse, but a slower hot path is slower in all of them.
//
// `BROKER_BUNDLE=directory` measures another bundle than dist/. `--handicap` makes the broker slower, to show that the
// guard fails: the broker then parses the URL of every request this many times for nothing. In the second comparison
// only the broker of GET /msi/token has it.

/** @import { Options } from "./lib/fleet.mjs" */
/** @import { Row } from "./lib/rounds.mjs" */

import { platform } from "node:os";

import { build } from "../scripts/build.mjs";
import { pack } from "../scripts/lib/pack.mjs";
import { Failure, main, parseArguments, say } from "../scripts/lib/run.mjs";
import { setUp } from "../scripts/setup.mjs";

const usage = "Usage: node bench/guard.mjs [--handicap TIMES]";
const options = /** @type {const} */ ({ handicap: { type: "string", default: "0" } });

const LIMIT = 1.05;
const IDENTITY_LIMIT = 1.05;
const TRIES = 5;
const ROUNDS = 7;
const WARM_UP = 8_000;
const AMOUNT = 1_600;

main(async () => {
  if (platform() !== "linux")
    return say("guard: skipped: the CPU time of a process is read from /proc, which only Linux has.");
  const { handicap } = parseArguments(options, usage).values;
  await setUp();
  if (!process.env.BROKER_BUNDLE) {
    await build();
    await pack();
  }
  const { hit, identity } = await compare(Number(handicap));
  judge("an isolate hit", "the careful JavaScript Worker's", LIMIT, hit);
  judge("a hit of GET /msi/token", "one of GET /token", IDENTITY_LIMIT, identity);
});

/**
 * @param {string} what
 * @param {string} other
 * @param {number} limit
 * @param {number[]} tries
 */
function judge(what, other, limit, tries) {
  const best = Math.min(...tries);
  const cost = `${what} costs ${best.toFixed(2)} times ${other}`;
  const figures = tries.map((ratio) => ratio.toFixed(2)).join(" ");
  if (best > limit) throw new Failure(`guard: ${cost}, more than ${limit} (tries: ${figures}).`);
  say(`guard: ${cost}, at most ${limit} (tries: ${figures})`);
}

/**
 * The ratios of all tries. It stops at the first one that is good enough.
 * @param {number} handicap
 */
async function compare(handicap) {
  // After the set-up, because these come with the npm packages.
  const { getIdentityToken, getToken, openBackends } = await import("./lib/backends.mjs");
  const { withFleet } = await import("./lib/fleet.mjs");
  const { measure, ratio } = await import("./lib/rounds.mjs");
  const backends = await openBackends();
  const request = { requests: [getToken()], amount: AMOUNT };
  const identityRequest = { ...request, requests: [getIdentityToken()] };
  try {
    return await withFleet(backends, async (fleet) => {
      const broker = { server: await fleet.start("broker", handicapped(handicap)), ...request };
      const careful = { server: await fleet.start("careful"), ...request };
      const identity = { server: await fleet.start("broker", handicapped(handicap)), ...identityRequest };
      const plain = { server: await fleet.start("broker"), ...request };
      /** @type {(heat: Record<string, Row>, limit: number) => Promise<number[]>} */
      const tries = async ({ a, b }, limit) => {
        /** @type {number[]} */
        const ratios = [];
        while (ratios.length < TRIES && !ratios.some((one) => one <= limit)) {
          const warmUp = ratios.length === 0 ? WARM_UP : 0;
          const { heat } = await measure({ heat: { a, b } }, { rounds: ROUNDS, warmUp });
          ratios.push(ratio(heat.a, heat.b).median);
        }
        return ratios;
      };
      return {
        hit: await tries({ a: broker, b: careful }, LIMIT),
        identity: await tries({ a: identity, b: plain }, IDENTITY_LIMIT),
      };
    });
  } finally {
    await backends.close();
  }
}

/**
 * The broker behind a module that wastes time in every request.
 * @param {number} times
 * @returns {Options}
 */
function handicapped(times) {
  if (times === 0) return {};
  const main = `
    import Broker from "./index.js";
    export { AssertionLedger, TokenCoordinator } from "./index.js";
    export default {
      fetch(request, env, context) {
        for (let n = 0; n < ${times}; n++) new URL(request.url).searchParams.get("scope");
        return Broker.fetch(request, env, context);
      },
    };`;
  return { around: (modules) => [{ name: "main.js", kind: "esModule", content: main }, ...modules] };
}
