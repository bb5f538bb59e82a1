// Workers KV. What it does not do is one of the words "miss", "timeout", "throttled", "failed".
//
// A hit in KV should cost little more than KV does: one timer, and few promises.

import { within } from "./timeout.mjs";

/** What has to be read before there is an answer. */
export class Reading {
  constructor(loaded) {
    this.loaded = loaded;
  }
}

export function reading(...parameters) {
  return new Reading(load(...parameters));
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
