// Runs a command: its exit code, its messages, and the programs that it starts. It leaves none behind.

/** @import { ChildProcess, StdioOptions } from "node:child_process" */

import { spawn } from "node:child_process";
import { constants } from "node:os";

const KILL_AFTER_MS = 5_000;
/** @type {NodeJS.Signals[]} By which a command is told to end. */
const endings = ["SIGINT", "SIGTERM", "SIGHUP"];

/** @typedef {ChildProcess & { leadsGroup: boolean, finished: Promise<number> }} Child `finished` is the exit code. */

/** The exit codes of every command. After a signal, the exit code is 128 and its number. */
export const ExitCode = {
  done: 0,
  /** The command failed, or its answer is no. */
  failed: 1,
  /** The arguments or the configuration are wrong. */
  faulty: 2,
};

/** A fault that one sentence explains. Any other exception is a bug, and shows its stack. */
export class Failure extends Error {
  exitCode = ExitCode.failed;
}

/** A fault of the arguments or of the configuration. */
export class Faulty extends Failure {
  exitCode = ExitCode.faulty;
}

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
    for (const signal of endings) process.on(signal, () => stop(signal));
    stopWithShell();
    process.exitCode = (await work()) ?? 0;
  } catch (error) {
    if (stopping.signal.aborted) {
      process.exitCode = 128 + signalNumber(stopping.signal.reason);
    } else {
      await endAll();
      console.error(error instanceof Failure ? error.message : error);
      process.exitCode = error instanceof Failure ? error.exitCode : ExitCode.failed;
    }
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
 * @typedef {object} Options
 * @property {string} [cwd]
 * @property {NodeJS.ProcessEnv} [env]
 * @property {StdioOptions} [stdio]
 * @property {boolean} [interactive]
 */

/**
 * Starts a program. It leads a process group of its own, so that no process of the group outlives it. Only an
 * `interactive` program stays in the terminal's group, because it has to read the answers of a person.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {Options} [options]
 * @returns {Child}
 */
export function start(command, args, { cwd, env, stdio = "pipe", interactive = false } = {}) {
  stopping.signal.throwIfAborted();
  const spawned = spawn(command, args, { cwd, env, stdio, detached: !interactive });
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
 * Elsewhere (a log file, CI) and without `show`, the output appears only if the program fails. After `timeoutMs` the
 * program is killed.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, input?: string, show?: boolean, mayFail?: boolean, timeoutMs?: number }} [options]
 */
export async function run(command, args, { cwd, env, input, show = false, mayFail = false, timeoutMs } = {}) {
  const live = show && process.stderr.isTTY;
  const stdin = input === undefined ? "ignore" : "pipe";
  const child = start(command, args, {
    cwd,
    env,
    stdio: [stdin, live ? "inherit" : "pipe", live ? "inherit" : "pipe"],
  });
  let [stdout, output] = ["", ""];
  child.stdout?.setEncoding("utf8").on("data", (text) => {
    stdout += text;
    output += text;
  });
  child.stderr?.setEncoding("utf8").on("data", (text) => (output += text));
  // It may end without reading.
  child.stdin?.on("error", () => {}).end(input);
  const timer = timeoutMs && setTimeout(() => child.kill("SIGKILL"), timeoutMs);
  const code = await child.finished.finally(() => clearTimeout(timer));
  stopping.signal.throwIfAborted();
  if (code !== 0 && !mayFail) {
    process.stderr.write(output);
    throw new Failure(`${[command, ...args].join(" ")} failed (exit code ${code}).`);
  }
  return { code, stdout, output };
}
