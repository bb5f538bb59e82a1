// What Entra says of each flaw of a JWT.

/** @import { Flaw, Parts } from "../jwt.mjs" */

import { JwtFlaw, now } from "../jwt.mjs";

/** @typedef {{ code: number, detail: string }} Refused An AADSTS number, and what refusals.mjs puts into its words. */

/** @type {Record<Flaw, number>} */
const NUMBERS = {
  malformed: 50027,
  claim: 50027,
  algorithm: 700027,
  signature: 700027,
  issuer: 700021,
  subject: 700021,
  audience: 700023,
  expired: 700024,
  premature: 700024,
  lifetime: 700024,
  repeated: 50013,
};

/**
 * Entra's number and detail for what is wrong with a JWT.
 * @param {unknown} error
 * @param {Parts["claims"]} claims
 * @returns {Refused}
 */
export function refusedFor(error, claims) {
  if (!(error instanceof JwtFlaw)) throw error;
  const code = NUMBERS[error.flaw];
  return { code, detail: code === 700024 ? times(claims) : "" };
}

/** @param {Parts["claims"]} claims */
function times({ nbf, exp }) {
  return `Current time: ${iso(now())}, assertion valid from ${iso(nbf)}, expiry time of assertion ${iso(exp)}`;
}

/** @param {number | undefined} seconds */
const iso = (seconds) => (seconds === undefined ? "none" : new Date(seconds * 1000).toISOString());
