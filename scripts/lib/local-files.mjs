// What `npm start` keeps between starts, in a folder that only this user can read.

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { root } from "./run.mjs";

/** @param {string} name */
export function localPath(name) {
  return join(root, ".wrangler", "local", name);
}

/**
 * Returns its path.
 * @param {string} name
 * @param {string} text
 */
export function writePrivate(name, text) {
  const path = localPath(name);
  mkdirSync(localPath("."), { recursive: true, mode: 0o700 });
  writeFileSync(path, text, { mode: 0o600 });
  return path;
}

/** @param {string} name @param {object} value */
export function writeJson(name, value) {
  return writePrivate(name, `${JSON.stringify(value, null, 2)}\n`);
}

/**
 * Nothing, if it cannot be read.
 * @param {string} name
 * @returns {Record<string, any> | undefined}
 */
export function readJson(name) {
  try {
    return JSON.parse(readFileSync(localPath(name), "utf8"));
  } catch {
    return undefined;
  }
}
