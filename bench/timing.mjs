// Whether the time of an answer tells a known client from an unknown one: requests over one keep-alive connection to the
// broker in bare workerd, in random order, and a statistic over thousands of them.
//
//   npm run timing [-- --quick]
//
// Each pair of classes is compared by Welch's t-test on what is left below a percentile (the slowest answers measure
// the machine; the limit is that of both classes together, so that it favours neither), as dudect does, and by the
// Mann–Whitney U test on everything. |t| or |z| over 4.5 is a difference. Two controls keep the test honest: two
// classes of the same kind must not differ, and a right key must. `--quick` takes a tenth of the samples.

import { randomInt } from "node:crypto";
import { Agent, request } from "node:http";
import { parseArgs } from "node:util";

import { keyDigest, newClientKey } from "../scripts/lib/client-key.mjs";
import { Failure, main } from "../scripts/lib/run.mjs";
import { newClient, openBackends, postToken } from "./lib/backends.mjs";
import { withFleet } from "./lib/fleet.mjs";
import { machine } from "./lib/machine.mjs";
import { requireLinux } from "./lib/process.mjs";
import { machineLine, table } from "./lib/report.mjs";
import { mannWhitney, quantile, welch } from "./lib/statistics.mjs";

/** Of each class. */
const SAMPLES = 20_000;
const WARM_UP = 6_000;
const LIMIT = 4.5;
/** Part of the answers that is kept for the t-test. */
const KEPT = 0.9;

/** Clients beside the one that is asked for: an unknown id must not be told by how a table of them is searched. */
const OTHERS = Array.from({ length: 99 }, (_, n) => newClient(n + 1));

const TITLES = {
  wrong: "known client, wrong key",
  near: "known client, a wrong key with 2 bytes of the right digest",
  unknown: "unknown client, another one each time",
  unknownAgain: "the same once more",
  unknownFixed: "unknown client, the same each time",
  right: "known client, right key",
};

/** Ids and keys of one length each: the classes differ in nothing but who is known. */
const unknownId = () => `client-${randomInt(100_000, 999_999)}`;
const KNOWN = { ...newClient(0), id: "client-700001" };
const nearKey = digestNear(KNOWN.digest);

const classes = {
  wrong: () => wrong(KNOWN.id, newClientKey()),
  near: () => wrong(KNOWN.id, nearKey),
  unknown: () => wrong(unknownId(), newClientKey()),
  unknownAgain: () => wrong(unknownId(), newClientKey()),
  unknownFixed: () => wrong("client-700002", newClientKey()),
  right: () => ({ ...postToken(KNOWN), status: 200 }),
};

const wrong = (id, key) => ({ ...postToken({ id, key, scope: KNOWN.scope }), status: 401 });

/** A wrong key whose digest begins with two bytes of the right one: some 65,536 keys are tried for it. */
function digestNear(digest) {
  for (;;) {
    const key = newClientKey();
    if (keyDigest(key).startsWith(digest.slice(0, 4))) return key;
  }
}

/** Title, two classes, whether they must differ. */
const PAIRS = [
  ["known client with a wrong key − unknown client", "wrong", "unknown", false],
  ["known client with a wrong key − the same unknown client each time", "wrong", "unknownFixed", false],
  ["wrong key with 2 bytes of the right digest − any wrong key", "near", "wrong", false],
  ["control: unknown − unknown", "unknown", "unknownAgain", false],
  ["control: right key − wrong key", "right", "wrong", true],
];

main(async () => {
  requireLinux();
  const { quick } = parseArgs({ options: { quick: { type: "boolean" } } }).values;
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

/** Microseconds of every answer, by class. Each round has every class once, in an order of its own. */
async function measure(fleet, samples) {
  const server = await fleet.start("broker", { clients: [KNOWN, ...OTHERS] });
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const names = Object.keys(classes);
  const micros = Object.fromEntries(names.map((name) => [name, []]));
  for (let round = -WARM_UP / names.length; round < samples; round++) {
    for (const name of shuffled(names)) {
      const taken = await timed(agent, server.port, classes[name]());
      if (round >= 0) micros[name].push(taken);
    }
  }
  agent.destroy();
  return micros;
}

function shuffled(names) {
  const order = [...names];
  for (let n = order.length - 1; n > 0; n--) {
    const other = randomInt(n + 1);
    [order[n], order[other]] = [order[other], order[n]];
  }
  return order;
}

/** From the last byte of the request to the first of the answer. */
function timed(agent, port, { status, body, ...options }) {
  return new Promise((resolve, reject) => {
    let started;
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

function compare([title, first, second, differ], micros) {
  const [a, b] = [micros[first], micros[second]];
  const limit = quantile(
    [...a, ...b].sort((x, y) => x - y),
    KEPT,
  );
  const below = (values) => values.filter((value) => value <= limit);
  const test = { ...welch(below(a), below(b)), z: mannWhitney(a, b) };
  const differs = Math.abs(test.t) > LIMIT || Math.abs(test.z) > LIMIT;
  return { title, differ, differs, passed: differs === differ, ...test };
}

function report(micros, rows) {
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
  const samples = Object.entries(micros).map(([name, values]) => {
    const sorted = [...values].sort((x, y) => x - y);
    return [TITLES[name], `${values.length}`, ...[0.1, 0.5, 0.9].map((part) => quantile(sorted, part).toFixed(1))];
  });
  return [
    table(["Answers", "samples", "µs, 10 %", "median", "90 %"], "lrrrr", samples),
    table(["Compared", "difference of the means", "95 % confidence", "t", "z", `limit ${LIMIT}`, ""], "lrrrrll", pairs),
    machineLine(machine()),
  ].join("\n\n");
}
