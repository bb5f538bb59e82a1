// A JavaScript program of docs/callers.md in a process of its own, driven by a test.

/** @import { ChildProcess } from "node:child_process" */
/** @import { Env, Outcome } from "./libraries.mjs" */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

import { DEADLINE_MS } from "./child.mjs";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const DRIVER = new URL("node_driver.mjs", import.meta.url).href;

export class NodeProgram {
  #child;
  #function;
  /** @type {string[]} Everything that the program printed. */
  printed = [];

  /**
   * @param {ChildProcess} child
   * @param {string} name
   */
  constructor(child, name) {
    this.#child = child;
    this.#function = name;
    for (const stream of [child.stdout, child.stderr]) stream?.on("data", (chunk) => this.printed.push(`${chunk}`));
  }

  /**
   * Starts a program in an environment that has nothing else. The program exports one function. Where the program fails at
   * once, each call fails with what it printed.
   * @param {string} source
   * @param {Env} env
   */
  static async start(source, env) {
    const [, name = ""] = /^export async function (\w+)/m.exec(source) ?? [];
    const code = `import { drive } from ${JSON.stringify(DRIVER)};\n${source}\ndrive({ ${name} });\n`;
    const child = spawn(process.execPath, ["--input-type=module", "--eval", code], {
      cwd: ROOT,
      env,
      stdio: ["ignore", "pipe", "pipe", "ipc"],
    });
    const program = new NodeProgram(child, name);
    const started = performance.now();
    try {
      await program.#answer();
    } catch (error) {
      const { name: kind, message } = /** @type {Error} */ (error);
      const outcome = { error: { name: kind, message, text: message }, tookMs: performance.now() - started };
      program.call = async () => outcome;
    }
    return program;
  }

  /**
   * Calls the program's function.
   * @param {unknown[]} args
   * @returns {Promise<Outcome>}
   */
  async call(...args) {
    this.#child.send({ call: this.#function, args });
    return this.#answer();
  }

  /**
   * Sets its clock that far ahead.
   * @param {number} ms
   */
  setClock(ms) {
    if (this.#child.connected) this.#child.send({ aheadMs: ms });
  }

  async stop() {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const closed = once(this.#child, "close");
    this.#child.kill("SIGKILL");
    await closed;
  }

  /** @returns {Promise<Outcome>} */
  async #answer() {
    const signal = AbortSignal.timeout(DEADLINE_MS);
    try {
      const answered = once(this.#child, "message", { signal }).then(([message]) => message);
      const ended = once(this.#child, "close", { signal }).then(() => undefined);
      const message = await Promise.race([answered, ended]);
      if (message !== undefined) return message;
    } catch {
      this.#child.kill("SIGKILL");
    }
    throw new Error(`the program ended or gave no answer:\n${this.printed.join("")}`);
  }
}
