// Rounds of heats. The rows of a heat run at the same time, each against a process of its own whose CPU time alone counts:
// what disturbs the machine disturbs all of them alike, and a ratio is taken within a heat. One after the other, on a
// shared machine, the same work takes now one and now three times as long. Heats take turns: A B C, C B A, A B C ...

import { load } from "./load.mjs";

/**
 * Measures `heats`: name → name of a row → `{ server, requests, amount, ... }` (load.mjs). Returns the same with one result
 * for each round in the place of a row. `warmUp` requests come first, so that V8 has compiled what it is going to compile.
 * `after(rows)` may look at what a heat of the rounds has caused; `settle()` comes before the first.
 */
export async function measure(heats, { rounds, warmUp, settle = () => {}, after = () => {} }) {
  for (const row of Object.values(heats).flatMap(Object.values)) {
    const cycles = Math.ceil((row.warmUp ?? warmUp) / row.amount);
    for (let n = 0; n < cycles; n++) await load(row.server, row);
  }
  settle();
  const results = mapValues(heats, (rows) => mapValues(rows, () => []));
  for (let round = 0; round < rounds; round++) {
    const names = Object.keys(heats);
    for (const name of round % 2 === 0 ? names : names.reverse()) {
      const rows = Object.entries(heats[name]);
      await Promise.all(rows.map(async ([id, row]) => results[name][id].push(await load(row.server, row))));
      after(heats[name]);
    }
  }
  return results;
}

const mapValues = (object, map) => Object.fromEntries(Object.entries(object).map(([key, value]) => [key, map(value)]));

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Median with the quartiles around it. */
export function spread(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (part) => sorted[Math.round(part * (sorted.length - 1))];
  return { median: median(values), low: at(0.25), high: at(0.75) };
}

const zip = (a, b, combine) => a.map((value, n) => combine(value, b[n]));

/** How many times `b` costs `a`, round by round. */
export const ratio = (a, b) => spread(zip(a, b, (x, y) => x.cpu / y.cpu));

/** How much more than `b` costs `a`, round by round. */
export const difference = (a, b) => spread(zip(a, b, (x, y) => x.cpu - y.cpu));
