// Workers KV. A read or write that yields no value resolves to one of the words "miss", "timeout", "throttled", "failed".
//
// A hit in KV should cost little more than KV does: one timer, and few promises.

import { within } from "./timeout.mjs";

/** A half-done exchange, and the read that it waits for. */
export class PendingRead {
  #exchange;

  constructor(loaded, exchange) {
    this.loaded = loaded;
    this.#exchange = exchange;
  }

  /** Goes on with what KV gave: a Response, or a promise of one. */
  resume(loaded) {
    return typeof loaded === "string"
      ? this.#exchange.resume(undefined, loaded)
      : this.#exchange.resume(loaded, undefined);
  }
}

/** Reads `name` for `exchange`. */
export function read(namespace, name, cacheTtl, ms, exchange) {
  return new PendingRead(load(namespace, name, cacheTtl, ms), exchange);
}

/** The bytes under `name`, or a word. The timer is not cleared, which would cost more: it ends with the request. */
export function load(namespace, name, cacheTtl, ms) {
  return new Promise((resolve) => {
    setTimeout(resolve, ms, "timeout");
    loaded(namespace, name, cacheTtl).then(resolve);
  });
}

async function loaded(namespace, name, cacheTtl) {
  try {
    const value = await namespace.get(name, { type: "arrayBuffer", cacheTtl });
    return value ? new Uint8Array(value) : "miss";
  } catch (error) {
    return word(error);
  }
}

/** Nothing, or a word. */
export async function store(namespace, name, bytes, expirationTtl, ms) {
  try {
    await within(ms, namespace.put(name, bytes, { expirationTtl }));
  } catch (error) {
    return word(error);
  }
}

/** The runtime gives no status code, only a text such as `KV PUT failed: 429 Too Many Requests`. */
function word(error) {
  if (error === "timeout") return error;
  return String(error?.message).includes(" 429 ") ? "throttled" : "failed";
}
