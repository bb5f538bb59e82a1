// A Python program of docs/callers.md in a process of its own, driven by a test.

/** @import { Env, Outcome } from "./libraries.mjs" */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

import { setUpPython } from "../../../scripts/lib/python.mjs";
import { DEADLINE_MS } from "./child.mjs";

const DRIVER = fileURLToPath(new URL("../python/driver.py", import.meta.url));

const { python = "", missing } = await setUpPython();

/** Why there is no Python, for the `skip` of a test. */
export { missing };

export class PythonProgram {
  #child;
  #answers;
  /** @type {string[]} Everything that the program printed. */
  printed = [];

  /** @param {Env} env */
  constructor(env) {
    this.#child = spawn(python, [DRIVER], { env, stdio: "pipe" });
    this.#answers = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
    this.#child.stderr.on("data", (chunk) => this.printed.push(`${chunk}`));
    this.#child.stdin.on("error", () => {}); // it may have ended
  }

  /**
   * Starts a program in an environment that has nothing else. Where the program fails at once, each call fails so.
   * @param {string} source
   * @param {Env} env
   */
  static async start(source, env) {
    const program = new PythonProgram(env);
    const { error, ...outcome } = await program.#ask({ load: source });
    if (error) program.call = async () => ({ ...outcome, error });
    return program;
  }

  /**
   * Calls the program's last function.
   * @param {unknown[]} args
   */
  call(...args) {
    return this.#ask({ call: args });
  }

  /**
   * Sets its clock that far ahead.
   * @param {number} ms
   */
  setClock(ms) {
    this.#send({ aheadMs: ms });
  }

  async stop() {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const closed = once(this.#child, "close");
    this.#child.kill("SIGKILL");
    await closed;
  }

  /**
   * @param {object} message
   * @returns {Promise<Outcome>}
   */
  async #ask(message) {
    const deadline = setTimeout(() => this.#child.kill("SIGKILL"), DEADLINE_MS);
    this.#send(message);
    const { value, done } = await this.#answers.next();
    clearTimeout(deadline);
    if (done) throw new Error(`the program ended or gave no answer:\n${this.printed.join("")}`);
    return JSON.parse(value);
  }

  /** @param {object} message */
  #send(message) {
    this.#child.stdin.write(`${JSON.stringify(message)}\n`);
  }
}
