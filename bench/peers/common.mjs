// What the peers share: the caller's request id, and the broker's log line.

/**
 * @typedef {object} Env
 * @property {string} CLIENT_ID
 * @property {string} CLIENT_KEY
 * @property {string} SCOPE
 * @property {string} LOG_HITS
 * @property {string} AZ_AUTHORITY_HOST
 * @property {string} AZ_TENANT
 * @property {string} AZ_CLIENT_ID
 * @property {string} AZ_CLIENT_SECRET
 * @property {KVNamespace} TOKENS
 */

/** @typedef {{ credential: string, scope: string }} Grant */

/**
 * @typedef {object} Exchange One request on its way to its answer.
 * @property {Request} request
 * @property {string} id
 * @property {string} route
 * @property {{ id: string }} [client]
 * @property {Grant} [grant]
 */

const SANE_ID = /^[\x21-\x7e]{1,64}$/;

/** @param {Headers} headers */
export function requestId(headers) {
  const id = headers.get("client-request-id") ?? headers.get("x-request-id");
  return id !== null && SANE_ID.test(id) ? id : crypto.randomUUID();
}

/**
 * The broker's log line for such a request, field by field.
 * @param {boolean} enabled
 * @param {Exchange} exchange
 * @param {number} status
 * @param {string} outcome
 * @param {string} [tier]
 */
export function logLine(enabled, { id, request, route, client, grant }, status, outcome, tier) {
  if (!enabled) return;
  const line = {
    level: status < 400 ? "info" : "warn",
    request_id: id,
    method: request.method,
    route,
    status,
    outcome,
    client_id: client?.id,
    proof: client && "key_sha256",
    address: request.headers.get("cf-connecting-ip") ?? undefined,
    credential: grant?.credential,
    scope: grant?.scope,
    tier,
  };
  console.log(JSON.stringify(line));
}
