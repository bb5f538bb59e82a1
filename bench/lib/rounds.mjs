// Rounds of heats. The rows of a heat run at the same time, each against a process of its own. Only the CPU time of
// that process counts, and a ratio is taken within a heat: a disturbance of the machine disturbs all rows alike. If
// rows ran one after the other on a shared machine, the same work could take three times as long. Heats take
// turns: A B C, C B A, …

/** @import { Server } from "./fleet.mjs" */
/** @import { Load, Sent } from "./load.mjs" */

import { load } from "./load.mjs";

/**
 * @typedef {Sent & { server: Server, warmUp?: number, reads?: number, asks?: number }} Row `reads` and `asks`:
 * scenes/tiers.mjs.
 */

/** @typedef {Record<string, Row>} Heat */

/** @typedef {Record<string, Record<string, Load[]>>} Measured Heat → row → one result for each round. */

/** @typedef {{ median: number, low: number, high: number }} Spread */

/**
 * Measures `heats`. `warmUp` requests come first, so that V8 has compiled the hot code.
 * `after(heat)` may check the effects of a heat, and `settle()` comes before the first one.
 * @param {Record<string, Heat>} heats
 * @param {{ rounds: number, warmUp: number, settle?: () => void, after?: (heat: Heat) => void }} how
 * @returns {Promise<Measured>}
 */
export async function measure(heats, { rounds, warmUp, settle = () => {}, after = () => {} }) {
  for (const row of Object.values(heats).flatMap(Object.values)) {
    const cycles = Math.ceil((row.warmUp ?? warmUp) / row.amount);
    for (let n = 0; n < cycles; n++) await load(row.server, row);
  }
  settle();
  const taken = Object.entries(heats).map(([name, heat]) => {
    const rows = Object.entries(heat).map(([id, row]) => ({ id, row, loads: /** @type {Load[]} */ ([]) }));
    return { name, heat, rows };
  });
  for (let round = 0; round < rounds; round++) {
    for (const { heat, rows } of round % 2 === 0 ? taken : taken.toReversed()) {
      await Promise.all(rows.map(async ({ row, loads }) => loads.push(await load(row.server, row))));
      after(heat);
    }
  }
  const loadsOf = (/** @type {(typeof taken)[0]} */ { rows }) =>
    Object.fromEntries(rows.map(({ id, loads }) => [id, loads]));
  return Object.fromEntries(taken.map((one) => [one.name, loadsOf(one)]));
}

/** @param {number[]} values */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/**
 * Median and quartiles.
 * @param {number[]} values
 * @returns {Spread}
 */
export function spread(values) {
  const sorted = [...values].sort((a, b) => a - b);
  /** @param {number} part */
  const at = (part) => sorted[Math.round(part * (sorted.length - 1))];
  return { median: median(values), low: at(0.25), high: at(0.75) };
}

/**
 * Round by round.
 * @template T
 * @param {T[]} a
 * @param {T[]} b
 * @param {(x: T, y: T) => number} combine
 */
export const zip = (a, b, combine) => a.map((value, n) => combine(value, b[n]));

/** @type {(a: Load[], b: Load[]) => Spread} How many times `b` costs `a`, round by round. */
export const ratio = (a, b) => spread(zip(a, b, (x, y) => x.cpu / y.cpu));

/** @type {(a: Load[], b: Load[]) => Spread} How much more than `b` costs `a`, round by round. */
export const difference = (a, b) => spread(zip(a, b, (x, y) => x.cpu - y.cpu));
