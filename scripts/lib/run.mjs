// Starting other programs, and never leaving one behind.

import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { constants } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

import { oldestNode } from "../versions.mjs";

const KILL_AFTER_MS = 5_000;

export const root = fileURLToPath(new URL("../..", import.meta.url));
const packageBinaries = join(root, "node_modules", ".bin");
/** The Node.js that wrangler and the tests run on, whatever the machine has. */
export const projectNode = join(packageBinaries, "node");

/** A fault that one sentence explains. Anything else that is thrown is a bug and shows its stack. */
export class Failure extends Error {}

/** Progress goes to stderr: stdout belongs to what a command was asked for. */
export function say(line) {
  console.error(line);
}

/** Aborts when this process is told to stop: what waits without a child has to listen to it. */
export const stopping = new AbortController();
const running = new Set();

/** Runs a command's `work` and turns its outcome into an exit code. */
export async function main(work) {
  try {
    if (Number.parseInt(process.versions.node, 10) < oldestNode) {
      throw new Failure(
        `Node.js ${process.versions.node} is too old: install version ${oldestNode} or later (https://nodejs.org).`,
      );
    }
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => stop(signal));
    stopWithShell();
    process.exitCode = (await work()) ?? 0;
  } catch (error) {
    if (stopping.signal.aborted) {
      process.exitCode = 128 + constants.signals[stopping.signal.reason];
    } else {
      await endAll();
      console.error(error instanceof Failure ? error.message : error);
      process.exitCode = 1;
    }
  }
}

function stop(signal) {
  stopping.abort(signal);
  for (const child of running) end(child, signal);
}

/** So that the reason of a failure is the last line. */
async function endAll() {
  const children = [...running];
  for (const child of children) end(child);
  await Promise.allSettled(children.map((child) => child.finished));
}

/** Asks a child to end, and does not wait for ever. */
function end(child, signal = "SIGTERM") {
  child.kill(signal);
  setTimeout(() => running.has(child) && killGroup(child), KILL_AFTER_MS).unref();
}

/** npm hands a signal to the shell in which it started us, and that shell dies of it without handing it on. */
function stopWithShell() {
  const shell = process.ppid;
  setInterval(() => process.ppid === shell || stopping.signal.aborted || stop("SIGTERM"), 500).unref();
}

/** Ends what a child left behind, or the child itself when it did not listen. */
function killGroup(child) {
  try {
    process.kill(child.leadsGroup ? -child.pid : child.pid, "SIGKILL");
  } catch (error) {
    if (error.code !== "ESRCH") throw error;
  }
}

/**
 * Starts a program at the top of the project. It leads a process group of its own, so that nothing of the group can
 * outlive it; only a program that asks questions (`interactive`) has to stay in the terminal's group to hear the answers.
 */
export function start(command, args, { env = projectEnv(), stdio, interactive = false } = {}) {
  stopping.signal.throwIfAborted();
  const child = spawn(command, args, { cwd: root, env, stdio, detached: !interactive });
  child.leadsGroup = !interactive;
  running.add(child);
  child.finished = new Promise((resolve, reject) => {
    child.once("error", (error) => {
      running.delete(child);
      reject(error);
    });
    child.once("exit", () => {
      running.delete(child);
      if (child.leadsGroup) killGroup(child);
    });
    child.once("close", (code, signal) => resolve(code ?? 128 + constants.signals[signal]));
  });
  return child;
}

/**
 * Runs a program to its end and returns its exit code and output. On a terminal, `show` lets its output through as
 * it comes; elsewhere (a log file, CI) and without `show` the output appears only when the program fails.
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

/** The environment in which the project's npm packages, and its Node.js, come first. */
export function projectEnv(more = {}) {
  return { ...process.env, PATH: [packageBinaries, machinePath()].join(delimiter), ...more };
}

/** The environment without them: npm must not run on a Node.js that it is about to replace. */
export function machineEnv() {
  return { ...process.env, PATH: machinePath() };
}

function machinePath() {
  return (process.env.PATH ?? "")
    .split(delimiter)
    .filter((directory) => directory !== packageBinaries)
    .join(delimiter);
}

/** Fails with `sentence` when no program of that name can be found. */
export function requireProgram(name, sentence) {
  const names = process.platform === "win32" ? [`${name}.exe`, `${name}.cmd`] : [name];
  const directories = machinePath().split(delimiter);
  if (!directories.some((directory) => names.some((file) => existsSync(join(directory, file))))) {
    throw new Failure(sentence);
  }
}
