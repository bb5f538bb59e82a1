// The key by which the broker signs as its own OpenID provider, and its name.

import { createHash, createPublicKey, generateKeyPairSync } from "node:crypto";

/** A new private key, PKCS#8 in PEM, and its name. */
export function newIssuerKey() {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const pem = String(privateKey.export({ type: "pkcs8", format: "pem" }));
  return { pem, kid: thumbprint(pem) };
}

/**
 * The `kid` that the broker gives the key: its thumbprint (RFC 7638), for which order and form count.
 * @param {string} pem
 */
export function thumbprint(pem) {
  const { e, n } = createPublicKey(pem).export({ format: "jwk" });
  const members = JSON.stringify({ e, kty: "RSA", n });
  return createHash("sha256").update(members).digest("base64url");
}
