// Signals of callers: the platform's, and those that only look like it (`AbortSignalLike` of the Azure SDKs).

/** @import { AbortSignalLike } from "./index.d.ts" */

/**
 * With what an aborted call rejects, as `fetch` does.
 * @param {AbortSignalLike & { reason?: unknown }} signal
 */
export const reasonOf = (signal) => signal.reason ?? new DOMException("The operation was aborted.", "AbortError");

/** @param {AbortSignalLike | null | undefined} signal */
export function throwIfAborted(signal) {
  if (signal?.aborted) throw reasonOf(signal);
}

/**
 * What `promise` resolves to, unless the signal aborts before.
 * @template T
 * @param {Promise<T>} promise
 * @param {AbortSignalLike | undefined} signal
 * @returns {Promise<T>}
 */
export async function unlessAborted(promise, signal) {
  if (!signal) return promise;
  throwIfAborted(signal);
  /** @type {() => void} */
  let stop = () => {};
  /** @type {Promise<never>} */
  const aborted = new Promise((_, reject) => {
    stop = () => reject(reasonOf(signal));
    signal.addEventListener("abort", stop);
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
