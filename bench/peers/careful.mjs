// A broker as a careful developer writes it in JavaScript: the same duties as ours on every measured request, with the
// platform's functions (WebCrypto's SHA-256 and AES-GCM) and no library.
//
// It leaves out duties that are not measured: no coordinator, no failure memory, no retry, no timeouts, one credential.
// It is as fast as it can be: it parses the configuration once, makes the constant parts of a response once, and has
// one await for a hit (two with a body).

/** @import { Client, Env, Held, KeyedGrant } from "./careful_isolate.mjs" */
/** @import { Exchange } from "./common.mjs" */

import { Isolate, Refusal } from "./careful_isolate.mjs";
import { logLine, requestId } from "./common.mjs";

/** @typedef {Exchange & { context: ExecutionContext }} Running */

/** @typedef {Record<string, string | undefined>} Parameters */

const SERVE_FLOOR_MS = 60_000;
const RENEW_AHEAD_MS = 900_000;
const BODY_MAX_BYTES = 16 * 1024;

const encoder = new TextEncoder();

/** @type {Isolate} What this isolate keeps between requests. */
let isolate;

export default {
  /**
   * @param {Request} request
   * @param {Env} env
   * @param {ExecutionContext} context
   */
  async fetch(request, env, context) {
    isolate ??= new Isolate(env);
    const { url } = request;
    const start = url.indexOf("/", 8);
    const end = url.indexOf("?", start);
    const path = url.slice(start, end < 0 ? undefined : end);
    /** @type {Running} */
    const exchange = { request, context, id: requestId(request.headers), route: "other" };
    try {
      if (path === "/token" && request.method === "GET") {
        exchange.route = "token";
        return await ofQuery(exchange, end < 0 ? "" : url.slice(end + 1));
      }
      if (path === "/oauth2/v2.0/token" && request.method === "POST") {
        exchange.route = "token_endpoint";
        return await ofForm(exchange);
      }
      throw new Refusal(404, "not_found");
    } catch (error) {
      return refused(exchange, error instanceof Refusal ? error : new Refusal(500, "server_error"));
    }
  },
};

const BEARER = 'Bearer realm="careful"';

/**
 * @param {Running} exchange
 * @param {string} query
 */
async function ofQuery(exchange, query) {
  const key = credentialsOf("bearer", exchange.request.headers.get("authorization"));
  const client = key && isolate.byKey(await digest(key));
  if (!client) throw new Refusal(401, "invalid_token", `${BEARER}, error="invalid_token"`);
  exchange.client = client;
  const { scope, credential = "default", min_ttl } = parameters(query, new Set(["scope", "credential", "min_ttl"]));
  const grant = credential === "default" && grantOf(client, scope);
  if (!grant) throw new Refusal(403, "insufficient_scope", `${BEARER}, error="insufficient_scope"`);
  return token(exchange, grant, min_ttl);
}

/** @param {Running} exchange */
async function ofForm(exchange) {
  const { headers } = exchange.request;
  if (!headers.get("content-type")?.startsWith("application/x-www-form-urlencoded"))
    throw new Refusal(400, "invalid_request");
  if (Number(headers.get("content-length")) > BODY_MAX_BYTES) throw new Refusal(413, "invalid_request");
  const names = new Set(["grant_type", "client_id", "client_secret", "scope", "min_ttl"]);
  const form = parameters(await exchange.request.text(), names);
  const [id, key] = basic(headers.get("authorization")) ?? [form.client_id, form.client_secret];
  const client = isolate.clients.get(id ?? "");
  const presented = await digest(key ?? "");
  if (!client?.keys.some((known) => crypto.subtle.timingSafeEqual(known, presented))) {
    throw new Refusal(401, "invalid_client", 'Basic realm="careful"');
  }
  exchange.client = client;
  if (form.grant_type !== "client_credentials") throw new Refusal(400, "unsupported_grant_type");
  const grant = grantOf(client, form.scope);
  if (!grant) throw new Refusal(400, "invalid_scope");
  return token(exchange, grant, form.min_ttl);
}

/**
 * From memory, else from KV, else from the authorization server.
 * @param {Running} exchange
 * @param {KeyedGrant} grant
 */
