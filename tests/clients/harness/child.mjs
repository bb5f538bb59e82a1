// A program in a child process, as in a fresh shell: its environment is what the test gives it, and PATH.

import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** Longer than any library waits, shorter than the test. */
const DEADLINE_MS = 45_000;
/** A program here resolves the project's npm packages. */
const NODE_PROGRAMS = fileURLToPath(new URL("../../../node_modules/.cache/clients/", import.meta.url));

/** @typedef {{ code: number | string, stdout: string, stderr: string }} Outcome `code` is the signal that ended it. */

/**
 * @typedef {object} Options
 * @property {Record<string, string>} [env]
 * @property {string} [cwd] An empty folder, if it is left out.
 * @property {string} [input]
 * @property {number} [deadlineMs] The process is killed after it.
 */

/**
 * Runs a program to its end.
 * @param {string} command
 * @param {string[]} args
 * @param {Options} options
 * @returns {Promise<Outcome>}
 */
export async function runProgram(command, args, { cwd, ...options } = {}) {
  if (cwd !== undefined) return outcome(command, args, { cwd, ...options });
  return inFolder(tmpdir(), (empty) => outcome(command, args, { cwd: empty, ...options }));
}

/**
 * Runs a block of a shell.
 * @param {string} text
 * @param {Options} options
 */
export const runShell = (text, options) => runProgram("bash", ["--norc", "-euo", "pipefail", "-c", text], options);

/**
 * Runs an ECMAScript module on this Node.js.
 * @param {string} text
 * @param {Options} options
 */
export async function runNode(text, options = {}) {
  await mkdir(NODE_PROGRAMS, { recursive: true });
  return inFolder(NODE_PROGRAMS, async (folder) => {
    const program = join(folder, "program.mjs");
    await writeFile(program, text);
    return runProgram(process.execPath, [program], { cwd: folder, ...options });
  });
}

/**
 * @template T
 * @param {string} parent
 * @param {(folder: string) => Promise<T>} body
 */
async function inFolder(parent, body) {
  const folder = await mkdtemp(join(parent, "edge-token-broker-client-"));
  try {
    return await body(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * @param {string} command
 * @param {string[]} args
 * @param {Options} options
 * @returns {Promise<Outcome>}
 */
function outcome(command, args, { env = {}, cwd, input = "", deadlineMs = DEADLINE_MS }) {
  return new Promise((resolve, reject) => {
    const settings = { env: { PATH: process.env.PATH, ...env }, cwd, timeout: deadlineMs, killSignal: "SIGKILL" };
    const child = execFile(command, args, /** @type {any} */ (settings), (error, stdout, stderr) => {
      if (typeof error?.code === "string") return reject(error); // it did not start, or printed too much
      resolve({ code: child.exitCode ?? String(child.signalCode), stdout: `${stdout}`, stderr: `${stderr}` });
    });
    child.stdin?.on("error", () => {}).end(input); // it may end without reading
  });
}
