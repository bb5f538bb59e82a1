// The faults of the stand-in. A behaviour is plain JSON with these keys, which combine where that makes sense
// (`{"slow":500,"throttle":{}}`).
//
//   {"slow": 500}                        answers after that many milliseconds
//   {"fail": {"status": 503}}            an error of Entra's front door; also "retryAfter", and "html": true for an HTML page
//   {"throttle": {"retryAfter": 30}}     429 and the text "Too Many Requests"; "retryAfter" may be an HTTP-date or left out.
//                                        A server with another way to say it (Okta, GitHub) uses that one
//   {"refuse": 7000222}                  Entra's own error with this AADSTS number (entra/refusals.mjs lists them);
//                                        other servers have words: {"refuse": "invalid_client"}
//   {"hang": "headers"}                  never answers; "body": headers and half of the body, then silence
//   {"drip": 20}                         one byte of the body every so many milliseconds
//   {"reset": true}                      resets the TCP connection
//   {"cut": true}                        headers and half of the body, then closes the connection
//   {"redirect": 302}                    to /redirected, where a client that follows gets a token
//   {"garbage": "html"}                  status 200 and something else: "html", "truncated", "error", "empty"
//   {"oversized": true}                  a token response of more than 256 KiB
//   {"gzip": true}                       the body compressed, as Entra's often is
//   {"reply": {"status": 400, "headers": {}, "body": "..."}}   exactly this; an object for "body" is sent as JSON
//   {"token": {"expires_in": 60}}        other fields for the token response
//   {"without": ["ext_expires_in"]}      fields to leave out of it
//   {"scope": "https://..."}             together with the above: only for requests with this scope
//   {"path": "/okta/..."}                together with the above: only for requests to this path. Without it, a behaviour
//                                        is for token requests, and metadata is not concerned

/** @import { IncomingMessage, ServerResponse } from "node:http" */

import { setTimeout as delay } from "node:timers/promises";
import { gzipSync } from "node:zlib";

/**
 * @typedef {object} Behaviour
 * @property {number} [slow]
 * @property {{ status?: number, retryAfter?: number | string, html?: boolean }} [fail]
 * @property {{ retryAfter?: number | string }} [throttle]
 * @property {number | string} [refuse]
 * @property {"headers" | "body"} [hang]
 * @property {number} [drip]
 * @property {boolean} [reset]
 * @property {boolean} [cut]
 * @property {number} [redirect]
 * @property {keyof typeof GARBAGE} [garbage]
 * @property {boolean} [oversized]
 * @property {boolean} [gzip]
 * @property {{ status?: number, headers?: Record<string, string>, body?: unknown }} [reply]
 * @property {Record<string, unknown>} [token]
 * @property {string[]} [without]
 * @property {string} [scope]
 * @property {string} [path]
 */

/** @typedef {{ status: number, headers: Record<string, string>, body: string | Buffer }} Reply */

/**
 * How the server in question says what every server says in a way of its own.
 * @typedef {object} Manner
 * @property {(code: number | string) => Reply} refusal
 * @property {(seconds: number) => Reply | undefined} throttled
 * @property {string} failure
 */

/** @typedef {"fail" | "throttle" | "refuse" | "redirect" | "garbage" | "oversized" | "reply" | "gzip"} FaultName */

/** Where `redirect` points. */
export const REDIRECT_TARGET = "/redirected";

const OVERSIZED_BYTES = 257 * 1024;
/** How long a server throttles that says for how long, if a behaviour does not say it. */
const THROTTLED_SECONDS = 60;

/**
 * Each fault takes the value of its key and the proper reply, and returns the reply to send.
 * @type {{ [Name in FaultName]: (value: NonNullable<Behaviour[Name]>, reply: Reply, manner: Manner) => Reply }}
 */
