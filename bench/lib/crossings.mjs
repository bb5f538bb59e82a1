// Counts how often a request crosses between JavaScript and wasm: the broker behind a module that counts.

/** @import { Module } from "./workerd.mjs" */

const PATH = "/bench/crossings";

/** Runs before the bundle: wraps every import and export of the wasm instance that the bundle makes. */
const COUNTER = `
const counts = new Map();
const counted = (side) => ([name, value]) => {
  if (typeof value !== "function") return [name, value];
  const key = side + " " + name;
  return [name, function (...args) {
    counts.set(key, (counts.get(key) ?? 0) + 1);
    return value.apply(this, args);
  }];
};
const wrap = (side, functions) => Object.fromEntries(Object.entries(functions).map(counted(side)));
const Instance = WebAssembly.Instance;
WebAssembly.Instance = function (module, imports) {
  const wrapped = Object.fromEntries(Object.entries(imports).map(([from, functions]) => [from, wrap("out", functions)]));
  const { exports } = new Instance(module, wrapped);
  return { exports: wrap("in", exports) };
};
export const take = () => {
  const taken = Object.fromEntries(counts);
  counts.clear();
  return taken;
};`;

const MAIN = `
import { take } from "./counter.js";
import Broker from "./index.js";
export { AssertionLedger, TokenCoordinator } from "./index.js";
export default {
  fetch(request, env, context) {
    return request.url.endsWith("${PATH}") ? Response.json(take()) : Broker.fetch(request, env, context);
  },
};`;

/**
 * The modules of a broker, with the counter around them.
 * @param {Module[]} modules
 * @returns {Module[]}
 */
export function countingModules(modules) {
  return [
    { name: "main.js", kind: "esModule", content: MAIN },
    { name: "counter.js", kind: "esModule", content: COUNTER },
    ...modules,
  ];
}

/**
 * Crossings since the last call: name → count. `out` is a call from wasm to JavaScript, `in` one the other way.
 * @param {{ url: string }} server
 */
export async function takeCrossings(server) {
  return /** @type {Record<string, number>} */ (await (await fetch(server.url + PATH)).json());
}
