// Reads and writes of KV. The read after a miss in isolate memory costs little more than KV itself: one timer and few
// promises.
//
// A read without a value resolves to one of the words "miss", "timeout", "throttled", "too_large", "failed". A write that
// fails resolves to "throttled" or "failed".

/** @import { Pending } from "edge-token-broker" */

import { VALUE_BUFFER_BYTES } from "./limits.mjs";
import { bytesUpTo } from "./request.mjs";

/**
 * A half-done exchange and its read of KV.
 *
 * @template T
 */
export class PendingRead {
  #exchange;

  /**
   * @param {Promise<Uint8Array | string>} loaded
   * @param {Pending<T>} exchange
   */
  constructor(loaded, exchange) {
    this.loaded = loaded;
    this.#exchange = exchange;
  }

  /**
   * Goes on with the result of the read.
   *
   * @param {Uint8Array | string} loaded
   */
  resume(loaded) {
    return typeof loaded === "string"
      ? this.#exchange.resume(undefined, loaded)
      : this.#exchange.resume(loaded, undefined);
  }
}

/**
 * Starts to read `name` for `exchange`. The timer is not cleared, because that costs more: it ends with the request.
 *
 * @template T
 * @param {KVNamespace} namespace
 * @param {string} name
 * @param {number} cacheTtl
 * @param {number} max
 * @param {number} ms
 * @param {Pending<T>} exchange
 */
export function read(namespace, name, cacheTtl, max, ms, exchange) {
  /** @type {Promise<Uint8Array | string>} */
  const loaded = new Promise((resolve) => {
    setTimeout(resolve, ms, "timeout");
    load(namespace, name, cacheTtl, max).then(resolve);
  });
  return new PendingRead(loaded, exchange);
}

/**
 * The value under `name`, if it has no more than `max` bytes. It is a stream, because the runtime reads any other form to
 * its end: 25 MiB for each request.
 *
 * @param {KVNamespace} namespace
 * @param {string} name
 * @param {number} cacheTtl
 * @param {number} max
 * @returns {Promise<Uint8Array | string>}
 */
export async function load(namespace, name, cacheTtl, max) {
  try {
    const value = await namespace.get(name, { type: "stream", cacheTtl });
    return value ? ((await valueUpTo(value, max)) ?? "too_large") : "miss";
  } catch (error) {
    return fault(error);
  }
}

/**
 * Writes `value` under `name`, for `ttl` seconds.
 *
 * @param {KVNamespace} namespace
 * @param {string} name
 * @param {Uint8Array} value
 * @param {number} ttl
 * @returns {Promise<string | undefined>}
 */
export async function save(namespace, name, value, ttl) {
  try {
    return void (await namespace.put(name, value, { expirationTtl: ttl }));
  } catch (error) {
    return fault(error);
  }
}

/**
 * The runtime gives no status code, but a text such as `KV GET failed: 429 Too Many Requests`.
 *
 * @param {unknown} error
 */
function fault(error) {
  return error instanceof Error && error.message.includes(" 429 ") ? "throttled" : "failed";
}

/**
 * The bytes of a value, or nothing where it has more than `max`: then the rest is not read. A usual value takes one read:
 * 30 µs more than an `ArrayBuffer`, where iterating over the stream takes 90.
 *
 * @param {ReadableStream<Uint8Array>} stream
 * @param {number} max
 */
async function valueUpTo(stream, max) {
  const reader = stream.getReader({ mode: "byob" });
  const buffer = new Uint8Array(VALUE_BUFFER_BYTES);
  const { value: start = new Uint8Array() } = await reader.readAtLeast(VALUE_BUFFER_BYTES, buffer);
  if (start.byteLength > max) return void (await reader.cancel());
  if (start.byteLength < VALUE_BUFFER_BYTES) return start;
  reader.releaseLock();
  const rest = await bytesUpTo(stream, max - start.byteLength);
  if (rest === undefined) return undefined;
  const whole = new Uint8Array(start.byteLength + rest.byteLength);
  whole.set(start);
  whole.set(rest, start.byteLength);
  return whole;
}
