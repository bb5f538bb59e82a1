// Attacks on the broker in bare workerd, with many requests: which answers they get, what a good client notices, and
// what stays in memory.
//
//   npm run abuse [-- --quick]
//
// Each attack comes twice. A leak grows as much the second time as the first. Memory that the runtime keeps for its
// next use does not.
//
// It fails if the good client misses one token, if an attack gets an unexpected answer, if memory grows, or if an open
// connection takes too much of it. `--quick` takes a tenth of the requests. The attacks of `harness/abuses/` follow, each
// once, on a broker of its own.
// `BROKER_BUNDLE=directory` attacks another bundle.

/** @import { Attack as Kind, Flood, Siege } from "../tests/workerd/harness/attacks.mjs" */
/** @import { Counts, Target } from "../tests/workerd/harness/traffic.mjs" */
/** @import { Fleet, Server } from "./lib/fleet.mjs" */
/** @import { Outcome } from "./lib/good-client.mjs" */

import { setTimeout as delay } from "node:timers/promises";

import { Failure, main, parseArguments, say } from "../scripts/lib/run.mjs";
import { ABUSES } from "../tests/workerd/harness/abuses.mjs";
import { FLOODS, SIEGES } from "../tests/workerd/harness/attacks.mjs";
import { CLIENT, getToken, openBackends, postToken } from "./lib/backends.mjs";
import { withFleet } from "./lib/fleet.mjs";
import { startGoodClient } from "./lib/good-client.mjs";
import { machine } from "./lib/machine.mjs";
import { memory, requireLinux } from "./lib/process.mjs";
import { machineLine, table } from "./lib/report.mjs";

/** @typedef {{ counts: Counts, held?: number }} Ended What became of an attack; `held`: kB for each connection. */

/** @typedef {Kind & { run: (on: { server: Server, target: Target }, amount: number) => Promise<Ended> }} Attack */

/** @typedef {Attack & { amount: number }} Sized */

/** @typedef {Ended & { alone: Outcome, beside: Outcome, resident: number }} Time */

/** @typedef {Sized & { before: { resident: number }, times: Time[], faults: string[] }} Row */

/** @typedef {{ what: string, faults: string[] }} Attempt */

/** @typedef {ReturnType<typeof startGoodClient>} GoodClient */

const usage = "Usage: npm run abuse [-- --quick]";
const options = /** @type {const} */ ({ quick: { type: "boolean" } });

/** Resident memory after the second time may be this many times that after the first. */
const RESIDENT_LIMIT = 1.3;
/** The most that an open connection may take, in kilobytes: a body of 16 KiB, and the runtime's own need. */
const HELD_LIMIT = 64;
const WARM_UP = 3_000;
const ALONE = 400;
const TICKS = 100;
const TICK_MILLIS = 20;

main(async () => {
  requireLinux();
  const { quick } = parseArguments(options, usage).values;
  const backends = await openBackends();
  try {
    const rows = await withFleet(backends, (fleet) => attackAll(fleet, quick ? 10 : 1));
    const attempts = await attempt();
    console.log(`${report(rows)}\n\n${reportOnce(attempts)}\n`);
    const failed = [...rows, ...attempts].filter(({ faults }) => faults.length > 0);
    if (failed.length > 0)
      throw new Failure(failed.map(({ what, faults }) => `abuse: ${what}: ${faults.join("; ")}`).join("\n"));
  } finally {
    await backends.close();
  }
});

/** The attacks that come once. */
async function attempt() {
  /** @type {Attempt[]} */
  const attempts = [];
  for (const { what, attack } of ABUSES) {
    const faults = await attack().then(
      () => [],
      (error) => [error instanceof Error ? error.message : String(error)],
    );
    attempts.push({ what, faults });
    say(`abuse: ${what} | ${verdict(faults)}`);
  }
  return attempts;
}

/**
 * @param {Fleet} fleet
 * @param {number} divisor
 */
async function attackAll(fleet, divisor) {
  const server = await fleet.start("broker", {});
  const good = startGoodClient({ port: server.port, requests: [getToken(), postToken()] });
  try {
    await good.alone(WARM_UP);
    // A new heap grows with its first use.
    await FLOODS[0].send({ port: server.port, id: CLIENT.id }, 6 * FLOODS[0].many);
    const rows = [];
    for (const attack of [...FLOODS.map(flood), ...SIEGES.map(siege)]) {
      const row = await twice(server, good, { ...attack, amount: Math.ceil(attack.many / divisor) });
      rows.push(row);
      say(`abuse: ${line(row).join(" | ")}`);
    }
    return rows;
  } finally {
    await good.stop();
  }
}

