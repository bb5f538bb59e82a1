// Workers KV. A rejection is one of the words "timeout", "throttled", "failed".

import { within } from "./timeout.mjs";

/** The bytes under `name`, or nothing. */
export async function load(namespace, name, cacheTtl, ms) {
  const value = await settled(ms, () => namespace.get(name, { type: "arrayBuffer", cacheTtl }));
  return value ? new Uint8Array(value) : undefined;
}

export function store(namespace, name, bytes, expirationTtl, ms) {
  return settled(ms, () => namespace.put(name, bytes, { expirationTtl }));
}

async function settled(ms, operation) {
  try {
    return await within(ms, operation());
  } catch (error) {
    if (error === "timeout") throw error;
    // The runtime gives no status code, only a text such as `KV PUT failed: 429 Too Many Requests`.
    throw String(error?.message).includes(" 429 ") ? "throttled" : "failed";
  }
}
