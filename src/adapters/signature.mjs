// Signs JWTs, and verifies their signatures, by WebCrypto. RFC 7518 §3.1 and RFC 8037 §3.1 define the algorithms.

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

/**
 * Imports a private key, PKCS#8 or the text of a JWK, so that it can sign and nobody can read it. PKCS#8 is wiped.
 *
 * @param {string} algorithm
 * @param {Uint8Array | string} material
 */
export async function importKey(algorithm, material) {
  const parameters = ALGORITHMS[algorithm];
  if (typeof material === "string") {
    const { key_ops, ext, use, alg, ...jwk } = JSON.parse(material);
    return crypto.subtle.importKey("jwk", jwk, parameters, false, ["sign"]);
  }
  try {
    return await crypto.subtle.importKey("pkcs8", material, parameters, false, ["sign"]);
  } finally {
    material.fill(0);
  }
}

/**
 * The signature of an imported key.
 *
 * @param {string} algorithm
 * @param {CryptoKey} key
 * @param {Uint8Array} input
 */
export async function sign(algorithm, key, input) {
  return new Uint8Array(await crypto.subtle.sign(ALGORITHMS[algorithm], key, input));
}