const FAULTS = {
  fail: ({ status = 500, retryAfter, html }, _, { failure }) => ({
    status,
    headers: { "Content-Type": html ? "text/html" : "application/json", ...retryAfterHeader(retryAfter) },
    body: html ? "<html><body><h1>Service Unavailable</h1></body></html>" : failure,
  }),
  throttle: ({ retryAfter }, _, { throttled }) =>
    throttled(Number(retryAfter) || THROTTLED_SECONDS) ?? {
      status: 429,
      headers: { "Content-Type": "text/plain", ...retryAfterHeader(retryAfter) },
      body: "Too Many Requests",
    },
  refuse: (code, { headers }, { refusal }) => ({ ...refusal(code), headers }),
  redirect: (status) => ({ status, headers: { Location: REDIRECT_TARGET }, body: "" }),
  garbage: (kind, reply) => ({ ...reply, ...GARBAGE[kind](reply.body.toString()) }),
  oversized: (_, reply) => ({
    ...reply,
    body: JSON.stringify({ ...JSON.parse(reply.body.toString()), padding: "x".repeat(OVERSIZED_BYTES) }),
  }),
  reply: ({ status = 200, headers = {}, body = "" }) => ({
    status,
    headers: { "Content-Type": "application/json; charset=utf-8", ...headers },
    body: typeof body === "string" ? body : JSON.stringify(body),
  }),
  gzip: (_, reply) => ({
    ...reply,
    headers: { ...reply.headers, "Content-Encoding": "gzip" },
    body: gzipSync(reply.body),
  }),
};

const GARBAGE = {
  html: () => ({
    headers: { "Content-Type": "text/html" },
    body: "<!DOCTYPE html><title>Sign in to your account</title>",
  }),
  truncated: (/** @type {string} */ body) => ({ body: body.slice(0, body.length / 2) }),
  error: () => ({ body: '{"error":"server_error"}' }),
  empty: () => ({ body: "" }),
};

const FAULT_NAMES = /** @type {FaultName[]} */ (Object.keys(FAULTS));
const KEYS = new Set([...FAULT_NAMES, "slow", "hang", "drip", "reset", "cut", "token", "without", "scope", "path"]);

/**
 * Throws on an unknown key, so that a test with a mistyped fault does not pass.
 * @param {Behaviour} behaviour
 */
export function assertBehaviour(behaviour) {
  if (behaviour === null || typeof behaviour !== "object") throw new TypeError("a behaviour is a JSON object");
  for (const key of Object.keys(behaviour)) {
    if (!KEYS.has(key)) throw new TypeError(`unknown behaviour '${key}'; known: ${[...KEYS].join(", ")}`);
  }
}

/**
 * Sends the proper `reply`, changed as `behaviour` says.
 * @param {Behaviour} behaviour
 * @param {Reply} reply
 * @param {Manner} manner
 * @param {IncomingMessage} request
 * @param {ServerResponse} response
 */
export async function misbehave(behaviour, reply, manner, request, response) {
  if (behaviour.slow) await delay(behaviour.slow, undefined, { ref: false });
  if (behaviour.reset) return request.socket.resetAndDestroy();
  if (behaviour.hang === "headers") return undefined;

  const { status, headers, body } = FAULT_NAMES.reduce(
    (changed, name) => faulty(name, behaviour, changed, manner),
    reply,
  );
  const bytes = Buffer.from(body);
  response.writeHead(status, { ...headers, "Content-Length": bytes.length });
  if (behaviour.hang === "body") return response.write(bytes.subarray(0, bytes.length / 2));
  if (behaviour.cut) return response.write(bytes.subarray(0, bytes.length / 2), () => request.socket.destroy());
  if (behaviour.drip) return drip(bytes, behaviour.drip, response);
  return response.end(bytes);
}

/**
 * @template {FaultName} Name
 * @param {Name} name
 * @param {Behaviour} behaviour
 * @param {Reply} reply
 * @param {Manner} manner
 */
function faulty(name, behaviour, reply, manner) {
  const value = behaviour[name];
  return value === undefined ? reply : FAULTS[name](value, reply, manner);
}

/**
 * @param {Buffer} bytes
 * @param {number} everyMs
 * @param {ServerResponse} response
 */
async function drip(bytes, everyMs, response) {
  for (const byte of bytes) {
    if (response.destroyed) return;
    response.write(Buffer.of(byte));
    await delay(everyMs, undefined, { ref: false });
  }
  response.end();
}

/**
 * @param {number | string} [value]
 * @returns {Record<string, string>}
 */
const retryAfterHeader = (value) => (value === undefined ? {} : { "Retry-After": String(value) });
