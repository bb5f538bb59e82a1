// Runs inside a program of docs/callers.md (node_program.mjs): calls its functions as the test says, and tells what they
// gave. The test also sets the clock.

import { inspect } from "node:util";

const RealDate = globalThis.Date;
let aheadMs = 0;

/** The clock of this process, as far ahead as the test says. */
class ShiftedDate extends RealDate {
  /** @param {any[]} args */
  constructor(...args) {
    super(.../** @type {[any]} */ (args.length === 0 ? [ShiftedDate.now()] : args));
  }

  static now() {
    return RealDate.now() + aheadMs;
  }
}
globalThis.Date = /** @type {any} */ (ShiftedDate);

/** @typedef {{ aheadMs?: number, call?: string, args?: unknown[] }} Message */

/**
 * Waits for calls of the functions of a program.
 * @param {Record<string, (...args: any[]) => Promise<unknown>>} functions
 */
export function drive(functions) {
  process.on("message", async (/** @type {Message} */ message) => {
    if (message.aheadMs !== undefined) aheadMs = message.aheadMs;
    if (message.call !== undefined) process.send?.(await outcome(functions[message.call], message.args));
  });
  process.send?.({ started: true });
}

/**
 * @param {((...args: any[]) => Promise<unknown>) | undefined} call
 * @param {unknown[]} args
 */
async function outcome(call, args = []) {
  const started = performance.now();
  try {
    const value = await call?.(...args);
    return { value, tookMs: performance.now() - started };
  } catch (error) {
    return { error: shown(error), tookMs: performance.now() - started };
  }
}

/**
 * What an error shows. `text` is what Node.js prints where nobody catches it.
 * @param {any} error
 */
function shown(error) {
  const { name, message, code } = error;
  return { name, message, code, text: inspect(error, { depth: 5 }) };
}
