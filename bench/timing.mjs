// Tests whether the time of an answer tells a known client from an unknown one: thousands of requests in random order
// over one keep-alive connection to the broker in bare workerd, and a statistic over them.
//
//   npm run timing [-- --quick]
//
// Two tests compare each pair of classes. |t| or |z| over 4.5 is a difference.
//
// - Welch's t-test, on the answers below a percentile, as dudect does: the slowest answers measure the machine. The
//   percentile is that of both classes together, so that it favours neither.
// - The Mann–Whitney U test, on all answers.
//
// Two controls test the test: two classes of the same kind must not differ, and a right key must differ. `--quick`
// takes a tenth of the samples.

/** @import { Request } from "autocannon" */
/** @import { Fleet } from "./lib/fleet.mjs" */

import { randomInt } from "node:crypto";
import { Agent, request } from "node:http";

import { keyDigest, newClientKey } from "../cli/lib/client-key.mjs";
import { Failure, main, parseArguments } from "../scripts/lib/run.mjs";
import { newClient, openBackends, postToken } from "./lib/backends.mjs";
import { withFleet } from "./lib/fleet.mjs";
import { machine } from "./lib/machine.mjs";
import { requireLinux } from "./lib/process.mjs";
import { machineLine, table } from "./lib/report.mjs";
import { mannWhitney, quantile, welch } from "./lib/statistics.mjs";

/** @typedef {keyof typeof TITLES} Class */

/** @typedef {Request & { body: string, status: number }} Asked */

/** @typedef {Record<Class, number[]>} Micros */

/** @typedef {[string, Class, Class, boolean]} Pair Title, two classes, whether they must differ. */

const usage = "Usage: npm run timing [-- --quick]";
const options = /** @type {const} */ ({ quick: { type: "boolean" } });

/** Samples of each class. */
const SAMPLES = 20_000;
const WARM_UP = 6_000;
const LIMIT = 4.5;
/** Part of the answers that the t-test uses. */
const KEPT = 0.9;

/** Further clients: the search in a table of them must not disclose an unknown id. */
const OTHERS = Array.from({ length: 99 }, (_, n) => newClient(n + 1));

const TITLES = {
  wrong: "known client, wrong key",
  near: "known client, a wrong key with 2 bytes of the right digest",
  unknown: "unknown client, another one each time",
  unknownAgain: "the same once more",
  unknownFixed: "unknown client, the same each time",
  right: "known client, right key",
};

/** All ids have one length, and all keys: the classes differ only in whether the client is known. */
const unknownId = () => `client-${randomInt(100_000, 999_999)}`;
const KNOWN = { ...newClient(0), id: "client-700001" };
const nearKey = digestNear(KNOWN.digest);

/** @type {Record<Class, () => Asked>} */
const classes = {
  wrong: () => wrong(KNOWN.id, newClientKey()),
  near: () => wrong(KNOWN.id, nearKey),
  unknown: () => wrong(unknownId(), newClientKey()),
  unknownAgain: () => wrong(unknownId(), newClientKey()),
  unknownFixed: () => wrong("client-700002", newClientKey()),
  right: () => ({ ...postToken(KNOWN), status: 200 }),
};

/** @type {(id: string, key: string) => Asked} */
const wrong = (id, key) => ({ ...postToken({ id, key, scope: KNOWN.scope }), status: 401 });

/**
 * A wrong key with the first two bytes of the right key's digest. It takes about 65,536 tries.
 * @param {string} digest
 */
function digestNear(digest) {
  for (;;) {
    const key = newClientKey();
    if (keyDigest(key).startsWith(digest.slice(0, 4))) return key;
  }
}

/** @type {Pair[]} */
const PAIRS = [
  ["known client with a wrong key − unknown client", "wrong", "unknown", false],
  ["known client with a wrong key − the same unknown client each time", "wrong", "unknownFixed", false],
  ["wrong key with 2 bytes of the right digest − any wrong key", "near", "wrong", false],
  ["control: unknown − unknown", "unknown", "unknownAgain", false],
  ["control: right key − wrong key", "right", "wrong", true],
];

