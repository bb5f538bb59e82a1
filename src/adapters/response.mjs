// Makes responses. It is JavaScript and not Rust, because each call out of the wasm and each text that crosses costs.

import { REQUEST_ID_MAX } from "./limits.mjs";

/** A token, with the headers of every token response. `body` is a view of the wasm's memory; `Response` copies it. */
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

/** Any other response. `more` has the headers that not all responses share: name, value, name, value. */
export function otherResponse(status, body, requestId, more) {
  const headers = new Headers({
    "Content-Type": "application/json",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Request-Id": requestId,
  });
  for (let n = 0; n < more.length; n += 2) headers.set(more[n], more[n + 1]);
  return new Response(body, { status, headers });
}

/**
 * The response if the wasm has stopped. It takes the caller's request id over by the same rule as the wasm, else it has
 * the id `fresh`.
 */
export function internalError(given, fresh) {
  const isSane = given.length <= REQUEST_ID_MAX && /^[!-~]+$/.test(given);
  const body = { error: "server_error", error_description: "the broker failed; try again" };
  return otherResponse(500, JSON.stringify(body), isSane ? given : fresh, ["Pragma", "no-cache"]);
}
