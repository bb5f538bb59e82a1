// One workerd process: `workerd serve` on a generated configuration, its port, its output.

/** @import { ChildProcess } from "node:child_process" */
/** @import { Readable } from "node:stream" */

import { spawn } from "node:child_process";
import { EventEmitter, once } from "node:events";
import { rmSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

const START_DEADLINE_MS = 20_000;

/** @typedef {Awaited<ReturnType<typeof serve>>} WorkerdProcess */

/**
 * The npm package's own launcher resolves to the native binary of this platform.
 * @returns {string}
 */
const workerdBinary = () => createRequire(import.meta.url)("workerd").default;

/**
 * Starts workerd on `config` (Cap'n Proto text) and resolves once its socket `http` listens.
 *
 * workerd picks the port itself and reports it on a control descriptor, so no other program can take it first.
 * Every line of its output is emitted as `line` and kept in `output`.
 * @param {string} config
 */
export async function serve(config) {
  const directory = await mkdtemp(join(tmpdir(), "edge-token-broker-"));
  const file = join(directory, "config.capnp");
  await writeFile(file, config, { mode: 0o600 });

  // `--import-path=/` lets the configuration embed modules by absolute path.
  const args = ["serve", "--import-path=/", "--control-fd=3", file];
  const child = spawn(workerdBinary(), args, { stdio: ["ignore", "pipe", "pipe", "pipe"] });
  const end = () => {
    child.kill("SIGKILL");
    rmSync(directory, { recursive: true, force: true });
  };
  process.once("exit", end);

  const lines = new EventEmitter();
  /** @type {string[]} */
  const output = [];
  for (const stream of [outputOf(child, 1), outputOf(child, 2)]) {
    createInterface({ input: stream }).on("line", (line) => {
      output.push(line);
      lines.emit("line", line);
    });
  }
  const exited = once(child, "close");
  const stop = async () => {
    process.removeListener("exit", end);
    child.kill("SIGKILL");
    await exited;
    await rm(directory, { recursive: true, force: true });
  };

  try {
    const port = await listening(child, output);
    return { port, pid: child.pid, output, lines, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** @param {ChildProcess} child @param {number} descriptor */
const outputOf = (child, descriptor) => /** @type {Readable} */ (child.stdio[descriptor]);

/**
 * The port of the socket `http`.
 * @param {ChildProcess} child
 * @param {string[]} output
 * @returns {Promise<number>}
 */
async function listening(child, output) {
  const messages = createInterface({ input: outputOf(child, 3) });
  const signal = AbortSignal.timeout(START_DEADLINE_MS);
  const [outcome] = await Promise.race([
    once(messages, "line", { signal }),
    once(child, "close", { signal }).then(() => [null]),
  ]);
  if (outcome === null) throw new Error(`workerd did not start:\n${output.join("\n")}`);
  return JSON.parse(outcome).port;
}
