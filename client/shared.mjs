// Callers that want the same at the same time share one request.

import { throwIfAborted, unlessAborted } from "./signals.mjs";

/** @import { AbortSignalLike } from "./index.d.ts" */

/**
 * In Workers I/O belongs to the request that has started it: when that one ends, all that wait for it would fail. The broker
 * is close there, and lets them share its own request to the authorization server.
 */
const canShare = () => globalThis.navigator?.userAgent !== "Cloudflare-Workers";

/**
 * @template T
 * @typedef {{ promise: Promise<T>, controller: AbortController, waiting: number }} Flight
 */

/** @template T */
export class Shared {
  /** @type {Map<string, Flight<T>>} */
  #flights = new Map();

  /**
   * Each caller has its own signal. The request ends early when the last caller has gone.
   * @param {string} name What is wanted.
   * @param {(signal?: AbortSignalLike) => Promise<T>} start
   * @param {AbortSignalLike} [signal]
   * @returns {Promise<T>}
   */
  async run(name, start, signal) {
    throwIfAborted(signal);
    if (!canShare()) return start(signal);
    const flight = this.#flights.get(name) ?? this.#begin(name, start);
    flight.waiting += 1;
    try {
      return await unlessAborted(flight.promise, signal);
    } finally {
      flight.waiting -= 1;
      if (flight.waiting === 0) {
        this.#forget(name, flight);
        flight.controller.abort();
      }
    }
  }

  /**
   * @param {string} name
   * @param {(signal: AbortSignal) => Promise<T>} start
   */
  #begin(name, start) {
    const controller = new AbortController();
    /** @type {Flight<T>} */
    const flight = { promise: start(controller.signal), controller, waiting: 0 };
    const forget = () => this.#forget(name, flight);
    flight.promise.then(forget, forget);
    this.#flights.set(name, flight);
    return flight;
  }

  /**
   * @param {string} name
   * @param {Flight<T>} flight
   */
  #forget(name, flight) {
    if (this.#flights.get(name) === flight) this.#flights.delete(name);
  }
}
