// The clock and the timers. No other file reads them.

import { reasonOf } from "./signals.mjs";

/** @import { AbortSignalLike } from "./index.d.ts" */

/** Milliseconds since 1970. */
export const now = () => Date.now();

/**
 * Waits. The signal ends it.
 * @param {number} ms
 * @param {AbortSignalLike} [signal]
 * @returns {Promise<void>}
 */
export function pause(ms, signal) {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(reasonOf(signal));
    const stop = () => {
      clearTimeout(timer);
      if (signal) reject(reasonOf(signal));
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, ms);
    signal?.addEventListener("abort", stop);
  });
}

/** A signal that aborts after a time, or with another signal. */
export class Deadline {
  #controller = new AbortController();
  #outer;
  #timer;
  /** Whether the time was over before the other signal. */
  isOver = false;

  /**
   * @param {number} ms
   * @param {AbortSignalLike} [outer]
   */
  constructor(ms, outer) {
    this.#outer = outer;
    this.#timer = setTimeout(() => {
      this.isOver = !this.signal.aborted;
      this.#controller.abort();
    }, ms);
    outer?.addEventListener("abort", this.#follow);
    if (outer?.aborted) this.#follow();
  }

  get signal() {
    return this.#controller.signal;
  }

  /** Frees the timer and the other signal. */
  end() {
    clearTimeout(this.#timer);
    this.#outer?.removeEventListener("abort", this.#follow);
  }

  #follow = () => {
    if (this.#outer) this.#controller.abort(reasonOf(this.#outer));
  };
}
