// A proxy as a careful developer writes it in JavaScript: the duties of the broker's on every measured request, with the
// platform's functions and no library.
//
// It shares its clients and tokens with the careful token server, so it leaves out what that leaves out. It is as fast as
// it can be: it parses the configuration once, bodies stay in the runtime, and nothing waits but for the SHA-256, for a body
// that may be repeated, and for the API.

/** @import { Env as IsolateEnv } from "./careful_isolate.mjs" */
/** @import { Api } from "./proxy_careful_rules.mjs" */

import { Isolate, Refusal } from "./careful_isolate.mjs";
import { requestId } from "./common.mjs";
import { bodyOf, countedBody } from "./proxy_careful_bodies.mjs";
import { Rules, isWithheld, isWithheldOfAnswer, namedByConnection } from "./proxy_careful_rules.mjs";
import { Tokens } from "./proxy_careful_tokens.mjs";

/** @typedef {IsolateEnv & { APIS: string }} Env */

/**
 * @typedef {object} Exchange One request on its way to the end of its answer.
 * @property {Request} request
 * @property {ExecutionContext} context
 * @property {string} id
 * @property {number} began
 * @property {string} [client]
 * @property {Api} [api]
 * @property {number} requestBytes
 * @property {number} [firstByteMs]
 * @property {boolean} [repeated]
 * @property {boolean} [logged]
 */

const FIRST_BYTE_MS = 60_000;
const SLOW_MS = 1_000;
const PREFIX = "/api/";
/** Everywhere else a key over plain http can be read on its way. */
const LOOPBACK = /^http:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d+)?\//;
const BEARER = 'Bearer realm="careful"';

const encoder = new TextEncoder();

/** @type {Isolate} What this isolate keeps between requests. */
let isolate;
/** @type {Tokens} */
let tokens;
/** @type {Rules} */
let rules;

export default {
  /**
   * @param {Request} request
   * @param {Env} env
   * @param {ExecutionContext} context
   */
  async fetch(request, env, context) {
    isolate ??= new Isolate(env);
    tokens ??= new Tokens(isolate);
    rules ??= new Rules(env);
    const id = requestId(request.headers);
    /** @type {Exchange} */
    const exchange = { request, context, id, began: Date.now(), requestBytes: 0 };
    try {
      return await proxied(exchange);
    } catch (error) {
      return refused(exchange, error instanceof Refusal ? error : new Refusal(500, "server_error"));
    }
  },
};

/** @param {Exchange} exchange */
async function proxied(exchange) {
  const { method, url, headers } = exchange.request;
  const start = url.indexOf("/", 8);
  if (url.startsWith("http:") && !LOOPBACK.test(url)) throw new Refusal(400, "invalid_request");
  if (!url.startsWith(PREFIX, start)) throw new Refusal(404, "not_found");
  if (method === "OPTIONS" && headers.has("access-control-request-method")) return preflight(exchange);
  const client = await authenticated(headers);
  exchange.client = client;
  const name = /^[\w.-]+/.exec(url.slice(start + PREFIX.length, start + 100))?.[0] ?? "";
  const rest = url.slice(start + PREFIX.length + name.length);
  if (rest !== "" && rest[0] !== "/" && rest[0] !== "?") throw new Refusal(403, "api_not_granted");
  const target = rules.target(client, name, method, rest, url.slice(url.indexOf("//") + 2, start));
  exchange.api = target.api;
  return sentOn(exchange, target.api, target.url);
}

/** @param {Headers} headers */
async function authenticated(headers) {
  const authorization = headers.get("authorization");
  const key = authorization?.slice(0, 7).toLowerCase() === "bearer " ? authorization.slice(7).trim() : undefined;
  const digest = key && new Uint8Array(await crypto.subtle.digest("SHA-256", encoder.encode(key)));
  const client = digest && isolate.byKey(digest);
  if (!client) throw new Refusal(401, "invalid_token", `${BEARER}, error="invalid_token"`);
  return client.id;
}

/**
 * Sends the request, and once more with another token if the API has rejected the first one.
 * @param {Exchange} exchange
 * @param {Api} api
 * @param {string} url
 */
async function sentOn(exchange, api, url) {
  const { context } = exchange;
  const held = tokens.recall(api.grant, context) ?? (await tokens.fetched(api.grant, context));
  const { stream, again } = await bodyOf(exchange.request, (bytes) => (exchange.requestBytes += bytes));
  const headers = onwardHeaders(exchange.request.headers);
  headers.set("authorization", tokens.bearer(held));
  const answer = await send(exchange, url, headers, stream);
  if (answer.status !== 401) return passedOn(exchange, answer);
  const renewal = tokens.renewed(api.grant);
  context.waitUntil(renewal);
  const other = await renewal;
  if (again === undefined) return passedOn(exchange, answer);
  await answer.body?.cancel();
  exchange.repeated = true;
  headers.set("authorization", tokens.bearer(other));
  return passedOn(exchange, await send(exchange, url, headers, again));
}

/**
 * The fields that are sent on. They are copied by the runtime, so that repeated ones and their bytes stay as they are.
 * @param {Headers} given
 */
