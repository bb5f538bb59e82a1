// `claims`, `resource` and `scope` of a token request, and what the answer says: the wiring of what the host tests prove.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { assertToken, assertTokenError } from "./harness/expect.mjs";
import { AUDIT, GRAPH, REPORTS, SINGLE } from "./harness/fixtures.mjs";
import { until } from "./harness/until.mjs";
import { openWorld, withWorld } from "./harness/world.mjs";

const NBF = '{"access_token":{"nbf":{"essential":true,"value":"1700000000"}}}';
const CP1 = '{"access_token":{"xms_cc":{"values":["CP1"]}}}';

let world;
before(async () => (world = await openWorld()));
after(() => world?.close());

const claimsOf = (own, scope) => own.upstreamFor(scope).map(({ params }) => params.claims);

for (const [route, ask] of [
  ["GET /token", (own, scope, claims) => own.getToken({ scope, query: claims && { claims } })],
  ["the token endpoint", (own, scope, claims) => own.postToken({ scope, params: claims && { claims } })],
]) {
  for (const [how, options] of [
    ["with coordinators", {}],
    ["without coordinators", { coordinator: false }],
  ]) {
    test(`a challenge at ${route} renews the token in hand with the claims, ${how}`, () =>
      withWorld(options, async (own) => {
        const scope = own.newScope();
        const old = assertToken(await ask(own, scope));
        const renewed = assertToken(await ask(own, scope, NBF));
        assert.notEqual(renewed, old);
        assert.equal(assertToken(await ask(own, scope, NBF)), renewed, "not yet again");
        assert.equal(assertToken(await ask(own, scope)), renewed);
        assert.deepEqual(claimsOf(own, scope), [undefined, NBF]);
        const cold = own.newScope();
        assertToken(await ask(own, cold, NBF));
        assert.deepEqual(claimsOf(own, cold), [NBF]);
      }));
  }
}

test("with cae the capability is a token of its own, also after a restart, and in nobody else's", () => {
  const entry = ({ digest }, cae) => ({
    key_sha256: [digest],
    allow: [{ credential: "default", scope: GRAPH, ...cae }],
  });
  const bindings = { CLIENTS: { [REPORTS.id]: entry(REPORTS, { cae: true }), [AUDIT.id]: entry(AUDIT, {}) } };
  return withWorld({ bindings }, async (own) => {
    const ask = (client, params) => own.postToken({ client, scope: GRAPH, params });
    const plain = assertToken(await ask(AUDIT, { claims: CP1 }));
    const capable = assertToken(await ask(REPORTS, { claims: CP1 }));
    assert.notEqual(capable, plain);
    assert.equal(assertToken(await ask(REPORTS, {})), plain);
    await until(() => own.kv.puts.length === 2);
    await own.restart(bindings);
    assert.equal(assertToken(await ask(REPORTS, { claims: CP1 })), capable);
    assert.equal(assertToken(await ask(AUDIT, {})), plain);
    assert.deepEqual(claimsOf(own, GRAPH), [undefined, CP1]);
  });
});

test("a resource names the grant, or is an invalid target", async () => {
  const resource = "https://graph.microsoft.com";
  const reply = await world.postToken({ client: SINGLE, params: { resource } });
  assertToken(reply);
  assert.equal(reply.body.scope, GRAPH);
  for (const params of [{ resource: "https://vault.azure.net" }, { audience: "x" }, { organization: "x" }]) {
    assertTokenError(await world.postToken({ client: SINGLE, params }), 400, "invalid_target");
    assertTokenError(await world.getToken({ client: SINGLE, query: params }), 400, "invalid_target");
  }
});

test("what upstream granted is told if it is another scope, also from KV", () =>
  withWorld({}, async (own) => {
    const scope = own.newScope();
    own.authority.next({ scope, token: { scope: "write read" } });
    const told = async () => {
      const reply = await own.getToken({ scope });
      assertToken(reply);
      return reply.body.scope;
    };
    assert.equal(await told(), "read write");
    assert.equal(await told(), "read write");
    await until(() => own.kv.puts.length === 1);
    await own.restart();
    assert.equal(await told(), "read write");
    assert.equal(own.upstreamFor(scope).length, 1);
  }));
