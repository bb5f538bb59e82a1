// A program in a child process, as in a fresh shell: its environment is what the test gives it, and PATH.

import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Longer than any library waits, shorter than the test. A process is killed after it. */
export const DEADLINE_MS = 45_000;

/** @typedef {{ code: number | string, stdout: string, stderr: string }} Ended `code` is the signal that ended it. */

/** @typedef {{ env?: Record<string, string> }} Options */

/**
 * Runs a program to its end, in an empty folder.
 * @param {string} command
 * @param {string[]} args
 * @param {Options} options
 * @returns {Promise<Ended>}
 */
export async function runProgram(command, args, options = {}) {
  const cwd = await mkdtemp(join(tmpdir(), "edge-token-broker-client-"));
  try {
    return await ended(command, args, cwd, options);
  } finally {
    await rm(cwd, { recursive: true, force: true });
  }
}

/**
 * Runs a block of a shell.
 * @param {string} text
 * @param {Options} options
 */
export const runShell = (text, options) => runProgram("bash", ["--norc", "-euo", "pipefail", "-c", text], options);

/**
 * @param {string} command
 * @param {string[]} args
 * @param {string} cwd
 * @param {Options} options
 * @returns {Promise<Ended>}
 */
function ended(command, args, cwd, { env = {} }) {
  return new Promise((resolve, reject) => {
    const settings = { env: { PATH: process.env.PATH, ...env }, cwd, timeout: DEADLINE_MS, killSignal: "SIGKILL" };
    const child = execFile(command, args, /** @type {any} */ (settings), (error, stdout, stderr) => {
      if (typeof error?.code === "string") return reject(error); // it did not start, or printed too much
      resolve({ code: child.exitCode ?? String(child.signalCode), stdout: `${stdout}`, stderr: `${stderr}` });
    });
    child.stdin?.on("error", () => {}).end(); // it may end without reading
  });
}
