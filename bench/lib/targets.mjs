// The targets of the broker: each is a ratio or a difference within one run, with its verdict.

/** @import { Results } from "../run.mjs" */
/** @import { Started } from "../scenes/start.mjs" */
/** @import { Load } from "./load.mjs" */
/** @import { Spread } from "./rounds.mjs" */

import { budgetGzipBytes } from "../../scripts/versions.mjs";
import { ratio, spread, zip } from "./rounds.mjs";

export const SIZE_KILOBYTES = budgetGzipBytes / 1000;
export const START_MILLIS = 15;

/** @param {Results} results */
export function judge({ hits, proxy, tiers, growth, start, sizes }) {
  /** @type {(what: string, a: Load[], b: Load[], limit: number) => ReturnType<typeof verdict>} */
  const times = (what, a, b, limit) => verdict(what, limit, ratio(a, b), "×");
  const { get, post, identity, peers } = hits;
  return [
    times("isolate hit, GET: careful JavaScript", get.broker, get.careful, 0.93),
    times("isolate hit, POST: careful JavaScript", post.broker, post.careful, 0.93),
    times("isolate hit, `GET /msi/token`: `GET /token`", identity.identity, identity.broker, 1),
    times("isolate hit, GET: the floor", get.broker, get.floor, 1.2),
    times("isolate hit, POST: the floor", post.broker, post.floor, 1.2),
    times("isolate hit, GET: `@azure/msal-node`", peers.broker, peers.msal, 0.45),
    times("isolate hit, GET: tutorial", peers.broker, peers.tutorial, 0.45),
    times("proxied GET: the floor", proxy.get.broker, proxy.get.floor, 1.25),
    times("proxied GET: careful JavaScript", proxy.get.broker, proxy.get.careful, 1),
    times("proxied POST of 1 KiB: the floor", proxy.post.broker, proxy.post.floor, 1.25),
    times("proxied POST of 1 KiB: careful JavaScript", proxy.post.broker, proxy.post.careful, 1),
    times("KV hit: careful JavaScript's KV hit", tiers.kv.broker, tiers.kv.careful, 1),
    logging("GET", hits.logGet),
    logging("POST", hits.logPost),
    verdict("wasm and JavaScript, compressed", SIZE_KILOBYTES, spread([sizes.broker.all / 1000]), "kB"),
    verdict("CPU time to the first answer, over the floor's", START_MILLIS, startOverFloor(start), "ms"),
    times("1,000 clients, GET: 1 client", growth.get[1000], growth.get[1], 1.1),
    times("1,000 clients, POST: 1 client", growth.post[1000], growth.post[1], 1.1),
    times("100,000 clients in the registry, POST: 1 client", growth.registered[100_000], growth.registered[1], 1.1),
    times("1,000 tokens in memory: 1 token", growth.tokens.all, growth.tokens.one, 1.1),
  ];
}

/**
 * `LOG_HITS = true` may cost the broker no more than it costs the careful JavaScript Worker.
 * @param {string} route
 * @param {Record<string, Load[]>} rows
 */
function logging(route, rows) {
  /** @param {string} worker */
  const costs = (worker) => zip(rows[`${worker}-log`], rows[worker], (logged, silent) => logged.cpu - silent.cpu);
  const more = spread(zip(costs("broker"), costs("careful"), (broker, careful) => broker - careful));
  return verdict(`\`LOG_HITS\` on, ${route}: what it costs, less what it costs careful JavaScript`, 0, more, "µs");
}

/** @param {Record<string, Started[]>} start */
function startOverFloor({ broker, floor }) {
  return spread(zip(broker, floor, (own, least) => own.cpuMillis - least.cpuMillis));
}

/**
 * @param {string} what
 * @param {number} limit
 * @param {Spread} measured
 * @param {string} unit
 */
function verdict(what, limit, measured, unit) {
  return { what, limit, measured, unit, passed: measured.median <= limit };
}
