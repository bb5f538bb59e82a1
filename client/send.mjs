// Sends a call with the token, and follows redirects: not every runtime leaves the token out when it goes to another origin.

import { redirected, targetOf } from "./redirect.mjs";
import { REDIRECTS_MAX } from "./limits.mjs";

/** @import { Call } from "./call.mjs" */

/** @typedef {{ response: Response, hadToken: boolean }} Sent `hadToken`: the server that answered got the token. */

/**
 * @param {Call} call
 * @param {string} token
 * @param {typeof globalThis.fetch} fetch
 * @returns {Promise<Sent>}
 */
export async function send(call, token, fetch) {
  const headers = new Headers(call.headers);
  headers.set("Authorization", `Bearer ${token}`);
  if (!call.follows) return { response: await fetch(call.input, { ...call.init, headers }), hadToken: true };
  let response = await fetch(call.input, { ...call.init, headers, redirect: "manual" });
  let { url, method, body } = call;
  let hop = { url, method, headers, body };
  for (let followed = 0; ; followed += 1) {
    const target = targetOf(response, hop.url);
    if (!target) return { response, hadToken: hop.headers.has("authorization") };
    discard(response);
    if (followed === REDIRECTS_MAX) throw new TypeError("the API redirects too many times");
    hop = redirected(hop, target, response.status);
    response = await fetch(hop.url.href, initOf(call, hop));
  }
}

/**
 * @param {Call} call
 * @param {import("./redirect.mjs").Hop} hop
 * @returns {RequestInit}
 */
function initOf({ init, signal, settings: ofRequest }, { method, headers, body }) {
  const { body: _, ...settings } = init;
  return {
    ...ofRequest,
    ...settings,
    method,
    headers,
    redirect: "manual",
    ...(signal && { signal }),
    ...(body != null && { body }),
  };
}

/**
 * Gives the connection back. Nobody waits for that: of a body that somebody has cloned it never ends.
 * @param {Response} response
 */
export function discard({ body }) {
  body?.cancel().catch(() => {});
}
