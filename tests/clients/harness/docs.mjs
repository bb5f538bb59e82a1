// The blocks of docs/callers.md, docs/client.md, docs/mcp.md and docs/proxy.md that the tests run: those behind a comment
// `<!-- test: NAME -->`.

import { readFileSync } from "node:fs";

const PAGES = ["callers.md", "client.md", "mcp.md", "proxy.md"].map(
  (page) => new URL(`../../../docs/${page}`, import.meta.url),
);
const BLOCK = /^<!-- test: (\S+) -->\n+```(\w+)\n([\s\S]*?)^```$/gm;

/** @typedef {{ language: string, text: string }} Block */

/** @type {Map<string, Block>} */
const blocks = new Map();
for (const page of PAGES) {
  for (const [, name = "", language = "", text = ""] of readFileSync(page, "utf8").matchAll(BLOCK)) {
    if (blocks.has(name)) throw new Error(`docs/ has two blocks "test: ${name}"`);
    blocks.set(name, { language, text });
  }
}

/** The names of all blocks. */
export const blockNames = () => [...blocks.keys()];

/**
 * @param {string} name
 * @returns {Block}
 */
export function block(name) {
  const found = blocks.get(name);
  if (!found) throw new Error(`docs/ has no block "test: ${name}"`);
  return found;
}

/**
 * The environment that blocks of `export` lines make, one after the other. `given` has the variables that are each
 * user's own, in place of the page's examples.
 * @param {string[]} names
 * @param {Record<string, string>} given
 */
export function environment(names, given) {
  /** @type {Record<string, string>} */
  const env = {};
  for (const name of names) {
    for (const [, variable = "", value = ""] of block(name).text.matchAll(/^export (\w+)="?([^"\n]*)"?$/gm))
      env[variable] = given[variable] ?? value.replace(/\$(\w+)/g, (_, used) => env[used] ?? "");
  }
  return env;
}
