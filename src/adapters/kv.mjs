// The read of KV that most requests wait for which isolate memory cannot answer. A hit in KV should cost little more
// than KV does: one timer, and few promises.
//
// What KV does not do is one of the words "miss", "timeout", "throttled", "failed".

/** What has to be read before there is an answer. */
export class Reading {
  /** @param {Promise<Uint8Array | string>} loaded */
  constructor(loaded) {
    this.loaded = loaded;
  }
}

/**
 * Starts to read the bytes under `name`. The timer is not cleared, which would cost more: it ends with the request.
 *
 * @param {KVNamespace} namespace
 * @param {string} name
 * @param {number} cacheTtl
 * @param {number} ms
 */
export function reading(namespace, name, cacheTtl, ms) {
  return new Reading(
    new Promise((resolve) => {
      setTimeout(resolve, ms, "timeout");
      load(namespace, name, cacheTtl).then(resolve);
    }),
  );
}

/**
 * @param {KVNamespace} namespace
 * @param {string} name
 * @param {number} cacheTtl
 */
async function load(namespace, name, cacheTtl) {
  try {
    const value = await namespace.get(name, { type: "arrayBuffer", cacheTtl });
    return value ? new Uint8Array(value) : "miss";
  } catch (error) {
    // The runtime gives no status code, only a text such as `KV GET failed: 429 Too Many Requests`.
    return String(error?.message).includes(" 429 ") ? "throttled" : "failed";
  }
}
