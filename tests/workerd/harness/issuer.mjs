// An OpenID issuer on loopback: metadata, keys that come and go, faults, and a record of requests.

/** @import { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http" */
/** @import { AddressInfo } from "node:net" */
/** @import { Jwk, KeyPair, SecretKey } from "./jose.mjs" */

import { once } from "node:events";
import { createServer } from "node:http";

import { base64url, signatureOf } from "./jose.mjs";

const METADATA = "/.well-known/openid-configuration";
const JWKS = "/jwks";

/** @typedef {Record<string, unknown>} Claims */

/**
 * @typedef {{ status?: number, headers?: Record<string, string>, body?: string, hang?: boolean, reset?: boolean, cut?: boolean }}
 * IssuerFault
 */

/** The broker's name as an audience. */
export const AUDIENCE = "https://broker.example";

export class Issuer {
  /** @type {string[]} The path of every request, in order. */
  requests = [];
  /** @type {{ path: string, headers: IncomingHttpHeaders }[]} The same with its headers. */
  received = [];
  /** @type {KeyPair[]} The keys whose public halves are served; a test adds and removes them. */
  keys = [];
  /** @type {unknown[]} More members of the key set, as they stand. */
  foreignKeys = [];
  /** @type {Record<string, unknown>} Members of the metadata that are replaced; `undefined` removes one. */
  metadata = {};
  /** @type {Record<string, IssuerFault>} By path; "*" for every path. */
  faults = {};
  /** @type {(headers: IncomingHttpHeaders) => IssuerFault | undefined} The fault for a request with these headers. */
  choosy = () => undefined;
  /** What stands in front of each document. */
  mark = "";

  #server = createServer((request, response) => this.#answer(request, response));
  #serial = 0;

  /**
   * Starts one that serves `keys`.
   * @param {KeyPair[]} keys
   */
  static async start(...keys) {
    const issuer = new Issuer();
    issuer.keys = keys;
    issuer.#server.listen(0, "127.0.0.1");
    await once(issuer.#server, "listening");
    return issuer;
  }

  get url() {
    const { port } = /** @type {AddressInfo} */ (this.#server.address());
    return `http://127.0.0.1:${port}`;
  }

  get jwksUri() {
    return this.url + JWKS;
  }

  /** The number of requests for the key set. */
  get keyRequests() {
    return this.requests.filter((path) => path === JWKS).length;
  }

  get metadataRequests() {
    return this.requests.filter((path) => path === METADATA).length;
  }

  async close() {
    const closed = once(this.#server, "close");
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  /**
   * The default claims of a JWT of this issuer; `undefined` removes a claim.
   * @param {Claims} overrides
   */
  claims(overrides = {}) {
    const now = Math.floor(Date.now() / 1000);
    this.#serial += 1;
    // A `jti` of its own, so that no two JWTs are the same.
    return {
      iss: this.url,
      aud: AUDIENCE,
      sub: "robot",
      iat: now,
      exp: now + 300,
      jti: `${this.#serial}`,
      ...overrides,
    };
  }

  /**
   * A JWT with these claims, signed with `key`, else with the first one.
   * @param {Claims} claims
   * @param {{ key?: KeyPair | SecretKey | undefined, header?: object }} options
   */
  sign(claims = {}, { key = this.keys[0], header = {} } = {}) {
    if (!key) throw new Error("the issuer has no key");
    return signJwt(this.claims(claims), { key, header });
  }

  /** @returns {Record<string, object>} */
  get #documents() {
    const issuer = { issuer: this.url, jwks_uri: this.jwksUri, id_token_signing_alg_values_supported: ["RS256"] };
    return {
      [METADATA]: { ...issuer, ...this.metadata },
      [JWKS]: { keys: [...this.keys.map(({ jwk }) => jwk), ...this.foreignKeys] },
    };
  }

  /**
   * @param {IncomingMessage} request
   * @param {ServerResponse} response
   */
  #answer(request, response) {
    const { url: path = "" } = request;
    this.requests.push(path);
    this.received.push({ path, headers: request.headers });
    const fault = this.choosy(request.headers) ?? this.faults[path] ?? this.faults["*"];
    if (fault?.hang) return undefined;
    if (fault?.reset) return request.socket.resetAndDestroy();
    if (fault?.cut) {
      const { body = "" } = fault;
      response.writeHead(200, { "Content-Length": body.length });
      return response.write(body.slice(0, body.length / 2), () => request.socket.destroy());
    }
    if (fault) return response.writeHead(fault.status ?? 200, fault.headers).end(fault.body ?? "");
    const document = this.#documents[path];
    if (!document) return response.writeHead(404).end();
    return response.writeHead(200, { "Content-Type": "application/json" }).end(this.mark + JSON.stringify(document));
  }
}

/**
 * A JWT in compact form. `header` is added to `alg`, `kid` and `typ`; `undefined` removes one of them.
 * @param {Claims} claims
 * @param {{ key: KeyPair | SecretKey, header?: object }} options
 */
export function signJwt(claims, { key, header = {} }) {
  return signParts({ alg: key.alg, kid: key.jwk.kid, typ: "JWT", ...header }, claims, key);
}

/**
 * The same with header and claims unchanged: objects, or the text of their JSON.
 * @param {object | string} header
 * @param {object | string} claims
 * @param {KeyPair | SecretKey} key
 */
export function signParts(header, claims, key) {
  const signed = `${base64url(header)}.${base64url(claims)}`;
  return `${signed}.${base64url(signatureOf(signed, key))}`;
}
