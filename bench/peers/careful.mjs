// A broker as a careful developer would write it in JavaScript: the same duties as ours on every request that is
// measured, with what the platform gives (WebCrypto's SHA-256 and AES-GCM) and no library.
//
// It does less where that does not count against it: no coordinator, no failure memory, no retry, no timeouts, one
// credential. It does nothing more slowly than it has to: the configuration is parsed once, the parts of a response that
// stay the same are made once, and a hit has one await (two with a body to read).

import { logLine, requestId } from "./common.mjs";

const MEMORY_MAX = 1000;
const SERVE_FLOOR_MS = 60_000;
const RENEW_AHEAD_MS = 900_000;
const KV_CACHE_TTL_SECS = 30;
const BODY_MAX_BYTES = 16 * 1024;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** What this isolate keeps between requests. */
let isolate;

export default {
  async fetch(request, env, context) {
    isolate ??= new Isolate(env);
    const { url } = request;
    const start = url.indexOf("/", 8);
    const end = url.indexOf("?", start);
    const path = url.slice(start, end < 0 ? undefined : end);
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

class Refusal extends Error {
  constructor(status, code, challenge) {
    super(code);
    Object.assign(this, { status, code, challenge });
  }
}

const BEARER = 'Bearer realm="careful"';

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

async function ofForm(exchange) {
  const { headers } = exchange.request;
  if (!headers.get("content-type")?.startsWith("application/x-www-form-urlencoded"))
    throw new Refusal(400, "invalid_request");
  if (Number(headers.get("content-length")) > BODY_MAX_BYTES) throw new Refusal(413, "invalid_request");
  const names = new Set(["grant_type", "client_id", "client_secret", "scope", "min_ttl"]);
  const form = parameters(await exchange.request.text(), names);
  const [id, key] = basic(headers.get("authorization")) ?? [form.client_id, form.client_secret];
  const client = isolate.clients.get(id);
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

/** From memory, else from KV, else from the authorization server. */
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

const isGood = (held, now, minTtl) => held !== undefined && held.expiresAt - now > Math.max(SERVE_FLOOR_MS, minTtl);

async function renew(grant) {
  await isolate.store(grant, await isolate.ask(grant));
}

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

function refused(exchange, { status, code, challenge }) {
  logLine(true, exchange, status, code);
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

class Isolate {
  clients = new Map();
  #env;
  #byKey = new Map();
  /** Oldest use first: a Map keeps the order of insertion. */
  #memory = new Map();
  #sealingKey;

  constructor(env) {
    this.#env = env;
    this.logHits = env.LOG_HITS !== "false";
    for (const [id, { key_sha256, allow }] of Object.entries(JSON.parse(env.CLIENTS)))
      this.#addClient(id, key_sha256, allow);
    this.#sealingKey = crypto.subtle
      .digest("SHA-256", encoder.encode(env.AZ_CLIENT_SECRET))
      .then((key) => crypto.subtle.importKey("raw", key, "AES-GCM", false, ["encrypt", "decrypt"]));
  }

  #addClient(id, digests, allow) {
    const keys = digests.map((hex) => Uint8Array.from(hex.match(/../g), (byte) => parseInt(byte, 16)));
    const grants = new Map(
      allow.map(({ scope }) => [scope, { scope, credential: "default", key: `token:default:${scope}` }]),
    );
    const client = { id, keys, grants };
    this.clients.set(id, client);
    for (const key of keys) this.#byKey.set(prefix(key), { key, client });
  }

  /** By a prefix of the digest, then the whole of it in constant time. */
  byKey(presented) {
    const found = this.#byKey.get(prefix(presented));
    return found && crypto.subtle.timingSafeEqual(found.key, presented) ? found.client : undefined;
  }

  recall(key) {
    const held = this.#memory.get(key);
    if (held === undefined) return undefined;
    this.#memory.delete(key);
    this.#memory.set(key, held);
    return held;
  }

  #remember(key, held) {
    this.#memory.delete(key);
    if (this.#memory.size >= MEMORY_MAX) this.#memory.delete(this.#memory.keys().next().value);
    this.#memory.set(key, held);
    return held;
  }

  /** Opens what `store` sealed: 12 bytes of nonce, then the ciphertext, bound to the key under which it is stored. */
  async load({ key }) {
    const sealed = await this.#env.TOKENS?.get(key, { type: "arrayBuffer", cacheTtl: KV_CACHE_TTL_SECS });
    if (!sealed) return undefined;
    const algorithm = { name: "AES-GCM", iv: new Uint8Array(sealed, 0, 12), additionalData: encoder.encode(key) };
    try {
      const plain = await crypto.subtle.decrypt(algorithm, await this.#sealingKey, new Uint8Array(sealed, 12));
      return this.#remember(key, JSON.parse(decoder.decode(plain)));
    } catch {
      return undefined;
    }
  }

  async store({ key }, { quoted, expiresAt }) {
    const iv = crypto.getRandomValues(new Uint8Array(12));
    const algorithm = { name: "AES-GCM", iv, additionalData: encoder.encode(key) };
    const plain = encoder.encode(JSON.stringify({ quoted, expiresAt }));
    const cipher = new Uint8Array(await crypto.subtle.encrypt(algorithm, await this.#sealingKey, plain));
    const sealed = new Uint8Array(12 + cipher.length);
    sealed.set(iv);
    sealed.set(cipher, 12);
    await this.#env.TOKENS?.put(key, sealed, { expirationTtl: Math.floor((expiresAt - Date.now()) / 1000) });
  }

  async ask({ key, scope }) {
    const { AZ_AUTHORITY_HOST: host, AZ_TENANT: tenant, AZ_CLIENT_ID, AZ_CLIENT_SECRET } = this.#env;
    const asked = Date.now();
    const form = { grant_type: "client_credentials", client_id: AZ_CLIENT_ID, client_secret: AZ_CLIENT_SECRET, scope };
    const response = await fetch(`${host}/${tenant}/oauth2/v2.0/token`, {
      method: "POST",
      redirect: "manual",
      body: new URLSearchParams(form),
    });
    const { access_token, expires_in } = await response.json();
    if (!access_token) throw new Refusal(502, "server_error");
    return this.#remember(key, { quoted: JSON.stringify(access_token), expiresAt: asked + expires_in * 1000 });
  }
}

const prefix = (bytes) => new DataView(bytes.buffer, bytes.byteOffset).getInt32(0);

const digest = async (text) => new Uint8Array(await crypto.subtle.digest("SHA-256", encoder.encode(text)));

/** A scope is a set of words: granted in whatever order they come. */
function grantOf({ grants }, scope) {
  if (scope === undefined) return grants.size === 1 ? grants.values().next().value : undefined;
  return grants.get(scope) ?? grants.get([...new Set(scope.split(" "))].sort().join(" "));
}

function credentialsOf(scheme, authorization) {
  const space = authorization?.indexOf(" ") ?? -1;
  return authorization?.slice(0, space).toLowerCase() === scheme ? authorization.slice(space + 1).trim() : undefined;
}

function basic(authorization) {
  const encoded = credentialsOf("basic", authorization);
  if (encoded === undefined) return undefined;
  const text = atob(encoded);
  const colon = text.indexOf(":");
  return [text.slice(0, colon), text.slice(colon + 1)].map((part) => decodeURIComponent(part.replaceAll("+", " ")));
}

/** RFC 6749 §3.2: empty is absent, twice is an error, unknown is ignored. */
function parameters(encoded, known) {
  const values = {};
  for (const [name, value] of new URLSearchParams(encoded)) {
    if (!known.has(name) || value === "") continue;
    if (name in values) throw new Refusal(400, "invalid_request");
    values[name] = value;
  }
  return values;
}
