// The floor: no Worker that answers with a token can cost less. It reads nothing of the request, and returns a constant
// with the size and the headers of a token response.

const headers = {
  "Content-Type": "application/json",
  "Cache-Control": "no-store",
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "no-referrer",
  "X-Request-Id": "6cd4b6b4-6b1b-4a3c-8f7f-0d9d7a1d5e55",
  Pragma: "no-cache",
  "Cache-Status": "floor-token-server; hit; ttl=3599; detail=isolate",
};

/** The stand-in's tokens have about this many characters. */
const TOKEN_BYTES = 1_565;

/** @type {string | undefined} */
let body;
/** @param {string} token */
const bodyWith = (token) => `{"token_type":"Bearer","expires_in":3599,"ext_expires_in":3599,"access_token":"${token}"}`;

export default {
  /**
   * @param {Request} request
   * @param {{ TOKEN_BYTES?: string }} env
   */
  fetch(request, env) {
    body ??= bodyWith("x".repeat(Number(env.TOKEN_BYTES ?? TOKEN_BYTES)));
    return new Response(body, { headers });
  },
};
