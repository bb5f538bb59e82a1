// Keys and signatures as JOSE has them (RFC 7515, 7517, 7518, 8037), with node:crypto alone. Nothing is verified here.

import { constants, createHmac, generateKeyPairSync, sign } from "node:crypto";

const KINDS = {
  RS256: ["rsa", { modulusLength: 2048 }],
  PS256: ["rsa", { modulusLength: 2048 }],
  ES256: ["ec", { namedCurve: "P-256" }],
  EdDSA: ["ed25519", {}],
};

/** The algorithms that the broker verifies. */
export const ALGORITHMS = Object.keys(KINDS);

let serial = 0;

/**
 * A key pair for `alg`: `{ alg, privateKey, publicKey, jwk }`, the JWK being the public half. `parameters` are those of
 * node:crypto, and `jwk` adds members, `undefined` removing one.
 */
export function newKey(alg, { kind = KINDS[alg][0], parameters = KINDS[alg][1], jwk = {} } = {}) {
  const { privateKey, publicKey } = generateKeyPairSync(kind, parameters);
  serial += 1;
  const described = { ...publicKey.export({ format: "jwk" }), kid: `key-${serial}`, alg, use: "sig", ...jwk };
  return { alg, privateKey, publicKey, jwk: described };
}

/** A key of that secret, for HMAC: what no public key may be taken for. */
export const secretKey = (secret, kid) => ({ alg: "HS256", secret, jwk: { kid } });

/** The signature of `key` over `signed`, in the form of its algorithm. */
export function signatureOf(signed, { alg, privateKey, secret }) {
  const data = Buffer.from(signed);
  switch (alg) {
    case "HS256":
      return createHmac("sha256", secret).update(data).digest();
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

/** Of bytes, of text, or of the JSON of anything else. */
export function base64url(content) {
  if (Buffer.isBuffer(content)) return content.toString("base64url");
  return Buffer.from(typeof content === "string" ? content : JSON.stringify(content)).toString("base64url");
}

/** A JWT with another signature. */
export const withSignature = (jwt, signature) => `${jwt.slice(0, jwt.lastIndexOf("."))}.${base64url(signature)}`;

/** The bytes of a JWT's signature. */
export const signatureIn = (jwt) => Buffer.from(jwt.slice(jwt.lastIndexOf(".") + 1), "base64url");
