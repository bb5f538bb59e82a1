// The results as Markdown.

/** @import { Results } from "../run.mjs" */
/** @import { Step } from "../scenes/connections.mjs" */
/** @import { Started } from "../scenes/start.mjs" */
/** @import { Load } from "./load.mjs" */
/** @import { Machine } from "./machine.mjs" */
/** @import { Spread } from "./rounds.mjs" */

import { difference, ratio, spread } from "./rounds.mjs";
import { judge } from "./targets.mjs";

/** @param {Results} results */
export function report(results) {
  return [
    "### Targets",
    targetsTable(results),
    "### Hits",
    hitsTable(results),
    "### Proxied requests",
    proxyTable(results),
    "### Tiers, and refusals",
    tiersTable(results),
    "### Latency",
    latencyTable(results),
    "### Size, start, memory",
    startTable(results),
    "### How the cost grows",
    growthTable(results),
    "### Connections",
    connectionsTable(results),
    "### Measured on",
    machineLines(results),
  ].join("\n\n");
}

/**
 * `align`: `l` or `r` for each column.
 * @param {string[]} head
 * @param {string} align
 * @param {string[][]} rows
 */
export function table(head, align, rows) {
  /** @param {string[]} cells */
  const line = (cells) => `| ${cells.join(" | ")} |`;
  return [line(head), line([...align].map((side) => (side === "r" ? "---:" : "---"))), ...rows.map(line)].join("\n");
}

/** @type {(spread: Spread, digits: number) => string} A value with the quartiles of the rounds. */
const around = ({ median: value, low, high }, digits) =>
  `${value.toFixed(digits)} (${low.toFixed(digits)}–${high.toFixed(digits)})`;
/** @param {Load[]} rounds */
const micros = (rounds) => around(spread(rounds.map(({ cpu }) => cpu)), 0);

/** @param {Results} results */
function targetsTable(results) {
  const rows = judge(results).map(({ what, limit, measured, unit, passed }) => {
    const digits = unit === "×" ? 2 : 1;
    return [what, `≤ ${limit.toFixed(digits)} ${unit}`, around(measured, digits), passed ? "pass" : "**fail**"];
  });
  return table(["What", "Target", "Measured", ""], "lrrl", rows);
}

/** @type {[string, string, string, string?][]} Title, heat, row, the heat of its log lines. */
const HITS = [
  ["floor: a constant, GET", "get", "floor"],
  ["**broker**, isolate hit, GET", "get", "broker", "logGet"],
  ["careful JavaScript, GET", "get", "careful", "logGet"],
  ["**broker**, isolate hit, `GET /msi/token`", "identity", "identity"],
  ["floor: a constant, POST", "post", "floor"],
  ["**broker**, isolate hit, POST", "post", "broker", "logPost"],
  ["careful JavaScript, POST", "post", "careful", "logPost"],
  ["tutorial: a KV read each", "peers", "tutorial", "logPeers"],
  ["`@azure/msal-node`, its memory cache", "peers", "msal", "logPeers"],
];

/** @param {Results} results */
function hitsTable({ hits }) {
  const rows = HITS.map(([title, heat, row, log]) => {
    const own = hits[heat][row];
    const { floor, careful } = hits[heat].floor ? hits[heat] : hits.get;
    const logged = log && difference(hits[log][`${row}-log`], hits[log][row]);
    return [
      title,
      micros(own),
      difference(own, floor).median.toFixed(0),
      ratio(own, floor).median.toFixed(2),
      ratio(own, careful).median.toFixed(2),
      logged ? around(logged, 0) : "",
    ];
  });
  return table(["Worker", "µs CPU", "over the floor", "× floor", "× careful", "`LOG_HITS` costs, µs"], "lrrrrr", rows);
}

/** @type {[string, string][]} Title, heat. */
const PROXIED = [
  ["GET, an answer with `Content-Length`", "get"],
  ["GET, a chunked answer", "chunked"],
  ["POST, 1 KiB both ways", "post"],
];

const PROXIES = { floor: "floor", broker: "**broker**", careful: "careful JavaScript" };

/** @param {Results} results */
function proxyTable({ proxy }) {
  const rows = PROXIED.flatMap(([title, heat]) =>
    Object.entries(PROXIES).map(([row, name]) => {
      const { [row]: own, floor, careful } = proxy[heat];
      const ratios = [floor, careful].map((other) => around(ratio(own, other), 2));
      return [`${name}: ${title}`, micros(own), difference(own, floor).median.toFixed(0), ...ratios];
    }),
  );
  return table(["Proxy", "µs CPU", "over the floor", "× floor", "× careful"], "lrrrr", rows);
}

/** @type {[string, string, string][]} Title, heat, row. */
const TIERS = [
  ["floor", "kv", "floor"],
  ["**broker**, KV hit", "kv", "broker"],
  ["careful JavaScript, KV hit", "kv", "careful"],
  ["**broker**, KV hit, its coordinator told that the token is in use", "coordinated", "broker"],
  ["**broker**, coordinator hit", "coordinator", "broker"],
  ["**broker**, miss, without a coordinator", "miss", "broker"],
  ["careful JavaScript, miss", "miss", "careful"],
  ["**broker**, first miss of a token, with a new coordinator", "firstMiss", "broker"],
];

