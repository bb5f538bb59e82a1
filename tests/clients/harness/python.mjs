// A Python program with the pinned packages, which a test runs piece by piece.

/** @import { ChildProcessWithoutNullStreams } from "node:child_process" */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";

import { setUpPython } from "../../../scripts/lib/python.mjs";
import { root } from "../../../scripts/lib/run.mjs";

/** @typedef {{ type: string, message: string }} Raised An exception as the user of a library sees it. */
/** @typedef {{ value?: any, error?: Raised, seconds: number }} Answer */

const RUN = join(root, "tests", "clients", "python", "run.py");
/** Longer than what a library sleeps in any test. */
const DEADLINE_MS = 30_000;

const { python, missing } = await setUpPython();

/** Why there is no Python, for the `skip` of a test. */
export { missing };

export class Program {
  #child;
  #answers;
  #errors = "";

  /**
   * `env` is its whole environment.
   * @param {NodeJS.ProcessEnv} env
   */
  constructor(env) {
    this.#child = spawn(python ?? "", [RUN], { env, stdio: "pipe" });
    this.#answers = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
    this.#child.stderr.setEncoding("utf8").on("data", (text) => (this.#errors += text));
    this.#child.stdin.on("error", () => {}); // it may have ended
  }

  /**
   * The value of the last expression of this piece of Python.
   * @param {string} source
   */
  async run(source) {
    const { value, error } = await this.#ask(source);
    if (error) throw new Error(`${error.type}: ${error.message}\n${this.#errors}`);
    return value;
  }

  /**
   * The exception that this piece of Python ends with, and the seconds until then.
   * @param {string} source
   */
  async fails(source) {
    const { value, error, seconds } = await this.#ask(source);
    if (!error) throw new Error(`no exception, but ${JSON.stringify(value)}`);
    return { ...error, seconds };
  }

  /**
   * @param {string} source
   * @returns {Promise<Answer>}
   */
  async #ask(source) {
    const deadline = setTimeout(() => this.#child.kill("SIGKILL"), DEADLINE_MS);
    this.#child.stdin.write(`${JSON.stringify(source)}\n`);
    const { value, done } = await this.#answers.next();
    clearTimeout(deadline);
    if (done) throw new Error(`Python ended, or did not answer in ${DEADLINE_MS} ms:\n${source}\n${this.#errors}`);
    return JSON.parse(value);
  }

  async close() {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const closed = once(this.#child, "close");
    this.#child.stdin.end();
    this.#child.kill();
    await closed;
  }
}
