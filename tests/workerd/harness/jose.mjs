// Keys and signatures of JOSE (RFC 7515, 7517, 7518, 8037), with node:crypto alone. This file verifies nothing.

/** @import { KeyObject } from "node:crypto" */

import { constants, createHmac, generateKeyPairSync, sign } from "node:crypto";

/** @typedef {"RS256" | "PS256" | "ES256" | "EdDSA"} Algorithm One that the broker verifies. */

/** @typedef {Record<string, unknown> & { kid?: string }} Jwk */

/** @typedef {{ privateKey: KeyObject, publicKey: KeyObject }} Pair As node:crypto makes it. */

/** @typedef {Pair & { alg: string, jwk: Jwk }} KeyPair */

/** @typedef {{ alg: string, secret: string | Buffer, jwk: Jwk }} SecretKey */

/** @type {Record<Algorithm, () => Pair>} */
const PAIRS = {
  RS256: () => generateKeyPairSync("rsa", { modulusLength: 2048 }),
  PS256: () => generateKeyPairSync("rsa", { modulusLength: 2048 }),
  ES256: () => generateKeyPairSync("ec", { namedCurve: "P-256" }),
  EdDSA: () => generateKeyPairSync("ed25519"),
};

/** The algorithms that the broker verifies. */
export const ALGORITHMS = /** @type {Algorithm[]} */ (Object.keys(PAIRS));

let serial = 0;

/**
 * A key pair for `alg`; the JWK is the public half. `pair` may be of another kind, and `jwk` adds members, `undefined`
 * removing one.
 * @param {Algorithm} alg
 * @param {{ pair?: Pair, jwk?: Jwk }} options
 * @returns {KeyPair}
 */
export function newKey(alg, { pair = PAIRS[alg](), jwk = {} } = {}) {
  const { privateKey, publicKey } = pair;
  serial += 1;
  const described = { ...publicKey.export({ format: "jwk" }), kid: `key-${serial}`, alg, use: "sig", ...jwk };
  return { alg, privateKey, publicKey, jwk: described };
}

/**
 * An HMAC key of that secret. The broker must not take a public key for one.
 * @param {string | Buffer} secret
 * @param {string} [kid]
 * @returns {SecretKey}
 */
export const secretKey = (secret, kid) => ({ alg: "HS256", secret, jwk: { kid } });

/**
 * The signature by `key` over `signed`, in the form of its algorithm.
 * @param {string} signed
 * @param {KeyPair | SecretKey} key
 */
export function signatureOf(signed, key) {
  const data = Buffer.from(signed);
  if ("secret" in key) return createHmac("sha256", key.secret).update(data).digest();
  const { alg, privateKey } = key;
  switch (alg) {
    case "RS256":
      return sign("sha256", data, privateKey);
    case "PS256":
      return sign("sha256", data, { key: privateKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 });
    case "ES256":
      return sign("sha256", data, { key: privateKey, dsaEncoding: "ieee-p1363" });
    default:
      return sign(null, data, privateKey);
  }
}

/**
 * The base64url of bytes, of text, or of the JSON of any other value.
 * @param {unknown} content
 */
export function base64url(content) {
  if (Buffer.isBuffer(content)) return content.toString("base64url");
  return Buffer.from(typeof content === "string" ? content : JSON.stringify(content)).toString("base64url");
}

/**
 * A JWT with another signature.
 * @param {string} jwt
 * @param {unknown} signature
 */
export const withSignature = (jwt, signature) => `${jwt.slice(0, jwt.lastIndexOf("."))}.${base64url(signature)}`;

/**
 * The bytes of a JWT's signature.
 * @param {string} jwt
 */
export const signatureIn = (jwt) => Buffer.from(jwt.slice(jwt.lastIndexOf(".") + 1), "base64url");
