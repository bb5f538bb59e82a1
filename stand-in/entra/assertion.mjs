// Client assertions at Entra: signed with a certificate of the app, or by an issuer that a federated credential names.

/** @import { KeyObject } from "node:crypto" */
/** @import { Parts } from "../jwt.mjs" */
/** @import { App, Asked } from "../server.mjs" */
/** @import { Refused } from "./flaws.mjs" */

import { X509Certificate, createHash, createPublicKey } from "node:crypto";

import { decode, verify } from "../jwt.mjs";
import { refuseFederated } from "./federated.mjs";
import { refusedFor } from "./flaws.mjs";

/**
 * A certificate of an app: its PEM, or the base64url of its SHA-256 thumbprint and its public key in PEM.
 * @typedef {string | { thumbprint: string, publicKey: string }} Registration
 */

/**
 * A federated credential of an app. `audience` is "api://AzureADTokenExchange" if it is left out.
 * @typedef {{ issuer: string, subject: string, audience?: string }} Federated
 */

const ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/** The most seconds that `exp` may be ahead. Entra recommends five to ten minutes and does not enforce it. */
const LIFETIME = 600;

/**
 * Why Entra refuses a client assertion; `undefined` if it does not.
 * @param {Asked} asked
 * @param {App} app
 * @returns {Promise<Refused | undefined>}
 */
export async function refuseAssertion(asked, app) {
  const { client_assertion: jwt = "", client_assertion_type: type } = asked.params;
  if (type !== ASSERTION_TYPE) return { code: 900144, detail: "client_assertion_type" };
  /** @type {Parts} */
  let parts;
  try {
    parts = decode(jwt);
  } catch {
    return { code: 50027, detail: "" };
  }
  const { header, claims } = parts;
  const own = header["x5t#S256"] !== undefined || header.x5t !== undefined || claims.iss === app.clientId;
  return own ? refuseSigned(asked, app, jwt, parts) : refuseFederated(asked, app, jwt, parts);
}

/**
 * @param {Asked} asked
 * @param {App} app
 * @param {string} jwt
 * @param {Parts} parts
 */
async function refuseSigned({ origin, path, seen }, app, jwt, { header, claims }) {
  if (header.alg !== "PS256") {
    return { code: 700027, detail: "Invalid JWT token. Unsupported asymmetric signing algorithm." };
  }
  const thumbprint = header["x5t#S256"];
  if (typeof thumbprint !== "string") {
    return { code: 50027, detail: "No certificate thumbprint specified in token header." };
  }
  const certificate = (app.certificates ?? []).map(registered).find((known) => known.thumbprint === thumbprint);
  if (!certificate) return { code: 700027, detail: unknownKey(thumbprint, app) };
  if (certificate.expired) return { code: 700027, detail: expiredKey(thumbprint, certificate.expired) };
  // One audience, and no list.
  if (typeof claims.aud !== "string") return { code: 700023, detail: "" };
  const expected = {
    algorithms: ["PS256"],
    issuer: app.clientId,
    subject: app.clientId,
    audience: origin + path,
    lifetime: LIFETIME,
    required: ["nbf"],
    seen,
  };
  try {
    await verify(jwt, certificate.key, expected);
    return undefined;
  } catch (error) {
    return refusedFor(error, claims);
  }
}

/**
 * @param {Registration} registration
 * @returns {{ thumbprint: string, key: KeyObject, expired?: string }}
 */
function registered(registration) {
  if (typeof registration !== "string") {
    return { thumbprint: registration.thumbprint, key: createPublicKey(registration.publicKey) };
  }
  const certificate = new X509Certificate(registration);
  const thumbprint = createHash("sha256").update(certificate.raw).digest("base64url");
  const expired = Date.parse(certificate.validTo) < Date.now();
  return {
    thumbprint,
    key: certificate.publicKey,
    ...(expired && { expired: `Start=${certificate.validFrom}, End=${certificate.validTo}` }),
  };
}

/**
 * @param {string} thumbprint
 * @param {App} app
 */
function unknownKey(thumbprint, { clientId }) {
  return (
    "The certificate with identifier used to sign the client assertion is not registered on application. " +
    `[Reason - The key was not found., Thumbprint of key used by client: '${hex(thumbprint)}', ` +
    "Please visit the Azure Portal, Graph Explorer or directly use MS Graph to see configured keys for app Id " +
    `'${clientId}'.]`
  );
}

/**
 * @param {string} thumbprint
 * @param {string} validity
 */
function expiredKey(thumbprint, validity) {
  return (
    "Client assertion contains an invalid signature. [Reason - The key used is expired., " +
    `Thumbprint of key used by client: '${hex(thumbprint)}', Found key '${validity}']`
  );
}

/** @param {string} thumbprint */
const hex = (thumbprint) => Buffer.from(thumbprint, "base64url").toString("hex").toUpperCase();
