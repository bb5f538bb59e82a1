// Makes responses. It is JavaScript and not Rust, because each call out of the wasm and each text that crosses costs.

import { REQUEST_ID_MAX } from "./limits.mjs";
import { isForApi, startOfRoute } from "./request.mjs";

/**
 * A token, with the headers that every token response has. `body` is a view of the wasm's memory, and is copied.
 *
 * @param {Uint8Array<ArrayBuffer>} body
 * @param {string} requestId
 * @param {string} cacheStatus
 */
export function tokenResponse(body, requestId, cacheStatus) {
  return new Response(body, {
    headers: {
      "Content-Type": "application/json",
      "Cache-Control": "no-store",
      "X-Content-Type-Options": "nosniff",
      "Referrer-Policy": "no-referrer",
      "X-Request-Id": requestId,
      Pragma: "no-cache",
      "Cache-Status": cacheStatus,
    },
  });
}

/**
 * Any other answer. `more` has the names and values of its headers beside those of every answer.
 *
 * @param {number} status
 * @param {Uint8Array<ArrayBuffer> | string} body
 * @param {string} requestId
 * @param {string[]} more
 */
export function otherResponse(status, body, requestId, more) {
  const headers = new Headers({
    "Content-Type": "application/json",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Request-Id": requestId,
  });
  for (let n = 0; n < more.length; n += 2) headers.set(String(more[n]), String(more[n + 1]));
  return new Response(body, { status, headers });
}

/**
 * The answer when the wasm has stopped. The caller's request id is taken over under the rule of the wasm, else `fresh` is
 * the request id. A page of any `origin` may read it: the wasm could not say which ones may, and there is nothing in it.
 * On `/msi/token`, as the `url` says, the body has the form of App Service. At an API, `Cache-Status` says that the broker
 * itself answers.
 *
 * @param {string} given
 * @param {string} fresh
 * @param {string | undefined} origin
 * @param {string} [url]
 * @param {unknown} [base] The binding BASE_PATH.
 */
export function internalError(given, fresh, origin, url = "", base = undefined) {
  const id = requestIdOf(given, fresh);
  const message = BROKEN;
  const body = /^\/msi\/token(\?|$)/.test(url.slice(startOfRoute(url, base)))
    ? { statusCode: 500, message, correlationId: id }
    : { error: "server_error", error_description: message };
  const atApi = isForApi(url, base) ? ["Cache-Status", "edge-token-broker; detail=server_error"] : [];
  const page = origin !== undefined && /^https?:\/\//.test(origin) ? readableBy(origin) : [];
  return otherResponse(500, JSON.stringify(body), id, ["Pragma", "no-cache", ...atApi, ...page]);
}

/** What callers are told when the wasm has stopped. */
export const BROKEN = "the broker failed; try again";

/**
 * The caller's request id if it is one, else `fresh`.
 *
 * @param {string} given
 * @param {string} fresh
 */
export function requestIdOf(given, fresh) {
  return given.length <= REQUEST_ID_MAX && /^[!-~]+$/.test(given) ? given : fresh;
}

/** @param {string} origin */
function readableBy(origin) {
  const exposed = "X-Request-Id";
  return ["Access-Control-Allow-Origin", origin, "Vary", "Origin", "Access-Control-Expose-Headers", exposed];
}
