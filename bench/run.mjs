// Measures the bundle that bench/main.mjs has built. Prints the tables, and writes them into bench/results/.

/** @import { Backends } from "./lib/backends.mjs" */

import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { Failure, main, parseArguments, root, say } from "../scripts/lib/run.mjs";
import { openBackends } from "./lib/backends.mjs";
import { machine, sizes } from "./lib/machine.mjs";
import { plot } from "./lib/plot.mjs";
import { report } from "./lib/report.mjs";
import { connections } from "./scenes/connections.mjs";
import { growth } from "./scenes/growth.mjs";
import { hits } from "./scenes/hits.mjs";
import { latency } from "./scenes/latency.mjs";
import { proxy } from "./scenes/proxy.mjs";
import { start } from "./scenes/start.mjs";
import { tiers } from "./scenes/tiers.mjs";

/** @typedef {Awaited<ReturnType<typeof measureAll>>} Results */

const usage = "Usage: npm run bench [-- [--quick] [--record]]";
const options = /** @type {const} */ ({ quick: { type: "boolean" }, record: { type: "boolean" } });

/** How many rounds. The hits have most, because the targets are their ratios. */
const FULL = { hits: 21, proxy: 21, tiers: 6, growth: 9, connections: 2, start: 15, latency: 400, warmUp: 6_400 };
const QUICK = { hits: 3, proxy: 3, tiers: 2, growth: 2, connections: 1, start: 3, latency: 100, warmUp: 3_200 };

const results = join(root, "bench", "results");
const page = join(root, "docs", "performance.md");

main(async () => {
  const { quick, record } = parseArguments(options, usage).values;
  const measured = await measureAll(quick ? QUICK : FULL);
  const markdown = report(measured);
  mkdirSync(results, { recursive: true });
  writeFileSync(join(results, "latest.json"), `${JSON.stringify(measured, rounded, 1)}\n`);
  writeFileSync(join(results, "latest.md"), `${markdown}\n`);
  writeFileSync(join(results, "cost.svg"), plot(measured));
  console.log(markdown);
  say("\nbench: the same in bench/results/: latest.md, latest.json, cost.svg");
  if (record) recordInDocs(markdown);
});

/** @param {typeof FULL} times */
async function measureAll(times) {
  const backends = await openBackends();
  const began = performance.now();
  /**
   * @template T
   * @param {string} name
   * @param {(backends: Backends, how: { warmUp: number, rounds: number, times: number }) => Promise<T>} scene
   * @param {number} often How many rounds the scene has, or how often it repeats its work.
   */
  const stage = async (name, scene, often) => {
    say(`bench: ${name} (${Math.round((performance.now() - began) / 1000)} s)`);
    return scene(backends, { warmUp: times.warmUp, rounds: often, times: often });
  };
  try {
    const started = await stage("starts", start, times.start);
    const hot = await stage("hits", hits, times.hits);
    const proxied = await stage("proxy", proxy, times.proxy);
    const behind = await stage("tiers", tiers, times.tiers);
    const grown = await stage("growth", growth, times.growth);
    const connected = await stage("connections", connections, times.connections);
    const late = await stage("latency", latency, times.latency);
    return {
      date: new Date().toISOString().slice(0, 10),
      rounds: times.hits,
      machine: machine(),
      sizes: await sizes(),
      start: started,
      hits: hot.results,
      memories: hot.memories,
      proxy: proxied,
      tiers: behind,
      growth: grown,
      connections: connected,
      latency: late,
    };
  } finally {
    await backends.close();
  }
}

/** @type {(key: string, value: unknown) => unknown} Microseconds and megabytes do not have seventeen digits. */
const rounded = (key, value) => (typeof value === "number" ? Math.round(value * 1000) / 1000 : value);

/**
 * Writes the tables between the marks of docs/performance.md, and the plot beside it.
 * @param {string} markdown
 */
function recordInDocs(markdown) {
  const [before, rest] = readFileSync(page, "utf8").split("<!-- measured -->\n");
  const after = rest?.split("<!-- /measured -->")[1];
  if (after === undefined)
    throw new Failure("docs/performance.md has lost its marks <!-- measured --> and <!-- /measured -->.");
  writeFileSync(page, `${before}<!-- measured -->\n${markdown}\n<!-- /measured -->${after}`);
  copyFileSync(join(results, "cost.svg"), join(root, "docs", "performance.svg"));
  say("bench: recorded in docs/performance.md and docs/performance.svg");
}