/** @param {Results} results */
function tiersTable({ tiers, hits }) {
  /** @type {(title: string, own: Load[], floor: Load[]) => string[]} */
  const row = (title, own, floor) => {
    return [title, micros(own), difference(own, floor).median.toFixed(0), ratio(own, floor).median.toFixed(2)];
  };
  return table(["Request", "µs CPU", "over the floor", "× floor"], "lrrr", [
    ...TIERS.map(([title, heat, id]) => row(title, tiers[heat][id], tiers.kv.floor)),
    row("**broker**, 401: unknown key", hits.unauthorized.broker, hits.unauthorized.floor),
    row("**broker**, 403: scope not granted", hits.forbidden.broker, hits.forbidden.floor),
  ]);
}

/** @param {Results} results */
function latencyTable({ latency }) {
  const titled = {
    "**broker**, isolate hit, GET": latency.get,
    "**broker**, isolate hit, POST": latency.post,
    "**broker**, KV hit": latency.kv,
    "**broker**, miss": latency.miss,
    "straight to the stand-in, which answers at once": latency.direct,
    "straight to the stand-in, which takes 100 ms": latency.directDelayed,
  };
  const rows = Object.entries(titled).map(([title, { p50, p99 }]) => [title, p50.toFixed(2), p99.toFixed(2)]);
  return table(["One caller, one connection", "ms, median", "ms, 99 %"], "lrr", rows);
}

/** @param {Results} results */
function startTable({ start, sizes, memories }) {
  /** @type {(worker: string, field: keyof Started, digits: number) => string} */
  const of = (worker, field, digits) => around(spread(start[worker].map((one) => one[field])), digits);
  /** @param {string} worker */
  const size = (worker) => (sizes[worker] ? (sizes[worker].all / 1000).toFixed(1) : "");
  const rows = Object.keys(start).map((worker) => {
    const { resident, peak } = memories[worker];
    return [
      worker,
      size(worker),
      of(worker, "cpuMillis", 1),
      of(worker, "wallMillis", 0),
      of(worker, "resident", 0),
      resident.toFixed(0),
      peak.toFixed(0),
    ];
  });
  const head = [
    "Worker",
    "kB gzip",
    "ms CPU to the first answer",
    "ms by the clock",
    "MB then",
    "MB after the hits",
    "MB at most",
  ];
  return table(head, "lrrrrrr", rows);
}

/** @type {[string, string, string][]} Title, heat, row; each is compared with the first of its heat. */
const GROWTH = [
  ["1 client, GET", "get", "1"],
  ["100 clients, GET", "get", "100"],
  ["1,000 clients, GET", "get", "1000"],
  ["1 client, POST", "post", "1"],
  ["100 clients, POST", "post", "100"],
  ["1,000 clients, POST", "post", "1000"],
  ["1 client in the registry, POST", "registered", "1"],
  ["100,000 clients in the registry, POST", "registered", "100000"],
  ["1,000 clients, 1 token in memory", "tokens", "one"],
  ["1,000 clients, 1,000 tokens in memory, each in turn", "tokens", "all"],
  ["16 kB token: floor", "size", "floor"],
  ["16 kB token: **broker**", "size", "broker"],
  ["16 kB token: careful JavaScript", "size", "careful"],
];

/** @param {Results} results */
function growthTable({ growth }) {
  const rows = GROWTH.map(([title, heat, row]) => {
    const first = Object.values(growth[heat])[0];
    return [title, micros(growth[heat][row]), around(ratio(growth[heat][row], first), 2)];
  });
  return table(["Isolate hit", "µs CPU", "× the first of its kind"], "lrr", rows);
}

/** @param {Results} results */
function connectionsTable({ connections }) {
  const rows = connections.broker.map((broker, step) => [
    `${broker.connections}`,
    ...["floor", "broker", "careful"].map((worker) => connections[worker][step].cpu.toFixed(0)),
    broker.perSecond.toFixed(0),
    `${(broker.busy * 100).toFixed(0)} %`,
    broker.p50.toFixed(1),
    broker.p99.toFixed(1),
  ]);
  const head = [
    "Connections",
    "µs floor",
    "µs **broker**",
    "µs careful",
    "**broker** requests/s",
    "its CPU",
    "ms, median",
    "ms, 99 %",
  ];
  return `${table(head, "rrrrrrrr", rows)}\n\n${saturation(connections.broker)}`;
}

/**
 * The load generator shares the machine, so the rate of the isolate follows from the cost of a request.
 * @param {Step[]} steps
 */
function saturation(steps) {
  const most = Math.max(...steps.map(({ perSecond }) => perSecond));
  const cheapest = Math.min(...steps.map(({ cpu }) => cpu));
  const full = `at ${cheapest.toFixed(0)} µs a request, one core is full at ${(1e6 / cheapest).toFixed(0)}`;
  return `One isolate served at most ${most.toFixed(0)} requests a second beside the load generator; ${full}.`;
}

/** @param {Results} results */
function machineLines({ machine, date, rounds }) {
  return `${machineLine(machine)} ${date}, ${rounds} rounds of hits; in brackets the quartiles of the rounds.`;
}

/** @param {Machine} machine */
export function machineLine(machine) {
  const packages = Object.entries(machine.packages).map(([name, version]) => `${name} ${version}`);
  const versions = [...packages, `Node.js ${machine.node}`, `Rust ${machine.rust}`].join(", ");
  return `${machine.cpu}, ${machine.memory}, ${machine.system}. ${versions}.`;
}
