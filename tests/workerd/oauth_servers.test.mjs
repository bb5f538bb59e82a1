// Tokens of other authorization servers, each in the way that it wants.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { credentialBindings, kindsAt, register } from "./harness/credentials.mjs";
import { REPORTS } from "./harness/fixtures.mjs";
import { openWorld } from "./harness/world.mjs";

const NAMES = [
  ...["auth0", "basic", "cognito", "keycloak", "okta", "okta-custom", "paypal", "resource"],
  ...["salesforce", "salesforce-secret", "twitch", "zitadel", "zoom"],
];

let world;
before(async () => {
  world = await openWorld();
  const kinds = kindsAt(world.authority.url, NAMES);
  const { bindings, grants } = credentialBindings(kinds);
  register(world.authority, world.broker.url, kinds);
  const CLIENTS = { reports: { key_sha256: [REPORTS.digest], allow: grants } };
  await world.restart({ ...bindings, CLIENTS });
});
after(() => world?.close());

const ask = (name) => world.fetch(`/token?credential=${name}`, { headers: { Authorization: `Bearer ${REPORTS.key}` } });

for (const name of NAMES) {
  test(`a token of ${name}`, async () => {
    const reply = await ask(name);
    assert.equal(reply.status, 200, reply.text);
    assert.equal(reply.body.token_type, "Bearer");
    const { instance_url } = /** @type {Record<string, unknown>} */ (reply.body);
    assert.equal(typeof instance_url, name.startsWith("salesforce") ? "string" : "undefined");
    const line = await world.logOf(reply);
    assert.deepEqual([line.outcome, line.credential, line.upstream_requests], ["miss", name, 1]);
    assert.equal((await ask(name)).body.access_token, reply.body.access_token, "from memory");
  });
}
