// One process at a time. A lock that a killed process left behind does not block the next one.

import { mkdirSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { codeOf, say, stopping } from "./run.mjs";

const HEARTBEAT_MS = 1_000;
// A holder that has not touched its lock for this long was killed.
const STALE_MS = 10_000;

/**
 * Runs `work` while it holds the lock file at `path`. `what` names the work in the message to a person that waits.
 * @template T
 * @param {string} path
 * @param {string} what
 * @param {() => Promise<T>} work
 */
export async function withLock(path, what, work) {
  mkdirSync(dirname(path), { recursive: true });
  let told = false;
  while (!take(path)) {
    if (!told) say(`${what}: waiting for another one to finish`);
    told = true;
    await sleep(200, undefined, { signal: stopping.signal });
  }
  const heartbeat = setInterval(() => touch(path), HEARTBEAT_MS);
  try {
    return await work();
  } finally {
    clearInterval(heartbeat);
    rmSync(path, { force: true });
  }
}

/** @param {string} path */
function take(path) {
  if (age(path) > STALE_MS) rmSync(path, { force: true });
  try {
    writeFileSync(path, "", { flag: "wx" });
    return true;
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false;
    throw error;
  }
}

/** @param {string} path */
function age(path) {
  return Date.now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
}

/** @param {string} path */
function touch(path) {
  const now = new Date();
  try {
    utimesSync(path, now, now);
  } catch {
    // It was deleted, so the next process can take it.
  }
}
