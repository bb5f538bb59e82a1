// The exchange that people have in their notes: a request to Entra with only host, client id and secret changed, and
// the two answers that Entra once gave to it (fixtures/).

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";

import { assertMiss, assertToken, assertTokenError } from "./harness/expect.mjs";
import { DEFAULT_APP, GRAPH, REFUSED_SCOPE, REPORTS } from "./harness/fixtures.mjs";
import { openWorld } from "./harness/world.mjs";

const fixture = async (name) => JSON.parse(await readFile(new URL(`fixtures/${name}`, import.meta.url), "utf8"));

let world;
before(async () => (world = await openWorld()));
after(() => world?.close());

const request = (scope) =>
  world.fetch(`/${DEFAULT_APP.tenant}/oauth2/v2.0/token`, {
    method: "POST",
    headers: { "Content-Type": "application/x-www-form-urlencoded" },
    body: new URLSearchParams({
      client_id: REPORTS.id,
      client_secret: REPORTS.key,
      scope,
      grant_type: "client_credentials",
    }),
  });

test("the documented request returns the documented token", async () => {
  const documented = await fixture("entra_token_response.json");
  world.authority.next({ reply: { status: 200, body: documented } });

  const reply = await request(GRAPH);

  assert.equal(assertToken(reply), documented.access_token);
  assert.ok(reply.body.expires_in <= 3599 && reply.body.expires_in > 3590);
  assert.equal(reply.body.ext_expires_in, reply.body.expires_in);
  assertMiss(reply);
});

test("the documented invalid_scope error reaches the caller with its AADSTS number and ids", async () => {
  const documented = await fixture("entra_invalid_scope.json");
  world.authority.next({ reply: { status: 400, body: documented } });

  const reply = await request(REFUSED_SCOPE);

  assertTokenError(reply, 400, "invalid_scope");
  const { error_description, error_codes, timestamp, trace_id, correlation_id } = reply.body;
  assert.match(
    error_description,
    /AADSTS1002012: The provided value for scope https:\/\/graph\.microsoft\.com\/\.defaultd is not valid\./,
  );
  assert.deepEqual(error_codes, documented.error_codes);
  assert.equal(timestamp, documented.timestamp);
  assert.equal(trace_id, documented.trace_id);
  assert.equal(correlation_id, documented.correlation_id);
});