main(async () => {
  requireLinux();
  const { quick } = parseArguments(options, usage).values;
  const backends = await openBackends();
  try {
    const micros = await withFleet(backends, (fleet) => measure(fleet, quick ? SAMPLES / 10 : SAMPLES));
    const rows = PAIRS.map((pair) => compare(pair, micros));
    console.log(`${report(micros, rows)}\n`);
    const failed = rows.filter(({ passed }) => !passed);
    if (failed.length > 0)
      throw new Failure(failed.map(({ title }) => `timing: not as it must be: ${title}`).join("\n"));
  } finally {
    await backends.close();
  }
});

/**
 * Microseconds of every answer, by class. Each round has every class once, in random order.
 * @param {Fleet} fleet
 * @param {number} samples
 */
async function measure(fleet, samples) {
  const server = await fleet.start("broker", { clients: [KNOWN, ...OTHERS] });
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const names = /** @type {Class[]} */ (Object.keys(classes));
  /** @type {Micros} */
  const micros = { wrong: [], near: [], unknown: [], unknownAgain: [], unknownFixed: [], right: [] };
  for (let round = -WARM_UP / names.length; round < samples; round++) {
    for (const name of shuffled(names)) {
      const taken = await timed(agent, server.port, classes[name]());
      if (round >= 0) micros[name].push(taken);
    }
  }
  agent.destroy();
  return micros;
}

/**
 * @template T
 * @param {T[]} names
 */
function shuffled(names) {
  const order = [...names];
  for (let n = order.length - 1; n > 0; n--) {
    const other = randomInt(n + 1);
    [order[n], order[other]] = [order[other], order[n]];
  }
  return order;
}

/**
 * From the last byte of the request to the first of the answer.
 * @param {Agent} agent
 * @param {number} port
 * @param {Asked} asked
 * @returns {Promise<number>}
 */
function timed(agent, port, { status, body, ...options }) {
  return new Promise((resolve, reject) => {
    let started = 0n;
    const asked = request({ agent, host: "127.0.0.1", port, ...options }, (response) => {
      const taken = Number(process.hrtime.bigint() - started) / 1000;
      if (response.statusCode !== status)
        reject(new Failure(`timing: status ${response.statusCode} instead of ${status}`));
      response.resume().on("end", () => resolve(taken));
    });
    asked.on("error", reject);
    asked.setHeader("content-length", body.length);
    asked.end(body);
    started = process.hrtime.bigint();
  });
}

/**
 * @param {Pair} pair
 * @param {Micros} micros
 */
function compare([title, first, second, differ], micros) {
  const [a, b] = [micros[first], micros[second]];
  const limit = quantile(
    [...a, ...b].sort((x, y) => x - y),
    KEPT,
  );
  /** @param {number[]} values */
  const below = (values) => values.filter((value) => value <= limit);
  const test = { ...welch(below(a), below(b)), z: mannWhitney(a, b) };
  const differs = Math.abs(test.t) > LIMIT || Math.abs(test.z) > LIMIT;
  return { title, differ, differs, passed: differs === differ, ...test };
}

/**
 * @param {Micros} micros
 * @param {ReturnType<typeof compare>[]} rows
 */
function report(micros, rows) {
  /** @type {(value: number, digits: number) => string} */
  const signed = (value, digits) => `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(digits)}`;
  const pairs = rows.map(({ title, difference, low, high, t, z, differs, passed }) => [
    title,
    `${signed(difference, 2)} µs`,
    `${signed(low, 2)} … ${signed(high, 2)} µs`,
    signed(t, 2),
    signed(z, 2),
    differs ? "differ" : "do not differ",
    passed ? "pass" : "**fail**",
  ]);
  const titles = /** @type {[Class, string][]} */ (Object.entries(TITLES));
  const samples = titles.map(([name, title]) => {
    const values = micros[name];
    const sorted = [...values].sort((x, y) => x - y);
    return [title, `${values.length}`, ...[0.1, 0.5, 0.9].map((part) => quantile(sorted, part).toFixed(1))];
  });
  return [
    table(["Answers", "samples", "µs, 10 %", "median", "90 %"], "lrrrr", samples),
    table(["Compared", "difference of the means", "95 % confidence", "t", "z", `limit ${LIMIT}`, ""], "lrrrrll", pairs),
    machineLine(machine()),
  ].join("\n\n");
}
