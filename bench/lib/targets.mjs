// What the broker is judged by: each a ratio or a difference within one run, and the verdict.

import { budgetGzipBytes } from "../../scripts/versions.mjs";
import { ratio, spread } from "./rounds.mjs";

export const SIZE_KILOBYTES = budgetGzipBytes / 1000;
export const START_MILLIS = 15;

/** `[{ what, limit, measured: { median, low, high }, unit, passed }]` */
export function judge({ hits, tiers, growth, start, sizes }) {
  const times = (what, a, b, limit) => verdict(what, limit, ratio(a, b), "×");
  const { get, post, peers } = hits;
  return [
    times("isolate hit, GET: careful JavaScript", get.broker, get.careful, 0.93),
    times("isolate hit, POST: careful JavaScript", post.broker, post.careful, 0.93),
    times("isolate hit, GET: the floor", get.broker, get.floor, 1.2),
    times("isolate hit, POST: the floor", post.broker, post.floor, 1.2),
    times("isolate hit, GET: `@azure/msal-node`", peers.broker, peers.msal, 0.45),
    times("isolate hit, GET: tutorial", peers.broker, peers.tutorial, 0.45),
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

/** What `LOG_HITS = true` costs the broker may not be more than what it costs the careful JavaScript Worker. */
function logging(route, rows) {
  const costs = (worker) => rows[`${worker}-log`].map(({ cpu }, n) => cpu - rows[worker][n].cpu);
  const careful = costs("careful");
  const more = spread(costs("broker").map((micros, n) => micros - careful[n]));
  return verdict(`\`LOG_HITS\` on, ${route}: what it costs, less what it costs careful JavaScript`, 0, more, "µs");
}

function startOverFloor({ broker, floor }) {
  return spread(broker.map(({ cpuMillis }, n) => cpuMillis - floor[n].cpuMillis));
}

const verdict = (what, limit, measured, unit) => ({ what, limit, measured, unit, passed: measured.median <= limit });
