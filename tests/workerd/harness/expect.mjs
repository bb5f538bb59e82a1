// Checks that hold for every reply of a kind.

/** @import { Reply } from "./broker.mjs" */

import assert from "node:assert/strict";

/** The characters of an `error_description` (RFC 6749 §5.2). */
const DESCRIPTION = /^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/;

/**
 * Checks every response.
 * @param {{ headers: Headers }} reply
 */
export function assertCommonHeaders({ headers }) {
  assert.match(headers.get("content-type") ?? "", /^application\/json(;|$)/);
  assert.equal(headers.get("cache-control"), "no-store");
  assert.equal(headers.get("x-content-type-options"), "nosniff");
  assert.equal(headers.get("referrer-policy"), "no-referrer");
  assert.match(headers.get("x-request-id") ?? "", /^[\x21-\x7e]{1,64}$/);
  assert.equal(headers.get("access-control-allow-origin"), null);
}

/**
 * A successful token response (RFC 6749 §5.1); returns its access token.
 * @param {Reply} reply
 */
export function assertToken(reply) {
  assert.equal(reply.status, 200, reply.text);
  assertCommonHeaders(reply);
  assert.equal(reply.headers.get("pragma"), "no-cache");
  const { token_type, expires_in, access_token, ext_expires_in, scope = "none", ...rest } = reply.body;
  assert.equal(token_type, "Bearer");
  assert.ok(Number.isInteger(expires_in), `expires_in is ${expires_in}`);
  assert.ok(ext_expires_in === undefined || Number.isInteger(ext_expires_in), `ext_expires_in is ${ext_expires_in}`);
  assert.match(scope, /^[\x21\x23-\x5b\x5d-\x7e]+(?: [\x21\x23-\x5b\x5d-\x7e]+)*$/);
  assert.deepEqual(rest, {});
  assert.ok(access_token);
  return access_token;
}

/**
 * An error response (RFC 6749 §5.2).
 * @param {Reply} reply
 * @param {number} status
 * @param {string} error
 */
export function assertError(reply, status, error) {
  assert.deepEqual({ status: reply.status, error: reply.body.error }, { status, error }, reply.text);
  assertCommonHeaders(reply);
  if (status === 401) assert.match(reply.headers.get("www-authenticate") ?? "", /^(Basic|Bearer) realm="[^"]+"/);
  if (status === 405) assert.ok(reply.headers.get("allow"));
  assert.match(reply.body.error_description ?? "", DESCRIPTION);
  assert.equal(reply.body.access_token, undefined);
}

/**
 * An error of the token routes.
 * @param {Reply} reply
 * @param {number} status
 * @param {string} error
 */
export function assertTokenError(reply, status, error) {
  assertError(reply, status, error);
  assert.equal(reply.headers.get("pragma"), "no-cache");
}

/**
 * `temporarily_unavailable` with `Retry-After`; returns its seconds.
 * @param {Reply} reply
 */
export function assertUnavailable(reply) {
  assertTokenError(reply, 503, "temporarily_unavailable");
  const seconds = reply.headers.get("retry-after") ?? "";
  assert.match(seconds, /^\d{1,4}$/);
  assert.ok(Number(seconds) >= 1 && Number(seconds) <= 3600);
  return Number(seconds);
}

/**
 * RFC 9211: `edge-token-broker; hit; ttl=3242; detail=kv` → `{ hit: true, ttl: "3242", detail: "kv" }`.
 * @param {Reply} reply
 * @returns {Record<string, string | true>}
 */
export function cacheStatus(reply) {
  const [cache, ...params] = (reply.headers.get("cache-status") ?? "").split("; ");
  assert.equal(cache, "edge-token-broker");
  return Object.fromEntries(params.map((param) => param.split("=")).map(([name, value]) => [name, value ?? true]));
}

/**
 * Asserts that a token came from upstream.
 * @param {Reply} reply
 */
export function assertMiss(reply) {
  assert.equal(cacheStatus(reply).fwd, "miss");
}

/**
 * Asserts that a token came from the named tier of the cache.
 * @param {Reply} reply
 * @param {string} tier
 */
export function assertHit(reply, tier) {
  const { hit, ttl, detail } = cacheStatus(reply);
  assert.deepEqual({ hit, detail }, { hit: true, detail: tier });
  assert.equal(ttl, String(reply.body.expires_in));
}
