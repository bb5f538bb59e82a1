// What the broker answered: a token, or why there is none. Neither a key nor a token gets into an error.

import { BrokerError } from "./error.mjs";
import { TEXT_MAX_CHARS } from "./limits.mjs";
import { retryAfterOf } from "./retry.mjs";

/** @typedef {Record<string, unknown> | undefined} Body The JSON of an answer. */

/** @typedef {{ token: string, expiresIn: number }} Answer `expiresIn`: the seconds that are left. */

/** RFC 6749 §5.2. */
const CODE = /^[a-z][a-z0-9_]{0,63}$/;
const REQUEST_ID = /^[\x21-\x7e]{1,64}$/;

/** @type {Record<string, string>} What to do where the broker's own words do not say it. */
const ADVICE = {
  invalid_token:
    "Check the option key: it is the client key that the operator of this broker gave you, or a JWT that the client lists",
  insufficient_scope:
    "Check scope and credential, or have the operator of the broker add the grant to allow of this client",
  not_found: "Check the option endpoint: it is the URL of the broker, with its base path if it has one",
};

/**
 * The token of a good answer of `GET /token`.
 * @param {Response} response
 * @param {string[]} secrets
 * @returns {Promise<Answer>}
 */
export async function tokenOf(response, secrets) {
  const body = await goodBody(response, secrets);
  const { access_token: token, expires_in: left, token_type: type = "Bearer" } = body ?? {};
  const expiresIn = typeof left === "string" && left !== "" ? Number(left) : left;
  const isToken = typeof token === "string" && /^[\x21-\x7e]+$/.test(token) && /^bearer$/i.test(String(type));
  if (!isToken || typeof expiresIn !== "number" || !(expiresIn >= 0) || expiresIn === Number.POSITIVE_INFINITY)
    throw notTheBroker(response, "has no bearer token with expires_in");
  return { token, expiresIn };
}

/**
 * @param {Response} response
 * @param {string[]} secrets
 * @returns {Promise<Body>}
 * @throws {BrokerError} if the answer is not good.
 */
export async function goodBody(response, secrets) {
  const body = parsed(await response.text());
  if (response.status === 200 && body) return body;
  throw refusal(response, body, secrets);
}

/**
 * @param {Response} response
 * @param {Body} body
 * @param {string[]} secrets
 */
function refusal(response, body, secrets) {
  const { error: code, error_description: description, error_codes: numbers } = body ?? {};
  if (typeof code !== "string" || !CODE.test(code) || typeof description !== "string")
    return notTheBroker(response, body ? "is JSON of another form" : "is no JSON");
  const id = response.headers.get("x-request-id") ?? "";
  const requestId = REQUEST_ID.test(id) ? clean(id, secrets) : undefined;
  const sentences = [clean(description, secrets), ADVICE[code]].filter(Boolean).map((text) => text?.replace(/\.$/, ""));
  const errorCodes = Array.isArray(numbers) ? numbers.filter((number) => Number.isSafeInteger(number)) : undefined;
  return new BrokerError({
    name: code,
    message: sentences.join(". ") + (requestId ? ` (request id ${requestId})` : ""),
    status: response.status,
    retryAfter: retryAfterOf(response.headers),
    requestId,
    errorCodes,
  });
}

/**
 * @param {Response} response
 * @param {string} what
 */
function notTheBroker({ status, headers }, what) {
  // A browser does not show where a redirect leads, nor its status.
  const isRedirect = status === 0 || (status >= 300 && status < 400);
  const fault = isRedirect ? "is a redirect, which is not followed because the key would go along" : what;
  return new BrokerError({
    name: "not_the_broker",
    message: `the answer of the endpoint ${fault} (status ${status}). ${ADVICE["not_found"]}`,
    status,
    retryAfter: retryAfterOf(headers),
  });
}

/**
 * Text of an answer, fit for a terminal and a log.
 * @param {string} text
 * @param {string[]} secrets
 */
export const clean = (text, secrets) =>
  secrets
    .reduce((shown, secret) => shown.replaceAll(secret, "…"), text)
    .replace(/\p{Cc}+/gu, " ")
    .slice(0, TEXT_MAX_CHARS);

/**
 * @param {string} text
 * @returns {Body}
 */
function parsed(text) {
  try {
    const value = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
