// `POST /revoke`, and its answer.

import assert from "node:assert/strict";

import { assertCommonHeaders } from "./expect.mjs";
import { REPORTS } from "./fixtures.mjs";
import { basic, openWorld } from "./world.mjs";

/** @typedef {Awaited<ReturnType<typeof openWorld>>} World */

/**
 * `POST /revoke` with `client_secret_basic`.
 *
 * @param {World} world
 * @param {string | undefined} token
 * @param {{ client?: { id: string, key: string }, params?: Record<string, string | undefined>, headers?: Record<string, string> }} [options]
 */
export const revoke = (world, token, { client = REPORTS, params = {}, headers = {} } = {}) => {
  /** @type {[string, string][]} */
  const form = [];
  for (const [name, value] of Object.entries({ token, ...params })) if (value !== undefined) form.push([name, value]);
  const authorization = { Authorization: basic(client.id, client.key) };
  return world.fetch("/revoke", {
    method: "POST",
    headers: { ...authorization, ...headers },
    body: new URLSearchParams(form),
  });
};

/**
 * The answer does not say what became of the token; the log does.
 *
 * @param {World} world
 * @param {Awaited<ReturnType<World["fetch"]>>} reply
 * @param {string} outcome
 */
export async function assertDone(world, reply, outcome) {
  assert.deepEqual([reply.status, reply.body], [200, {}], reply.text);
  assertCommonHeaders(reply);
  assert.equal(reply.headers.get("pragma"), "no-cache");
  const line = await world.logOf(reply);
  assert.deepEqual([line.route, line.outcome, line.level], ["revoke", outcome, "info"]);
  return line;
}
