// What `npm start` keeps between starts, in a folder that only this user can read.

import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { folder } from "./project.mjs";

/** @param {string} name */
export function localPath(name) {
  return join(folder, ".wrangler", "local", name);
}

/**
 * Returns its path. The file is new, so that its mode counts, and whole before it has its name.
 * @param {string} name
 * @param {string} text
 */
export function writePrivate(name, text) {
  const path = localPath(name);
  const draft = `${path}.${process.pid}`;
  mkdirSync(localPath("."), { recursive: true, mode: 0o700 });
  rmSync(draft, { force: true });
  writeFileSync(draft, text, { mode: 0o600, flag: "wx" });
  renameSync(draft, path);
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
