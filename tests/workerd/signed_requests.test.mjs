// Tokens of servers that know the broker by a signed JWT alone: Google's service accounts, GitHub's apps.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { credentialBindings, kindsAt, register } from "./harness/credentials.mjs";
import { REPORTS } from "./harness/fixtures.mjs";
import { openWorld } from "./harness/world.mjs";

const NAMES = ["github", "google"];

let world;
let bindings;
let CLIENTS;
before(async () => {
  world = await openWorld();
  const kinds = kindsAt(world.authority.url, NAMES);
  const all = credentialBindings(kinds);
  bindings = all.bindings;
  register(world.authority, world.broker.url, kinds);
  CLIENTS = { reports: { key_sha256: [REPORTS.digest], allow: all.grants } };
  await world.restart({ ...bindings, CLIENTS });
});
after(() => world?.close());

const ask = (name) => world.fetch(`/token?credential=${name}`, { headers: { Authorization: `Bearer ${REPORTS.key}` } });

for (const [name, form] of [
  ["github", /^ghs_/],
  ["google", /^ya29\./],
]) {
  test(`a token of ${name}`, async () => {
    const reply = await ask(name);
    assert.equal(reply.status, 200, reply.text);
    assert.match(reply.body.access_token, form);
    assert.ok(reply.body.expires_in > 3500 && reply.body.expires_in <= 3600, reply.text);
    const line = await world.logOf(reply);
    assert.deepEqual([line.outcome, line.credential, line.upstream_requests], ["miss", name, 1]);
    assert.equal((await ask(name)).body.access_token, reply.body.access_token, "from memory");
  });
}

test("a key of something else is refused in the server's words", async () => {
  const file = JSON.parse(bindings.GOOGLE_KEY);
  const [GITHUB_KEY, googlesKey] = [file.private_key, bindings.GITHUB_KEY];
  const GOOGLE_KEY = JSON.stringify({ ...file, private_key: googlesKey });
  await world.restart({ ...bindings, CLIENTS, GITHUB_KEY, GOOGLE_KEY });
  for (const [name, words] of [
    ["github", "GitHub says: A JSON web token could not be decoded; check that the private key"],
    ["google", "Google says: Invalid JWT Signature; check that the service account"],
  ]) {
    const reply = await ask(name);
    assert.equal(reply.status, 502, reply.text);
    assert.ok(reply.body.error_description.includes(words), reply.text);
  }
});
