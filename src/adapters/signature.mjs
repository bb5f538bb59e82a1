// Verifies signatures of JWTs by WebCrypto. RFC 7518 §3.1 and RFC 8037 §3.1 define the algorithms.

/** @type {Record<string, { name: string, hash?: string, saltLength?: number, namedCurve?: string }>} */
const ALGORITHMS = {
  RS256: { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" },
  PS256: { name: "RSA-PSS", hash: "SHA-256", saltLength: 32 },
  ES256: { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" },
  EdDSA: { name: "Ed25519" },
};

/**
 * Whether `signature` is one of `key`, a JWK, over `signed`. A key that cannot be used signed nothing.
 *
 * @param {string} algorithm
 * @param {JsonWebKey} key
 * @param {Uint8Array} signed
 * @param {Uint8Array} signature
 */
export async function verify(algorithm, key, signed, signature) {
  try {
    const parameters = ALGORITHMS[algorithm];
    const imported = await crypto.subtle.importKey("jwk", key, parameters, false, ["verify"]);
    return await crypto.subtle.verify(parameters, imported, signature, signed);
  } catch {
    return false;
  }
}
