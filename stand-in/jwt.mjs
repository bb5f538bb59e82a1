// Verifies the JWTs that clients present, and says what is wrong with one.

/** @import { KeyObject } from "node:crypto" */
/** @import { JWTPayload, JWTHeaderParameters } from "jose" */

import { decodeJwt, decodeProtectedHeader, errors, jwtVerify } from "jose";

/**
 * @typedef {"malformed" | "algorithm" | "signature" | "issuer" | "subject" | "audience" | "expired" | "premature"
 *   | "lifetime" | "claim" | "repeated"} Flaw
 */

/** @typedef {{ header: JWTHeaderParameters, claims: JWTPayload }} Parts */

/**
 * @typedef {object} Expected
 * @property {string[]} algorithms
 * @property {string | string[]} [issuer]
 * @property {string} [subject]
 * @property {string | string[]} [audience] Any of them.
 * @property {number} [lifetime] The most seconds that `exp` may be ahead.
 * @property {string[]} [required] Claims.
 * @property {Seen} [seen] Where each `jti` has to be new.
 */

/** What is wrong with a JWT. */
export class JwtFlaw extends Error {
  /** @param {Flaw} flaw @param {string} [claim] */
  constructor(flaw, claim) {
    super(claim ? `${flaw}: ${claim}` : flaw);
    this.flaw = flaw;
    this.claim = claim;
  }
}

/** The `jti` of the JWTs that were accepted. */
export class Seen {
  /** @type {Set<string>} */
  #ids = new Set();

  /** @param {JWTPayload} claims */
  add({ iss, jti }) {
    const id = JSON.stringify([iss, jti]);
    if (this.#ids.has(id)) throw new JwtFlaw("repeated");
    this.#ids.add(id);
  }
}

/**
 * The parts of a JWT that nobody has verified yet.
 * @param {string | undefined} jwt
 * @returns {Parts}
 */
export function decode(jwt = "") {
  try {
    return { header: /** @type {JWTHeaderParameters} */ (decodeProtectedHeader(jwt)), claims: decodeJwt(jwt) };
  } catch {
    throw new JwtFlaw("malformed");
  }
}

/**
 * The claims of a JWT that `key` signed and that is as `expected`.
 * @param {string} jwt
 * @param {KeyObject} key
 * @param {Expected} expected
 */
export async function verify(jwt, key, { lifetime, required = [], seen, audience, ...expected }) {
  const claims = await checked(jwt, key, {
    ...expected,
    ...(audience !== undefined && { audience }),
    requiredClaims: ["exp", ...required, ...(seen ? ["jti"] : [])],
  });
  if (lifetime !== undefined && (claims.exp ?? 0) > now() + lifetime) throw new JwtFlaw("lifetime", "exp");
  seen?.add(claims);
  return claims;
}

/**
 * @param {string} jwt
 * @param {KeyObject} key
 * @param {import("jose").JWTVerifyOptions} options
 */
async function checked(jwt, key, options) {
  try {
    return (await jwtVerify(jwt, key, options)).payload;
  } catch (error) {
    throw flawOf(error);
  }
}

/** @type {Record<string, Flaw>} */
const OF_CLAIM = { iss: "issuer", sub: "subject", aud: "audience", nbf: "premature" };

/** @param {unknown} error */
function flawOf(error) {
  if (error instanceof errors.JWTExpired) return new JwtFlaw("expired", "exp");
  if (error instanceof errors.JWTClaimValidationFailed) {
    return new JwtFlaw(OF_CLAIM[error.claim] ?? "claim", error.claim);
  }
  if (error instanceof errors.JOSEAlgNotAllowed) return new JwtFlaw("algorithm");
  if (error instanceof errors.JWSSignatureVerificationFailed) return new JwtFlaw("signature");
  if (error instanceof errors.JOSEError) return new JwtFlaw("malformed");
  // A key of another kind than the algorithm's.
  if (error instanceof TypeError || error instanceof DOMException) return new JwtFlaw("signature");
  return error;
}

/** The time in seconds. */
export const now = () => Math.floor(Date.now() / 1000);
