// Why there is no token.

/** @import { BrokerErrorFields } from "./index.d.ts" */

export class BrokerError extends Error {
  /** @param {BrokerErrorFields} fields */
  constructor({ name, message, status, retryAfter, requestId, errorCodes }) {
    super(message);
    Object.defineProperty(this, "name", { value: name, configurable: true, writable: true });
    // What is not there is not shown either.
    if (status !== undefined) this.status = status;
    if (retryAfter !== undefined) this.retryAfter = retryAfter;
    if (requestId !== undefined) this.requestId = requestId;
    if (errorCodes !== undefined) this.errorCodes = errorCodes;
  }
}

/**
 * Whether the broker itself says no.
 * @param {BrokerError} error
 */
export const isRefusal = (error) => error.name !== "not_the_broker" && !passes(error);

/**
 * Whether the same request may have another answer later, and this one is no refusal.
 * @param {unknown} error
 * @returns {error is BrokerError}
 */
export const passes = (error) =>
  error instanceof BrokerError && (error.status === undefined || error.status === 429 || error.status >= 500);
