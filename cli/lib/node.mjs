// Which Node.js runs what.

import { Failure } from "./run.mjs";

/**
 * Major version of Node.js → its oldest minor version that runs the commands (they need `zlib.crc32`). Newer major
 * versions run them as well.
 * @type {Record<string, number>}
 */
export const oldestNode = { 20: 15, 22: 2 };

/** The oldest Node.js of wrangler. */
export const wranglerNode = { major: 22, minor: 12 };

/** @param {string} version */
export function checkNode(version = process.versions.node) {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const newest = Math.max(...Object.keys(oldestNode).map(Number));
  if (major > newest || minor >= (oldestNode[major] ?? Infinity)) return;
  const good = Object.entries(oldestNode).map(([line, oldest]) => `${line}.${oldest} or later of version ${line}`);
  throw new Failure(
    `Node.js ${version} cannot run this: install ${good.join(", or ")}, or a newer one (https://nodejs.org).`,
  );
}

/** @param {string} version */
export function runsWrangler(version) {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major > wranglerNode.major || (major === wranglerNode.major && minor >= wranglerNode.minor);
}
