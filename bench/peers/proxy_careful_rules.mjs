// The rules of the careful proxy: which APIs there are, who may call what of them, where a request goes, and which fields
// pass. All of the configuration is parsed once.

/** @import { Env, KeyedGrant } from "./careful_isolate.mjs" */

import { Refusal } from "./careful_isolate.mjs";

/** @typedef {{ base: string, credential: string, scope: string }} ApiSettings */

/** @typedef {{ api?: string, methods?: string[], paths?: string[] }} Allowed */

/** @typedef {{ name: string, base: string, url: URL, root: string, grant: KeyedGrant }} Api */

/** @typedef {{ methods: Set<string>, paths: string[][] | undefined }} ApiGrant */

const FIRST_METHODS = ["GET", "HEAD"];
const TARGET_MAX = 8192;

export class Rules {
  /** @type {Map<string, Api>} */
  apis = new Map();
  /** @type {Map<string, ApiGrant[]>} `<client id> <api>` → its grants. */
  #grants = new Map();
  /** @type {Map<string, string[]>} */
  #origins = new Map();

  /** @param {Env & { APIS: string }} env */
  constructor(env) {
    /** @type {Record<string, ApiSettings>} */
    const apis = JSON.parse(env.APIS);
    for (const [name, { base, credential, scope }] of Object.entries(apis)) {
      const url = new URL(base);
      const grant = { credential, scope, key: `token:${credential}:${scope}` };
      this.apis.set(name, { name, base, url, root: url.pathname.replace(/\/$/, ""), grant });
    }
    /** @type {Record<string, { allow: Allowed[], origins?: string[] }>} */
    const clients = JSON.parse(env.CLIENTS);
    for (const [id, { allow, origins }] of Object.entries(clients)) {
      for (const allowed of allow) this.#allow(id, allowed);
      if (origins) this.#origins.set(id, origins);
    }
  }

  /**
   * @param {string} id
   * @param {Allowed} allowed
   */
  #allow(id, { api, methods = FIRST_METHODS, paths }) {
    if (api === undefined) return;
    const key = `${id} ${api}`;
    const grant = { methods: new Set(methods), paths: paths?.map(segmentsOf) };
    this.#grants.set(key, [...(this.#grants.get(key) ?? []), grant]);
  }

  /**
   * The API, if the client may send this to it.
   * @param {string} client
   * @param {string} name
   * @param {string} method
   * @param {string} rest What the URL has behind the name: path and query.
   * @param {string} host By which the request has come.
   */
  target(client, name, method, rest, host) {
    const api = this.apis.get(name);
    const grants = this.#grants.get(`${client} ${name}`);
    if (!api || !grants) throw new Refusal(403, "api_not_granted");
    const url = confined(api, rest);
    const permitted = grants.filter(({ methods }) => methods.has(method));
    if (permitted.length === 0) throw new Refusal(403, "method_not_granted");
    const path = segmentsOf(url.pathname.slice(api.root.length));
    const isPermitted = permitted.some(({ paths }) => !paths || paths.some((pattern) => matches(pattern, path)));
    if (!isPermitted) throw new Refusal(403, "path_not_granted");
    // It would send requests to itself.
    if (url.host === host) throw new Refusal(500, "server_error");
    return { api, url: url.href };
  }

  /**
   * Whether a page of this origin may read the client's answers.
   * @param {string} client
   * @param {string} origin
   */
  permitsOrigin(client, origin) {
    return this.#origins.get(client)?.includes(origin) ?? false;
  }
}

/**
 * The URL under the API's base. It is built, parsed and compared again.
 * @param {Api} api
 * @param {string} rest
 */
function confined({ base, url: { origin }, root }, rest) {
  // Printable ASCII without the backslash.
  if (rest.length > TARGET_MAX || !/^[!-[\]-~]*$/.test(rest)) throw new Refusal(400, "invalid_request");
  const query = rest.indexOf("?");
  const path = query < 0 ? rest : rest.slice(0, query);
  if (/(^|[/\\])\.{1,2}($|[/\\;])/.test(decoded(path))) throw new Refusal(400, "invalid_request");
  const url = new URL(base + rest);
  const isUnder = url.pathname === root || url.pathname.startsWith(`${root}/`);
  if (url.origin !== origin || !isUnder) throw new Refusal(400, "invalid_request");
  return url;
}

/**
 * A path without any percent-encoding, however often it has been encoded.
 * @param {string} path
 */
function decoded(path) {
  if (!path.includes("%")) return path;
  let plain = decodedOnce(path);
  if (plain === undefined) throw new Refusal(400, "invalid_request");
  for (let next = decodedOnce(plain); next !== undefined && next !== plain; next = decodedOnce(plain)) plain = next;
  return plain;
}

/** @param {string} text */
function decodedOnce(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/** @param {string} path */
function segmentsOf(path) {
  const segments = (path.startsWith("/") ? path.slice(1) : path).split("/");
  return path.includes("%") ? segments.map((segment) => decodeURIComponent(segment)) : segments;
}

/**
 * `*` is one segment that is not empty, `**` any number of them.
 * @param {string[]} pattern
 * @param {string[]} path
 * @param {number} [at]
 * @param {number} [from]
 * @returns {boolean}
 */
function matches(pattern, path, at = 0, from = 0) {
  if (at === pattern.length) return from === path.length;
  if (pattern[at] === "**") {
    return matches(pattern, path, at + 1, from) || (from < path.length && matches(pattern, path, at, from + 1));
  }
  if (from === path.length) return false;
  const isSame = pattern[at] === "*" ? path[from] !== "" : pattern[at] === path[from];
  return isSame && matches(pattern, path, at + 1, from + 1);
}

const HOP_BY_HOP = [
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
];

const WITHHELD = new Set([
  ...HOP_BY_HOP,
  "authorization",
  "client-cert",
  "client-cert-chain",
  "content-length",
  "cookie",
  "dpop",
  "expect",
  "forwarded",
  "host",
  "true-client-ip",
  "x-client-ip",
  "x-cluster-client-ip",
  "x-host",
  "x-http-method",
  "x-http-method-override",
  "x-identity-header",
  "x-method-override",
  "x-original-uri",
  "x-original-url",
  "x-real-ip",
  "x-rewrite-url",
]);

const WITHHELD_OF_ANSWERS = new Set([...HOP_BY_HOP, "alt-svc", "set-cookie", "set-cookie2"]);

/**
 * Whether a field of a request stays with the broker. Some servers take `_` for `-`.
 * @param {string} field
 */
export function isWithheld(field) {
  const name = field.replaceAll("_", "-");
  return WITHHELD.has(name) || name.startsWith("cf-") || name.startsWith("x-forwarded-") || name.startsWith("proxy-");
}

/**
 * Whether a field of an answer stays with the broker.
 * @param {string} field
 */
export function isWithheldOfAnswer(field) {
  const name = field.replaceAll("_", "-");
  return WITHHELD_OF_ANSWERS.has(name) || name.startsWith("access-control-") || name.startsWith("proxy-");
}

/**
 * The fields that `Connection` names.
 * @param {Headers} headers
 */
export const namedByConnection = (headers) =>
  headers
    .get("connection")
    ?.split(",")
    .map((name) => name.trim().toLowerCase()) ?? [];
