// What `brokerFetch` knows about its token: which one is in hand, and which one an API has rejected. It waits for nothing, so
// requests of Workers can share it.

import { now } from "./clock.mjs";
import { ASK_AGAIN_MS, REPORT_AGAIN_MS, REPORT_WAIT_MS, SERVE_FLOOR_MS } from "./limits.mjs";

/** @import { AccessToken } from "./index.d.ts" */

/**
 * @typedef {object} Report A rejected token, told to the broker.
 * @property {string} token
 * @property {number} at
 * @property {"under way" | "done" | "failed" | "left"} state `left`: its caller has gone away.
 */

export class Hand {
  /** @type {AccessToken | undefined} */
  #held;
  /** When to ask for another one. */
  #askAt = 0;
  /** @type {Report | undefined} The last one. */
  #report;
  /** How many reports are done. What was asked for before one of them may be a rejected token. */
  generation = 0;

  /** The token, as long as the broker has no newer one. */
  get fresh() {
    return this.#held && now() < Math.min(this.#askAt, this.#held.expiresOnTimestamp) ? this.#held.token : undefined;
  }

  /** The token, as long as it can be sent while the broker fails. */
  get good() {
    return this.#held && now() < this.#servesUntil(this.#held) ? this.#held.token : undefined;
  }

  /**
   * Keeps an answer of the broker.
   * @param {AccessToken} answer
   * @param {number} generation When it was asked for.
   */
  keep(answer, generation) {
    if (generation !== this.generation || this.#isRejected(answer.token)) return;
    this.#held = answer;
    this.#askAt = answer.refreshAfterTimestamp;
  }

  /**
   * Lets calls use a token for some more time, but not until it expires.
   * @param {string} token
   * @param {number} ms
   */
  defer(token, ms = ASK_AGAIN_MS) {
    if (this.#held?.token === token) this.#askAt = Math.min(now() + ms, this.#servesUntil(this.#held));
  }

  /** @param {string} rejected */
  hasOtherThan(rejected) {
    return this.#held !== undefined && this.#held.token !== rejected;
  }

  /**
   * How far the report of this token is. A request of Workers can end without a word.
   * @param {string} rejected
   */
  reportOf(rejected) {
    if (this.#report?.token !== rejected) return undefined;
    const { state, at } = this.#report;
    return state === "under way" && now() >= at + REPORT_WAIT_MS ? "left" : state;
  }

  /**
   * Drops a token that an API has rejected. The caller reports it, unless there is no report to end.
   * @param {string} rejected
   * @returns {Report | undefined}
   */
  reject(rejected) {
    if (this.#held?.token === rejected) this.#held = undefined;
    const state = this.reportOf(rejected);
    if (state === "under way" || (state === "done" && this.#isRejected(rejected))) return undefined;
    this.#report = { token: rejected, at: now(), state: "under way" };
    return this.#report;
  }

  /** @param {string} token */
  #isRejected(token) {
    return this.#report?.token === token && now() < this.#report.at + REPORT_AGAIN_MS;
  }

  /** @param {AccessToken} held */
  #servesUntil = ({ expiresOnTimestamp }) => expiresOnTimestamp - SERVE_FLOOR_MS;
}
