// Federated credentials at Entra: a JWT of a foreign issuer, whose keys Entra fetches.

/** @import { Parts } from "../jwt.mjs" */
/** @import { App, Asked, Jwk } from "../server.mjs" */
/** @import { Refused } from "./flaws.mjs" */

import { createPublicKey } from "node:crypto";

import { verify } from "../jwt.mjs";
import { refusedFor } from "./flaws.mjs";

/** Entra uses no more keys of an issuer. */
const MAX_KEYS = 100;
const DEFAULT_AUDIENCE = "api://AzureADTokenExchange";

/** Requests that came while a new federated credential was not known everywhere. @type {WeakMap<App, number>} */
const early = new WeakMap();

/**
 * @param {Asked} asked
 * @param {App} app
 * @param {string} jwt
 * @param {Parts} parts
 * @returns {Promise<Refused | undefined>}
 */
export async function refuseFederated(asked, app, jwt, { header, claims }) {
  if (isReplicating(app)) return { code: 70021, detail: presented(claims) };
  const unmatched = refuseClaims(app, claims);
  if (unmatched) return unmatched;
  if (header.alg !== "RS256") {
    return { code: 700027, detail: "Invalid JWT token. Unsupported asymmetric signing algorithm." };
  }
  const issuer = claims.iss ?? "";
  const document = await fetched(asked, `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`);
  if (document?.issuer !== issuer || typeof document.jwks_uri !== "string") return { code: 501661, detail: "" };
  const set = await fetched(asked, document.jwks_uri);
  if (!Array.isArray(set?.keys)) return { code: 50166, detail: "" };
  /** @type {Jwk[]} */
  const keys = set.keys.slice(0, MAX_KEYS);
  const jwk = keys.find(({ kid }) => kid !== undefined && kid === header.kid);
  if (!jwk) return { code: 7000272, detail: header.kid ?? "" };
  try {
    await verify(jwt, createPublicKey({ key: jwk, format: "jwk" }), { algorithms: ["RS256"] });
    return undefined;
  } catch (error) {
    return refusedFor(error, claims);
  }
}

/** @param {App} app */
function isReplicating(app) {
  const count = (early.get(app) ?? 0) + 1;
  early.set(app, count);
  return count <= (app.replicating ?? 0);
}

/**
 * Issuer, subject and audience have to be those of one federated credential, to the letter.
 * @param {App} app
 * @param {Parts["claims"]} claims
 * @returns {Refused | undefined}
 */
function refuseClaims({ federated = [] }, claims) {
  const { iss = "", sub = "", aud } = claims;
  if (federated.length === 0) return { code: 70021, detail: presented(claims) };
  const ofIssuer = federated.filter(({ issuer }) => issuer === iss);
  if (ofIssuer.length === 0) return { code: 700211, detail: iss };
  const ofSubject = ofIssuer.filter(({ subject }) => subject === sub);
  if (ofSubject.length === 0) {
    const inAnotherCase = ofIssuer.some(({ subject }) => subject.toLowerCase() === sub.toLowerCase());
    return { code: inAnotherCase ? 7002138 : 700213, detail: sub };
  }
  if (!ofSubject.some(({ audience = DEFAULT_AUDIENCE }) => audience === aud)) {
    return { code: 700212, detail: String(aud) };
  }
  return undefined;
}

/** @param {Parts["claims"]} claims */
const presented = ({ iss, sub, aud }) =>
  `Assertion Issuer: '${iss}'. Assertion Subject: '${sub}'. Assertion Audience: '${aud}'.`;

/**
 * A JSON document, or nothing if it cannot be had.
 * @param {Asked} asked
 * @param {string} url
 * @returns {Promise<Record<string, unknown> | undefined>}
 */
async function fetched(asked, url) {
  try {
    const response = await asked.fetch(url);
    return response.ok ? /** @type {Record<string, unknown>} */ (await response.json()) : undefined;
  } catch {
    return undefined;
  }
}
