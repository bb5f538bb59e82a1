// What a server of the stand-in is, and what several of them have in common.

/** @import { JsonWebKey } from "node:crypto" */
/** @import { IncomingHttpHeaders } from "node:http" */
/** @import { Reply } from "./behaviours.mjs" */
/** @import { Registration, Federated } from "./entra/assertion.mjs" */
/** @import { Seen } from "./jwt.mjs" */

import { randomBytes } from "node:crypto";

import { now } from "./jwt.mjs";

/** @typedef {JsonWebKey & { kid?: string, alg?: string }} Jwk A public key. */

/**
 * An application that a server knows.
 * @typedef {object} App
 * @property {string} [server] The name of its server (servers/all.mjs). Entra, if it is left out.
 * @property {string} clientId
 * @property {string} [tenant] Entra: its tenant.
 * @property {string[]} [secrets] Each of them is valid, as during a rotation.
 * @property {Registration[]} [certificates] Entra: its certificates.
 * @property {Federated[]} [federated] Entra: its federated credentials.
 * @property {number} [replicating] Entra: so many requests come too early for a new federated credential.
 * @property {Jwk[]} [keys] The public keys that it signs with.
 * @property {string[]} [users] Whom it may act for.
 * @property {string} [audience] Auth0: what its tokens are for, if a request does not say it.
 * @property {string[]} [resources] The server of `/resource/mcp`: the other APIs that it may get tokens for.
 * @property {string} [account] Zoom: its account.
 * @property {string} [appId] GitHub: its other name.
 * @property {Record<string, Installation>} [installations] GitHub: where it is installed.
 */

/** @typedef {{ repositories: string[], permissions: Record<string, string> }} Installation */

/** @typedef {Record<string, string | undefined>} Params */

/**
 * A request to a server.
 * @typedef {object} Asked
 * @property {string} origin Scheme and host of this stand-in, as the request has them.
 * @property {string} base The server's own base URL: the origin and the server's name.
 * @property {string} method
 * @property {string} path Without the server's name.
 * @property {IncomingHttpHeaders} headers
 * @property {URLSearchParams} query
 * @property {string} body
 * @property {Params} params Of the body, whether it is a form or JSON.
 * @property {App[]} apps Those of this server.
 * @property {Seen} seen
 * @property {(url: string) => Promise<Response>} fetch
 * @property {(token: string) => boolean} wasIssued
 */

/**
 * A proper answer.
 * @typedef {object} Answer
 * @property {number} [status]
 * @property {Record<string, string>} [headers]
 * @property {object | string} body An object is sent as JSON.
 * @property {string} [token] The access token in it.
 */

/**
 * One kind of authorization server.
 * @typedef {object} Server
 * @property {(asked: Asked) => Answer | undefined | Promise<Answer | undefined>} answer `undefined`: no such path.
 * @property {(code: number | string, asked: Asked) => Answer} [refusal] Its own error with this code.
 * @property {(seconds: number) => Answer} [throttled] Its own way to say that a client asks too often.
 * @property {string} [failure] The body of its server errors.
 */

/** Thrown by a server: the answer is an error. */
export class Refusal extends Error {
  /** @param {Answer} answer */
  constructor(answer) {
    super("refused");
    this.answer = answer;
  }
}

/**
 * An error as RFC 6749 §5.2 has it.
 * @param {string} error
 * @param {string} [description]
 * @param {number} [status]
 * @returns {Answer}
 */
export function oauthError(error, description, status = error === "invalid_client" ? 401 : 400) {
  return { status, body: { error, ...(description !== undefined && { error_description: description }) } };
}

/**
 * @param {string} error
 * @param {string} [description]
 * @param {number} [status]
 */
export const refused = (error, description, status) => new Refusal(oauthError(error, description, status));

/**
 * An answer with an access token. `fields` may have other values for the usual ones.
 * @param {string} token
 * @param {Record<string, unknown>} fields
 * @returns {Answer}
 */
export function tokenAnswer(token, fields) {
  return { body: { access_token: token, token_type: "Bearer", ...fields }, token };
}

/**
 * Metadata as RFC 8414 and OpenID Connect Discovery have it.
 * @param {string} issuer
 * @param {string} tokenEndpoint
 * @param {string[]} methods
 * @param {Record<string, unknown>} [more]
 * @returns {Answer}
 */
export function metadata(issuer, tokenEndpoint, methods, more = {}) {
  const body = {
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: tokenEndpoint,
    jwks_uri: `${issuer}/keys`,
    response_types_supported: ["code"],
    subject_types_supported: ["public"],
    id_token_signing_alg_values_supported: ["RS256"],
    grant_types_supported: ["authorization_code", "client_credentials"],
    token_endpoint_auth_methods_supported: methods,
    ...more,
  };
  return { body };
}

/**
 * Refuses what is not `POST` with one of these grant types.
 * @param {Asked} asked
 * @param {string[]} grants
 */
export function requireGrant({ method, params }, grants = ["client_credentials"]) {
  if (method !== "POST") throw refused("invalid_request", "The endpoint only accepts POST requests.", 405);
  if (!params.grant_type) throw refused("invalid_request", "Missing parameter: grant_type");
  if (!grants.includes(params.grant_type)) throw refused("unsupported_grant_type", "Unsupported grant type");
}

/**
 * A new JWT of an issuer, with a made-up signature.
 * @param {Record<string, unknown>} claims
 * @param {number} lifetime
 */
export function newJwt(claims, lifetime) {
  const time = now();
  const all = { ...claims, iat: time, exp: time + lifetime, jti: random(16) };
  return [encode({ alg: "RS256", typ: "JWT", kid: random(20) }), encode(all), random(256)].join(".");
}

/** @param {object} part */
const encode = (part) => Buffer.from(JSON.stringify(part)).toString("base64url");

/** @param {number} bytes */
export const random = (bytes) => randomBytes(bytes).toString("base64url");
