// `POST /revoke`, and its answer.

import assert from "node:assert/strict";

import { assertCommonHeaders } from "./expect.mjs";
import { REPORTS } from "./fixtures.mjs";
import { basic } from "./world.mjs";

/** `POST /revoke` with `client_secret_basic`. */
export const revoke = (world, token, { client = REPORTS, params = {}, headers = {} } = {}) => {
  const form = Object.entries({ token, ...params }).filter(([, value]) => value !== undefined);
  const authorization = { Authorization: basic(client.id, client.key) };
  return world.fetch("/revoke", {
    method: "POST",
    headers: { ...authorization, ...headers },
    body: new URLSearchParams(form),
  });
};

/** The log says what became of the token, and the reply does not. */
export async function assertDone(world, reply, outcome) {
  assert.deepEqual([reply.status, reply.body], [200, {}], reply.text);
  assertCommonHeaders(reply);
  assert.equal(reply.headers.get("pragma"), "no-cache");
  const line = await world.logOf(reply);
  assert.deepEqual([line.route, line.outcome, line.level], ["revoke", outcome, "info"]);
  return line;
}
