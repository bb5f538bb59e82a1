// The Worker's main module: whether it is there, and exports what the bindings name. It is only read: bundling is slow.

/** @import { Config } from "./read-config.mjs" */

import { readFileSync } from "node:fs";
import { basename } from "node:path";

import { fail, ok, skip } from "./check.mjs";

/**
 * @param {Config} config
 * @param {string} file
 */
export function entry({ main, build, durable_objects }, file) {
  if (main === undefined)
    return fail("main", `${file} has no main, so there is nothing to deploy`, `In ${file}: main = "src/index.js"`);
  const source = read(main);
  if (source === undefined) {
    if (build.command) return skip("main", `main (${basename(main)}) is`, "the build command makes it");
    return fail(
      "main",
      `main does not exist: ${basename(main)}`,
      `Correct main in ${file}, or write the file:\n${twoLines}`,
    );
  }
  const own = durable_objects.bindings.filter(({ script_name }) => script_name === undefined);
  const needed = ["default", ...new Set(own.map(({ class_name }) => class_name))];
  const missing = needed.filter((name) => !exportsName(source, name));
  if (missing.length === 0) return ok("main", `main exports ${needed.join(", ")}`);
  return fail(
    "main",
    `main (${basename(main)}) does not export ${missing.join(", ")}`,
    `It has to export the handlers and the class of each Durable Object:\n${twoLines}`,
  );
}

const twoLines = `export { default, TokenCoordinator, AssertionLedger } from "edge-token-broker";`;

/** @param {string} path */
function read(path) {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

/**
 * Whether an `export` names it. What another module exports by `export *` is taken as there.
 * @param {string} source
 * @param {string} name
 */
function exportsName(source, name) {
  const listed = [...source.matchAll(/\bexport\s*\{([^}]*)\}/g)].flatMap(([, names = ""]) => names.split(","));
  if (
    listed.some(
      (item) =>
        item
          .trim()
          .split(/\s+as\s+/)
          .at(-1) === name,
    )
  )
    return true;
  if (name === "default") return /\bexport\s+default\b/.test(source);
  if (/\bexport\s*\*\s*from\b/.test(source)) return true;
  return new RegExp(`\\bexport\\s+(abstract\\s+)?(class|const|let|var|function)\\s+${name}\\b`).test(source);
}
