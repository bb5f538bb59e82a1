// `Retry-After` (RFC 9110 §10.2.3): when a request may be repeated, and for how long its caller waits.

import { now } from "./clock.mjs";
import { MAX_RETRIES, MAX_RETRY_WAIT_MS, TIMER_MAX_MS } from "./limits.mjs";

/** @import { RetryOptions } from "./index.d.ts" */

/** How each form of an HTTP date begins. `Date.parse` alone takes "-5" and "1.5" for years. */
const DATE = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)/;

/**
 * Seconds from now, of a number or a date.
 * @param {Headers} headers
 */
export function retryAfterOf(headers) {
  const text = headers.get("retry-after")?.trim() ?? "";
  if (/^\d{1,9}$/.test(text)) return Number(text);
  if (!DATE.test(text)) return undefined;
  // One of the three forms has no zone, and is UTC as well.
  const at = Date.parse(text.endsWith("GMT") ? text : `${text} GMT`);
  return Number.isNaN(at) ? undefined : Math.max(0, Math.ceil((at - now()) / 1000));
}

/**
 * The checked options.
 * @param {RetryOptions} options
 */
export const retriesOf = ({ maxRetries = MAX_RETRIES, maxRetryWaitMs = MAX_RETRY_WAIT_MS }) => ({
  maxRetries: checkedNumber(maxRetries, "maxRetries"),
  maxRetryWaitMs: checkedNumber(maxRetryWaitMs, "maxRetryWaitMs"),
});

/**
 * @param {unknown} value
 * @param {string} name
 */
export function checkedNumber(value, name) {
  if (typeof value === "number" && value >= 0 && value <= TIMER_MAX_MS) return value;
  throw new TypeError(`${name} must be a number from 0 to ${TIMER_MAX_MS}`);
}

/** What one call may still wait. */
export class Patience {
  #left;
  #waitMs;

  /** @param {Required<RetryOptions>} options */
  constructor({ maxRetries, maxRetryWaitMs }) {
    this.#left = maxRetries;
    this.#waitMs = maxRetryWaitMs;
  }

  /**
   * The milliseconds to wait before the next attempt. None: there is to be no other attempt.
   * @param {number | undefined} retryAfter In seconds.
   */
  next(retryAfter) {
    const ms = (retryAfter ?? Number.POSITIVE_INFINITY) * 1000;
    if (this.#left <= 0 || ms > this.#waitMs) return undefined;
    this.#left -= 1;
    this.#waitMs -= ms;
    return ms;
  }
}
