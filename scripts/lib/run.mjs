// Starts other programs, and leaves none behind.

/** @import { ChildProcess, StdioOptions } from "node:child_process" */
/** @import { ParseArgsConfig } from "node:util" */

import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { constants } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import util from "node:util";

import { oldestNode } from "../versions.mjs";

const KILL_AFTER_MS = 5_000;
/** @type {NodeJS.Signals[]} By which a command is told to end. */
const endings = ["SIGINT", "SIGTERM", "SIGHUP"];

export const root = fileURLToPath(new URL("../..", import.meta.url));
const packageBinaries = join(root, "node_modules", ".bin");
/** The Node.js of wrangler and the tests. It comes with the npm packages. */
export const projectNode = join(packageBinaries, "node");

/** @typedef {ChildProcess & { leadsGroup: boolean, finished: Promise<number> }} Child `finished` is the exit code. */

/** A fault that one sentence explains. Any other exception is a bug, and shows its stack. */
export class Failure extends Error {}

/** @param {unknown} error */
export const messageOf = (error) => (error instanceof Error ? error.message : String(error));

/**
 * The code of an error of the system, such as `ENOENT`.
 * @param {unknown} error
 */
export const codeOf = (error) => (error instanceof Error && "code" in error ? error.code : undefined);

/**
 * Progress goes to stderr, because stdout has the result of the command.
 * @param {string} line
 */
export function say(line) {
  console.error(line);
}

/** Aborts when this process gets a signal to stop. Work that waits without a child has to listen to it. */
export const stopping = new AbortController();
/** @type {Set<Child>} */
const running = new Set();

/**
 * Runs a command's `work` and turns its outcome into an exit code.
 * @param {() => Promise<number | void>} work
 */
export async function main(work) {
  try {
    checkNode(process.versions.node);
    for (const signal of endings) process.on(signal, () => stop(signal));
    stopWithShell();
    process.exitCode = (await work()) ?? 0;
  } catch (error) {
    if (stopping.signal.aborted) {
      process.exitCode = 128 + signalNumber(stopping.signal.reason);
    } else {
      await endAll();
      console.error(error instanceof Failure ? error.message : error);
      process.exitCode = 1;
    }
  }
}

/** @param {string} version */
function checkNode(version) {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const newest = Math.max(...Object.keys(oldestNode).map(Number));
  if (major > newest || minor >= (oldestNode[major] ?? Infinity)) return;
  const good = Object.entries(oldestNode).map(([line, oldest]) => `${line}.${oldest} or later of version ${line}`);
  throw new Failure(
    `Node.js ${version} cannot run this: install ${good.join(", or ")}, or a newer one (https://nodejs.org).`,
  );
}

/**
 * The command's arguments, as `options` declare them. A fault in them prints the reason and the usage.
 * @template {NonNullable<ParseArgsConfig["options"]>} const Options
 * @param {Options} options
 * @param {string} usage
 * @returns {ReturnType<typeof util.parseArgs<{ options: Options, allowPositionals: boolean }>>}
 */
export function parseArguments(options, usage, { allowPositionals = false } = {}) {
  try {
    return util.parseArgs({ options, allowPositionals });
  } catch (error) {
    throw new Failure(`${messageOf(error).split(".")[0]}.\n${usage}`);
  }
}

/** @param {NodeJS.Signals} signal */
function stop(signal) {
  stopping.abort(signal);
  for (const child of running) end(child, signal);
}

/** Makes the reason of a failure the last line. */
async function endAll() {
  const children = [...running];
  for (const child of children) end(child);
  await Promise.allSettled(children.map((child) => child.finished));
}

/**
 * Tells a child to end, and waits only for a limited time.
 * @param {Child} child
 * @param {NodeJS.Signals} signal
 */
function end(child, signal = "SIGTERM") {
  child.kill(signal);
  setTimeout(() => running.has(child) && killGroup(child), KILL_AFTER_MS).unref();
}

