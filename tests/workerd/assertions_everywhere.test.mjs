// A client assertion is good once in the whole network: two isolates with the same coordinators.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { assertToken, assertTokenError } from "./harness/expect.mjs";
import { GRAPH } from "./harness/fixtures.mjs";
import { TWO_ISOLATES, coordinatorWith } from "./harness/fronts.mjs";
import { AUDIENCE, Issuer } from "./harness/issuer.mjs";
import { newKey } from "./harness/jose.mjs";
import { openWorld, withWorld } from "./harness/world.mjs";

const allow = [{ credential: "default", scope: GRAPH }];

let issuer;
let options;
let world;
before(async () => {
  issuer = await Issuer.start(newKey("ES256"));
  const trust = (id) => ({ jwt: [{ issuer: id, audience: AUDIENCE, jwks_uri: issuer.jwksUri }], allow });
  options = { bindings: { CLIENTS: { cron: trust("cron"), other: trust("other") } }, front: TWO_ISOLATES };
  world = await openWorld(options);
});
after(async () => {
  await world?.close();
  await issuer?.close();
});

const assertion = (id = "cron", more = {}) => issuer.sign({ iss: id, sub: id, ...more });

const post = (client_assertion, isolate, own = world) =>
  own.fetch("/oauth2/v2.0/token", {
    method: "POST",
    headers: { isolate },
    body: new URLSearchParams({
      grant_type: "client_credentials",
      scope: GRAPH,
      client_assertion,
      client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    }),
  });

test("an assertion that was used in one isolate is refused in another", async () => {
  const used = assertion();
  assertToken(await post(used, "BROKER"));
  const replayed = await post(used, "OTHER");
  assertTokenError(replayed, 401, "invalid_client");
  assert.equal((await world.logOf(replayed)).outcome, "jwt_replayed");
  assertToken(await post(assertion(), "OTHER"));
});

test("of an assertion that comes to both at once one is good", async () => {
  const one = assertion();
  const replies = await Promise.all([post(one, "BROKER"), post(one, "OTHER"), post(one, "BROKER"), post(one, "OTHER")]);
  assert.deepEqual(replies.map(({ status }) => status).sort(), [200, 401, 401, 401]);
});

test("the same jti of another client is another assertion", async () => {
  assertToken(await post(assertion("cron", { jti: "same" }), "BROKER"));
  assertToken(await post(assertion("other", { jti: "same" }), "OTHER"));
});

test("where the coordinator fails an assertion is good once in each isolate, and the log says so", () =>
  withWorld(
    { ...options, coordinator: { source: coordinatorWith(`async fetch() { throw new Error("told to fail"); }`) } },
    async (own) => {
      const used = assertion();
      const reply = await post(used, "BROKER", own);
      assertToken(reply);
      assert.equal((await own.logOf(reply)).coordinator, "failed");
      assertTokenError(await post(used, "BROKER", own), 401, "invalid_client");
    },
  ));