function onwardHeaders(given) {
  const headers = new Headers(given);
  const named = namedByConnection(given);
  for (const name of given.keys()) {
    const isWebSocket = name === "upgrade" && given.get(name)?.toLowerCase() === "websocket";
    if ((isWithheld(name) || named.includes(name)) && !isWebSocket) headers.delete(name);
  }
  return headers;
}

/**
 * Ends when the first byte is too late. No timer is cleared, because that costs more than the rest: they end with the
 * request. The request to the API ends with that of the caller, because no work is left behind. As in the broker, only a
 * slow request notes that its caller has gone: the listener costs a twentieth of a request.
 * @param {Exchange} exchange
 * @param {string} url
 * @param {Headers} headers
 * @param {BodyInit | null} body
 * @returns {Promise<Response>}
 */
function send(exchange, url, headers, body) {
  const { request } = exchange;
  const { method } = request;
  return new Promise((resolve, reject) => {
    setTimeout(() => {
      if (exchange.firstByteMs !== undefined) return;
      setTimeout(reject, FIRST_BYTE_MS - SLOW_MS, new Refusal(504, "api_timeout"));
      request.signal.addEventListener("abort", () => log(exchange, 0, "caller_gone", 0));
    }, SLOW_MS);
    const init = { method, headers, body, ...PASS_THROUGH };
    fetch(url, init).then(resolve, () => reject(new Refusal(502, "api_unreachable")));
  });
}

const PASS_THROUGH = /** @type {const} */ ({ redirect: "manual", cache: "no-store", encodeResponseBody: "manual" });

/**
 * The answer, with its fields but for the platform's and the transport's.
 * @param {Exchange} exchange
 * @param {Response} answer
 */
function passedOn(exchange, answer) {
  const { status, body } = answer;
  exchange.firstByteMs = Date.now() - exchange.began;
  const declared = body === null ? "0" : answer.headers.get("content-length");
  if (body === null || declared !== null) {
    const response = withOwnFields(exchange, answer.headers, new Response(body, answer));
    log(exchange, status, "passed", Number(declared));
    return response;
  }
  const counted = countedBody(body, (bytes, isWhole) => log(exchange, status, isWhole ? "passed" : "cut_off", bytes));
  return withOwnFields(exchange, answer.headers, new Response(counted, answer));
}

/**
 * @param {Exchange} exchange
 * @param {Headers} given Those of the API's answer.
 * @param {Response} response
 */
function withOwnFields({ id, request, client = "" }, given, response) {
  const { headers } = response;
  const named = namedByConnection(given);
  let hasId = false;
  for (const name of given.keys()) {
    if (isWithheldOfAnswer(name) || named.includes(name)) headers.delete(name);
    if (name === "x-request-id") hasId = true;
  }
  const origin = request.headers.get("origin");
  if (origin !== null && rules.permitsOrigin(client, origin)) {
    headers.set("access-control-allow-origin", origin);
    headers.set("access-control-expose-headers", [...headers.keys()].join(", "));
    headers.append("vary", "Origin");
  }
  if (!hasId) headers.set("x-request-id", id);
  return response;
}

/** @param {Exchange} exchange */
function preflight(exchange) {
  const { headers: asked } = exchange.request;
  const headers = {
    "Access-Control-Allow-Origin": asked.get("origin") ?? "null",
    "Access-Control-Allow-Methods": asked.get("access-control-request-method") ?? "GET",
    "Access-Control-Allow-Headers": asked.get("access-control-request-headers") ?? "Authorization",
    "Access-Control-Max-Age": "7200",
    Vary: "Origin",
  };
  log(exchange, 204, "preflight", 0);
  return new Response(null, { status: 204, headers });
}

/**
 * @param {Exchange} exchange
 * @param {Refusal} refusal
 */
function refused(exchange, { status, code, challenge }) {
  const body = `{"error":"${code}","error_description":"refused"}`;
  log(exchange, status, code, body.length);
  /** @type {Record<string, string>} */
  const headers = {
    "Content-Type": "application/json",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Request-Id": exchange.id,
  };
  if (challenge) headers["WWW-Authenticate"] = challenge;
  return new Response(body, { status, headers });
}

/**
 * The broker's line, once for each request.
 * @param {Exchange} exchange
 * @param {number} status
 * @param {string} outcome
 * @param {number} responseBytes
 */
function log(exchange, status, outcome, responseBytes) {
  if (exchange.logged) return;
  exchange.logged = true;
  const { id, request, client, api, firstByteMs, requestBytes, repeated } = exchange;
  const line = {
    level: outcome === "passed" ? "info" : "warn",
    request_id: id,
    method: request.method,
    route: "api",
    status,
    outcome,
    client_id: client,
    proof: client && "key_sha256",
    address: request.headers.get("cf-connecting-ip") ?? undefined,
    credential: api?.grant.credential,
    scope: api?.grant.scope,
    api: api?.name,
    first_byte_ms: firstByteMs,
    request_bytes: requestBytes,
    response_bytes: responseBytes,
    repeated,
  };
  console.log(JSON.stringify(line));
}