/** npm passes a signal to the shell between it and this process, and the shell ends without passing it on. */
function stopWithShell() {
  const shell = process.ppid;
  setInterval(() => process.ppid === shell || stopping.signal.aborted || stop("SIGTERM"), 500).unref();
}

/**
 * Ends the processes that a child left behind, or the child itself if it did not end.
 * @param {Child} child
 */
function killGroup({ pid, leadsGroup }) {
  if (pid === undefined) return;
  try {
    process.kill(leadsGroup ? -pid : pid, "SIGKILL");
  } catch (error) {
    if (codeOf(error) !== "ESRCH") throw error;
  }
}

/**
 * Starts a program in the project's folder. It leads a process group of its own, so that no process of the group
 * outlives it. Only an `interactive` program stays in the terminal's group, because it has to read the answers of a
 * person.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ env?: NodeJS.ProcessEnv, stdio?: StdioOptions, interactive?: boolean }} [options]
 * @returns {Child}
 */
export function start(command, args, { env = projectEnv(), stdio = "pipe", interactive = false } = {}) {
  stopping.signal.throwIfAborted();
  const spawned = spawn(command, args, { cwd: root, env, stdio, detached: !interactive });
  const child = Object.assign(spawned, { leadsGroup: !interactive, finished: finished(spawned) });
  running.add(child);
  child.once("error", () => running.delete(child));
  child.once("exit", () => {
    running.delete(child);
    if (child.leadsGroup) killGroup(child);
  });
  return child;
}

/**
 * @param {ChildProcess} child
 * @returns {Promise<number>}
 */
function finished(child) {
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => resolve(code ?? 128 + signalNumber(signal)));
  });
}

/** @param {NodeJS.Signals | null} signal */
const signalNumber = (signal) => (signal === null ? 0 : constants.signals[signal]);

/**
 * Runs a program to its end and returns its exit code and output. On a terminal, `show` prints its output at once.
 * Elsewhere (a log file, CI) and without `show`, the output appears only if the program fails.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ env?: NodeJS.ProcessEnv, show?: boolean, mayFail?: boolean }} [options]
 */
export async function run(command, args, { env, show = false, mayFail = false } = {}) {
  const live = show && process.stderr.isTTY;
  const child = start(command, args, { env, stdio: ["ignore", live ? "inherit" : "pipe", live ? "inherit" : "pipe"] });
  let output = "";
  child.stdout?.setEncoding("utf8").on("data", (text) => (output += text));
  child.stderr?.setEncoding("utf8").on("data", (text) => (output += text));
  const code = await child.finished;
  stopping.signal.throwIfAborted();
  if (code !== 0 && !mayFail) {
    process.stderr.write(output);
    throw new Failure(`${[command, ...args].join(" ")} failed (exit code ${code}).`);
  }
  return { code, output };
}

/**
 * The environment with the project's npm packages and its Node.js first in PATH.
 * @param {NodeJS.ProcessEnv} more
 * @returns {NodeJS.ProcessEnv}
 */
export function projectEnv(more = {}) {
  return { ...process.env, PATH: [packageBinaries, machinePath()].join(delimiter), ...more };
}

/** The environment without them: npm must not run on the Node.js that it replaces. */
export function machineEnv() {
  return { ...process.env, PATH: machinePath() };
}

function machinePath() {
  return (process.env.PATH ?? "")
    .split(delimiter)
    .filter((directory) => directory !== packageBinaries)
    .join(delimiter);
}

/**
 * Fails with `sentence` if there is no program of that name.
 * @param {string} name
 * @param {string} sentence
 */
export function requireProgram(name, sentence) {
  const names = process.platform === "win32" ? [`${name}.exe`, `${name}.cmd`] : [name];
  const directories = machinePath().split(delimiter);
  if (!directories.some((directory) => names.some((file) => existsSync(join(directory, file))))) {
    throw new Failure(sentence);
  }
}
