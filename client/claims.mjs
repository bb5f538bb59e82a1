// The parameter `claims` of a token request (OpenID Connect Core §5.5): what a challenge demands, and the client capability.

const CAPABILITY = { xms_cc: { values: ["CP1"] } };

/**
 * @param {{ claims?: string | undefined, enableCae?: boolean | undefined }} options
 * @returns {string | undefined}
 */
export function requestedClaims({ claims, enableCae = false }) {
  const text = claims ? asJson(claims) : undefined;
  if (!enableCae) return text;
  const demanded = text === undefined ? {} : parsed(text);
  // The broker says what is wrong with such claims.
  if (!demanded) return text;
  const { access_token: token = {} } = demanded;
  return JSON.stringify({ ...demanded, access_token: { .../** @type {object} */ (token), ...CAPABILITY } });
}

/**
 * The JSON of claims that are JSON, or base64 of it in either alphabet. Other text stays as it is.
 * @param {string} claims
 */
export function asJson(claims) {
  if (parsed(claims)) return claims;
  const text = decoded(claims);
  return text !== undefined && parsed(text) ? text : claims;
}

/** @param {string} base64 */
function decoded(base64) {
  try {
    const bytes = atob(base64.replace(/-/g, "+").replace(/_/g, "/").replace(/=+$/, ""));
    return new TextDecoder("utf-8", { fatal: true }).decode(Uint8Array.from(bytes, (char) => char.charCodeAt(0)));
  } catch {
    return undefined;
  }
}

/**
 * @param {string} text
 * @returns {Record<string, unknown> | undefined}
 */
function parsed(text) {
  try {
    const value = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
