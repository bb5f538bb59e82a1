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
 */

/** @typedef {{ stream: BodyInit | null, again?: BodyInit | null }} Body `again` is there if it can be sent twice. */

const FIRST_BYTE_MS = 60_000;
const REPEATED_BODY_MAX = 64 * 1024;
const PREFIX = "/api/";
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
  if (!url.startsWith(PREFIX, start)) throw new Refusal(404, "not_found");
  if (method === "OPTIONS" && headers.has("access-control-request-method")) return preflight(exchange);
  const client = await authenticated(headers);
  exchange.client = client;
  const name = /^[\w.-]+/.exec(url.slice(start + PREFIX.length, start + 100))?.[0] ?? "";
  const rest = url.slice(start + PREFIX.length + name.length);
  if (rest !== "" && rest[0] !== "/" && rest[0] !== "?") throw new Refusal(403, "api_not_granted");
  const target = rules.target(client, name, method, rest);
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
  const { stream, again } = await bodyOf(exchange);
  const headers = onwardHeaders(exchange.request.headers);
  const answer = await send(exchange, url, { ...headers, authorization: tokens.bearer(held) }, stream);
  if (answer.status !== 401) return passedOn(exchange, answer);
  const renewal = tokens.renewed(api.grant);
  context.waitUntil(renewal);
  const other = await renewal;
  if (again === undefined) return passedOn(exchange, answer);
  await answer.body?.cancel();
  exchange.repeated = true;
  return passedOn(exchange, await send(exchange, url, { ...headers, authorization: tokens.bearer(other) }, again));
}

/**
 * The body as it is sent. A short one is read, so that it can be sent twice.
 * @param {Exchange} exchange
 * @returns {Promise<Body>}
 */
async function bodyOf(exchange) {
  const { body, headers, method } = exchange.request;
  if (body === null || method === "GET" || method === "HEAD") return { stream: null, again: null };
  const declared = headers.get("content-length");
  if (declared !== null && Number(declared) <= REPEATED_BODY_MAX) {
    const bytes = await exchange.request.arrayBuffer();
    exchange.requestBytes = bytes.byteLength;
    return { stream: bytes, again: bytes };
  }
  if (declared !== null) {
    exchange.requestBytes = Number(declared);
    return { stream: body };
  }
  return { stream: body.pipeThrough(counting((bytes) => (exchange.requestBytes += bytes))) };
}

/**
 * The fields that are sent on.
 * @param {Headers} headers
 */
function onwardHeaders(headers) {
  const named = namedByConnection(headers);
  /** @type {Record<string, string>} */
  const kept = {};
  for (const [name, value] of headers) {
    if (!isWithheld(name) && !named.includes(name)) kept[name] = value;
  }
  return kept;
}

/**
 * Ends when the caller goes away, and when the first byte is too late.
 * @param {Exchange} exchange
 * @param {string} url
 * @param {Record<string, string>} headers
 * @param {BodyInit | null} body
 */
async function send({ request }, url, headers, body) {
  const { method, signal } = request;
  const controller = new AbortController();
  const abort = () => controller.abort();
  signal.addEventListener("abort", abort);
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    abort();
  }, FIRST_BYTE_MS);
  try {
    return await fetch(url, {
      method,
      headers,
      body,
      redirect: "manual",
      cache: "no-store",
      encodeResponseBody: "manual",
      signal: controller.signal,
    });
  } catch {
    throw isLate ? new Refusal(504, "api_timeout") : new Refusal(502, "api_unreachable");
  } finally {
    clearTimeout(timer);
  }
}

/**
 * The answer, with its fields but for the platform's and the transport's.
 * @param {Exchange} exchange
 * @param {Response} answer
 */
function passedOn(exchange, answer) {
  const { status, statusText, body } = answer;
  exchange.firstByteMs = Date.now() - exchange.began;
  const headers = answerHeaders(exchange, answer.headers);
  const declared = body === null || exchange.request.method === "HEAD" ? "0" : answer.headers.get("content-length");
  let stream = body;
  if (declared !== null) log(exchange, status, "passed", Number(declared));
  else {
    let count = 0;
    const counted = counting((bytes) => (count += bytes));
    const piped = /** @type {ReadableStream} */ (body).pipeTo(counted.writable);
    exchange.context.waitUntil(
      piped.then(
        () => log(exchange, status, "passed", count),
        () => log(exchange, status, "cut_off", count),
      ),
    );
    stream = counted.readable;
  }
  return new Response(stream, { status, statusText, headers, encodeBody: "manual" });
}

/**
 * @param {Exchange} exchange
 * @param {Headers} given
 */
function answerHeaders({ id, request, client = "" }, given) {
  const headers = new Headers(given);
  const named = namedByConnection(given);
  for (const name of given.keys()) {
    if (isWithheldOfAnswer(name) || named.includes(name)) headers.delete(name);
  }
  const origin = request.headers.get("origin");
  if (origin !== null && rules.permitsOrigin(client, origin)) {
    headers.set("access-control-allow-origin", origin);
    headers.set("access-control-expose-headers", [...headers.keys()].join(", "));
    headers.append("vary", "Origin");
  }
  if (!headers.has("x-request-id")) headers.set("x-request-id", id);
  return headers;
}

/** @param {(bytes: number) => void} count */
const counting = (count) =>
  new TransformStream({
    /** @type {(chunk: Uint8Array, controller: TransformStreamDefaultController) => void} */
    transform(chunk, controller) {
      count(chunk.byteLength);
      controller.enqueue(chunk);
    },
  });

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
 * The broker's line.
 * @param {Exchange} exchange
 * @param {number} status
 * @param {string} outcome
 * @param {number} responseBytes
 */
function log({ id, request, client, api, firstByteMs, requestBytes, repeated }, status, outcome, responseBytes) {
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
