// `client_secret_basic`.

/**
 * RFC 6749 §2.3.1: both halves form-urlencoded, then base64.
 * @param {string} id
 * @param {string} secret
 */
export function basic(id, secret, scheme = "Basic") {
  /** @param {string} text */
  const encode = (text) => new URLSearchParams([["", text]]).toString().slice(1);
  return `${scheme} ${Buffer.from(`${encode(id)}:${encode(secret)}`).toString("base64")}`;
}
