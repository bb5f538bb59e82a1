// How clients prove themselves at a token endpoint (RFC 6749 §2.3, RFC 7523).

/** @import { App, Asked } from "./server.mjs" */

import { createPublicKey } from "node:crypto";

import { JwtFlaw, decode, verify } from "./jwt.mjs";
import { refused } from "./server.mjs";

/** @typedef {"client_secret_basic" | "client_secret_post" | "private_key_jwt"} Method */

/** @typedef {{ name: string, secret: string }} Secret */

const ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/** The most seconds that the `exp` of a client assertion may be ahead. */
const ASSERTION_LIFETIME = 3600;
const ALGORITHMS = ["RS256", "PS256", "ES256", "EdDSA"];
/** What form encoding leaves of a text. */
const FORM_ENCODED = /^(?:[A-Za-z0-9*._+-]|%[0-9A-Fa-f]{2})*$/;

/**
 * The app that a request proves to be, by one of `methods`. `audiences` are those that a client assertion may have.
 * @param {Asked} asked
 * @param {{ methods: Method[], audiences?: string[] }} accepted
 * @returns {Promise<App>}
 */
export async function authenticate(asked, { methods, audiences = [] }) {
  const { headers, params } = asked;
  const used = methodOf(headers.authorization, params);
  if (used === undefined || !methods.includes(used)) {
    throw refused("invalid_client", `Client authentication failed. Supported: ${methods.join(", ")}`);
  }
  if (used === "private_key_jwt") return byAssertion(asked, audiences);
  const { name, secret } = used === "client_secret_basic" ? basic(headers.authorization ?? "") : posted(asked);
  const app = asked.apps.find(({ clientId }) => clientId === name);
  if (!app?.secrets?.includes(secret)) throw refused("invalid_client", "Invalid client or Invalid client credentials");
  return app;
}

/**
 * @param {string | undefined} authorization
 * @param {Asked["params"]} params
 * @returns {Method | undefined}
 */
function methodOf(authorization, params) {
  /** @type {Method[]} */
  const used = [];
  if (authorization !== undefined) used.push("client_secret_basic");
  if (params.client_secret !== undefined) used.push("client_secret_post");
  if (params.client_assertion !== undefined) used.push("private_key_jwt");
  if (used.length > 1) throw refused("invalid_request", "More than one client authentication method");
  return used[0];
}

/** @param {Asked} asked */
const posted = ({ params }) => ({ name: params.client_id ?? "", secret: params.client_secret ?? "" });

/**
 * Name and secret are form-encoded before they are put together (RFC 6749 §2.3.1). What is not encoded is refused.
 * @param {string} authorization
 */
function basic(authorization) {
  const [scheme = "", encoded = ""] = authorization.split(" ");
  if (scheme.toLowerCase() !== "basic") throw refused("invalid_client", "No Basic authentication");
  const parts = Buffer.from(encoded, "base64").toString("utf8").split(":");
  if (parts.length !== 2 || !parts.every((part) => FORM_ENCODED.test(part))) {
    throw refused("invalid_client", "Client id and secret have to be form-encoded");
  }
  const [name = "", secret = ""] = parts.map((part) => new URLSearchParams(`x=${part}`).get("x") ?? "");
  return { name, secret };
}

/**
 * @param {Asked} asked
 * @param {string[]} audiences
 */
async function byAssertion({ params, apps, seen }, audiences) {
  if (params.client_assertion_type !== ASSERTION_TYPE) {
    throw refused("invalid_client", "The client_assertion_type is not supported.");
  }
  try {
    const { header, claims } = decode(params.client_assertion);
    const app = apps.find(({ clientId }) => clientId === claims.sub);
    if (!app || (params.client_id ?? app.clientId) !== app.clientId) throw new JwtFlaw("subject", "sub");
    await verify(params.client_assertion ?? "", keyOf(app, header.kid), {
      algorithms: ALGORITHMS,
      issuer: app.clientId,
      audience: audiences,
      lifetime: ASSERTION_LIFETIME,
      seen,
    });
    return app;
  } catch (error) {
    if (error instanceof JwtFlaw) throw refused("invalid_client", ASSERTION_FLAWS[error.flaw]);
    throw error;
  }
}

/** Okta's words where they are known. @type {Record<import("./jwt.mjs").Flaw, string>} */
const ASSERTION_FLAWS = {
  malformed: "The parsing of the client_assertion failed.",
  algorithm: "The client_assertion signing algorithm is not supported.",
  signature: "The client_assertion signature is invalid.",
  issuer: "The issuer of the client_assertion has to be the client_id.",
  subject: "The subject of the client_assertion is no client.",
  audience: "The audience claim for client_assertion must be the endpoint invoked for the request.",
  expired: "The client_assertion token is expired.",
  premature: "The client_assertion token is not valid yet.",
  lifetime: "The client_assertion token has an expiration too far into the future.",
  claim: "The client_assertion token lacks a claim, or one has a wrong type.",
  repeated: "The client_assertion token was used before.",
};

/**
 * The key of an app with this id. An id is needed if the app has several keys.
 * @param {App} app
 * @param {string | undefined} kid
 */
export function keyOf({ keys = [] }, kid) {
  const [jwk, ...more] = kid === undefined ? keys : keys.filter((key) => key.kid === kid);
  if (!jwk || more.length > 0) throw refused("invalid_client", "The client_assertion JWT kid is invalid.");
  return createPublicKey({ key: jwk, format: "jwk" });
}