/** @type {(attack: Flood) => Attack} */
const flood = (attack) => ({
  ...attack,
  run: async ({ target }, amount) => ({ counts: await attack.send(target, amount) }),
});

/** @type {(attack: Siege) => Attack} */
const siege = (attack) => ({
  ...attack,
  async run({ server, target }, amount) {
    const before = memory(server.pid).resident;
    const { tick, leave } = await attack.open(target, amount);
    for (let n = 0; n < TICKS; n++) {
      tick();
      await delay(TICK_MILLIS);
    }
    const held = ((memory(server.pid).resident - before) * 1000) / amount;
    return { counts: leave(), held };
  },
});

/**
 * @param {Server} server
 * @param {GoodClient} good
 * @param {Sized} attack
 * @returns {Promise<Row>}
 */
async function twice(server, good, attack) {
  const before = memory(server.pid);
  const times = [await once(server, good, attack), await once(server, good, attack)];
  const [first, second] = times;
  const faults = times.flatMap((time) => faultsOf(attack, time));
  if (second.resident / first.resident > RESIDENT_LIMIT) faults.push("memory grew the second time");
  return { ...attack, before, times, faults };
}

/**
 * One time: the good client alone, then beside the attack, then the memory that stays.
 * @param {Server} server
 * @param {GoodClient} good
 * @param {Sized} attack
 * @returns {Promise<Time>}
 */
async function once(server, good, attack) {
  const alone = await good.alone(ALONE);
  /** @type {Ended} */
  let outcome = { counts: {} };
  const beside = await good.during(async () => {
    outcome = await attack.run({ server, target: { port: server.port, id: CLIENT.id } }, attack.amount);
  }, ALONE);
  await good.alone(ALONE);
  return { ...outcome, alone, beside, resident: memory(server.pid).resident };
}

/**
 * @param {Kind} attack
 * @param {Time} time
 */
function faultsOf({ answers }, { counts, held = 0, alone, beside }) {
  const faults = [...alone.failures, ...beside.failures].map((failure) => `the good client had ${failure}`);
  const unforeseen = Object.keys(counts).filter((status) => !answers.includes(status));
  if (unforeseen.length > 0) faults.push(`answered ${unforeseen.join(", ")}`);
  if (held > HELD_LIMIT) faults.push(`${held.toFixed(0)} kB for each connection`);
  return faults;
}

/** @type {(part: number, millis: number[]) => number} */
const at = (part, millis) => [...millis].sort((a, b) => a - b)[Math.floor(part * (millis.length - 1))];

const HEAD = [
  "Attack, twice",
  "requests",
  "answers",
  "good client's tokens",
  "its p50 alone",
  "beside",
  "p99 alone",
  "beside",
  "kB held each",
  "MB resident before, after once, after twice",
  "",
];

/** @param {Row} row */
function line({ what, amount, before, times, faults }) {
  const alone = times.flatMap((time) => time.alone.millis);
  const beside = times.flatMap((time) => time.beside.millis);
  const missed = times.flatMap((time) => time.beside.failures).length;
  /** @param {number} part */
  const compared = (part) => {
    const [without, during] = [at(part, alone), at(part, beside)];
    return [`${without.toFixed(1)} ms`, `${during.toFixed(1)} ms, ${(during / without).toFixed(1)} ×`];
  };
  const held = times.flatMap((time) => time.held ?? []);
  return [
    what,
    `2 × ${amount}`,
    answersOf(times),
    `${beside.length - missed} of ${beside.length}`,
    ...compared(0.5),
    ...compared(0.99),
    held.length > 0 ? Math.max(0, ...held).toFixed(0) : "",
    [before, ...times].map(({ resident }) => resident.toFixed(0)).join(", "),
    verdict(faults),
  ];
}

/** @param {string[]} faults */
const verdict = (faults) => (faults.length > 0 ? "**fail**" : "pass");

/** @param {Row[]} rows */
const report = (rows) => `${table(HEAD, "lrlrrrrrrrl", rows.map(line))}\n\n${machineLine(machine())}`;

/** @param {Attempt[]} attempts */
const reportOnce = (attempts) =>
  table(
    ["Attack, once", ""],
    "ll",
    attempts.map(({ what, faults }) => [what, verdict(faults)]),
  );

/**
 * The results of both times.
 * @param {Time[]} times
 */
function answersOf(times) {
  /** @type {Counts} */
  const sums = {};
  for (const { counts } of times)
    for (const [answer, count] of Object.entries(counts)) sums[answer] = (sums[answer] ?? 0) + count;
  return Object.entries(sums)
    .map(([answer, count]) => `${answer}: ${count}`)
    .join(", ");
}
