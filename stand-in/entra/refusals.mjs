// Entra's errors: their numbers and words. Microsoft's own wording, as far as it is known.

import { randomUUID } from "node:crypto";

/** @typedef {[number, string, (detail: string) => string]} Words */

const FEDERATION = "https://learn.microsoft.com/entra/workload-id/workload-identity-federation";
const CERTIFICATES =
  "https://docs.microsoft.com/azure/active-directory/develop/active-directory-certificate-credentials";

/** @type {(words: Words[2]) => Words} */
const unauthorized = (words) => [401, "invalid_client", words];

/** @type {() => Words} */
const external = () => [400, "invalid_request", () => "Request to External OIDC endpoint failed."];

/** @type {(claim: string, why?: string) => Words} */
const noRecord = (claim, why = "") =>
  unauthorized(
    (value) =>
      `No matching federated identity record found for presented assertion ${claim} '${value}'.${why} Check your federated identity credential Subject, Audience and Issuer against the presented assertion. ${FEDERATION}`,
  );

/**
 * Refusals of a client credentials request: AADSTS number → status, `error` (RFC 6749 §5.2), words.
 * @type {Record<number, Words>}
 */
const REFUSALS = {
  50013: unauthorized(() => "Assertion is not valid: it was presented before."),
  50027: unauthorized((why) => `JWT token is invalid or malformed.${why && ` ${why}`}`),
  50166: external(),
  501661: external(),
  70021: [
    400,
    "invalid_request",
    (presented) => `No matching federated identity record found for presented assertion. ${presented} ${FEDERATION}`,
  ],
  700021: unauthorized(
    () =>
      `Client assertion application identifier doesn't match 'client_id' parameter. Review the documentation at ${CERTIFICATES} .`,
  ),
  700023: unauthorized(
    () => `Client assertion audience claim does not match Realm issuer. Review the documentation at ${CERTIFICATES} .`,
  ),
  700024: unauthorized(
    (times) =>
      `Client assertion is not within its valid time range. ${times}. Review the documentation at ${CERTIFICATES} .`,
  ),
  700027: unauthorized((why) => why || "Client assertion failed signature validation."),
  700211: noRecord("issuer"),
  700212: noRecord("audience"),
  700213: noRecord("subject"),
  7002138: noRecord(
    "subject",
    " The subject matches with case-insensitive comparison, but not with case-sensitive comparison.",
  ),
  7000272: unauthorized(
    (key) =>
      `The certificate with identifier ${key} used to sign the federated credential could not be found in the metadata of identity provider. Please validate that your Identity Provider's metadata exposes the key used to sign the incoming token.`,
  ),
  7000214: unauthorized(() => "The certificate used to sign the client assertion has been revoked."),
  7000274: unauthorized(() => "The certificate used to sign the client assertion is not valid."),
  7000277: unauthorized(() => "The certificate used to sign the client assertion is not yet valid."),
  1000502: unauthorized(() => "The provided certificate is not within its specified validity period."),
  700222: unauthorized(() => "AAD-issued tokens may not be used for federated identity flows."),
  90061: external(),
  70003: [400, "unsupported_grant_type", (type) => `The app requested an unsupported grant type '${type}'.`],
  90002: [
    400,
    "invalid_request",
    (tenant) =>
      `Tenant '${tenant}' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud.`,
  ],
  700016: [
    400,
    "unauthorized_client",
    (app) =>
      `Application with identifier '${app}' was not found in the directory 'stand-in'. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant.`,
  ],
  900144: [400, "invalid_request", (name) => `The request body must contain the following parameter: '${name}'.`],
  900561: [
    400,
    "invalid_request",
    (method) => `The endpoint only accepts POST requests. Received a ${method} request.`,
  ],
  1002012: [
    400,
    "invalid_scope",
    (scope) =>
      `The provided value for scope ${scope} is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier (application ID URI).`,
  ],
  7000215: [
    401,
    "invalid_client",
    (app) =>
      `Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '${app}'.`,
  ],
  7000218: [
    401,
    "invalid_client",
    () => "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
  ],
  7000222: [
    401,
    "invalid_client",
    (app) =>
      `The provided client secret keys for app '${app}' are expired. Create new keys for your app, or consider using certificate credentials for added security.`,
  ],
};

/**
 * An error response in Entra's words.
 * @param {number} code
 * @param {string} detail
 * @param {string} correlationId
 */
export function refusal(code, detail, correlationId) {
  const known = REFUSALS[code];
  if (!known) throw new TypeError(`no refusal has the number ${code}`);
  const [status, error, words] = known;
  const traceId = randomUUID();
  const timestamp = new Date()
    .toISOString()
    .replace("T", " ")
    .replace(/\.\d+Z$/, "Z");
  const description = `AADSTS${code}: ${words(detail)}\r\nTrace ID: ${traceId}\r\nCorrelation ID: ${correlationId}\r\nTimestamp: ${timestamp}`;
  const body = {
    error,
    error_description: description,
    error_codes: [code],
    timestamp,
    trace_id: traceId,
    correlation_id: correlationId,
  };
  return { status, body: JSON.stringify(body) };
}