async function token(exchange, grant, minTtlSecs = "0") {
  exchange.grant = grant;
  const minTtl = Number(minTtlSecs) * 1000;
  if (!Number.isInteger(minTtl)) throw new Refusal(400, "invalid_request");
  const now = Date.now();
  let held = isolate.recall(grant.key);
  let tier = "isolate";
  if (!isGood(held, now, minTtl)) {
    held = await isolate.load(grant);
    tier = "kv";
  }
  if (!isGood(held, now, minTtl)) {
    held = await isolate.ask(grant);
    tier = "upstream";
    exchange.context.waitUntil(isolate.store(grant, held));
  } else if (held.expiresAt - now < RENEW_AHEAD_MS && !held.renewing) {
    held.renewing = true;
    exchange.context.waitUntil(renew(grant));
  }
  return served(exchange, held, tier, now);
}

/**
 * @param {Held | undefined} held
 * @param {number} now
 * @param {number} minTtl
 * @returns {held is Held}
 */
function isGood(held, now, minTtl) {
  return held !== undefined && held.expiresAt - now > Math.max(SERVE_FLOOR_MS, minTtl);
}

/** @param {KeyedGrant} grant */
async function renew(grant) {
  await isolate.store(grant, await isolate.ask(grant));
}

/**
 * @param {Running} exchange
 * @param {Held} held
 * @param {string} tier
 * @param {number} now
 */
function served(exchange, held, tier, now) {
  const left = Math.floor((held.expiresAt - now) / 1000);
  const hit = tier !== "upstream";
  logLine(isolate.logHits || !hit, exchange, 200, hit ? "hit" : "miss", tier);
  const body = `{"token_type":"Bearer","expires_in":${left},"ext_expires_in":${left},"access_token":${held.quoted}}`;
  return new Response(body, {
    headers: {
      "Content-Type": "application/json",
      "Cache-Control": "no-store",
      "X-Content-Type-Options": "nosniff",
      "Referrer-Policy": "no-referrer",
      "X-Request-Id": exchange.id,
      Pragma: "no-cache",
      "Cache-Status": hit ? `careful; hit; ttl=${left}; detail=${tier}` : "careful; fwd=miss; stored",
    },
  });
}

/**
 * @param {Exchange} exchange
 * @param {Refusal} refusal
 */
function refused(exchange, { status, code, challenge }) {
  logLine(true, exchange, status, code);
  /** @type {Record<string, string>} */
  const headers = {
    "Content-Type": "application/json",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Request-Id": exchange.id,
    Pragma: "no-cache",
  };
  if (challenge) headers["WWW-Authenticate"] = challenge;
  return new Response(`{"error":"${code}","error_description":"refused"}`, { status, headers });
}

/** @param {string} text */
const digest = async (text) => new Uint8Array(await crypto.subtle.digest("SHA-256", encoder.encode(text)));

/**
 * A scope is a set of words: their order does not count.
 * @param {Client} client
 * @param {string | undefined} scope
 */
function grantOf({ grants }, scope) {
  if (scope === undefined) return grants.size === 1 ? grants.values().next().value : undefined;
  return grants.get(scope) ?? grants.get([...new Set(scope.split(" "))].sort().join(" "));
}

/**
 * @param {string} scheme
 * @param {string | null} authorization
 */
function credentialsOf(scheme, authorization) {
  const space = authorization?.indexOf(" ") ?? -1;
  return authorization?.slice(0, space).toLowerCase() === scheme ? authorization?.slice(space + 1).trim() : undefined;
}

/** @param {string | null} authorization */
function basic(authorization) {
  const encoded = credentialsOf("basic", authorization);
  if (encoded === undefined) return undefined;
  const text = atob(encoded);
  const colon = text.indexOf(":");
  return [text.slice(0, colon), text.slice(colon + 1)].map((part) => decodeURIComponent(part.replaceAll("+", " ")));
}

/**
 * RFC 6749 §3.2: empty is absent, twice is an error, unknown is ignored.
 * @param {string} encoded
 * @param {Set<string>} known
 */
function parameters(encoded, known) {
  /** @type {Parameters} */
  const values = {};
  for (const [name, value] of new URLSearchParams(encoded)) {
    if (!known.has(name) || value === "") continue;
    if (name in values) throw new Refusal(400, "invalid_request");
    values[name] = value;
  }
  return values;
}
