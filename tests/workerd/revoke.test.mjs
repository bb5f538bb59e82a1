// `POST /revoke` (RFC 7009): a caller whose API has rejected a token hands it back.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { assertHit, assertToken, assertTokenError, assertUnavailable } from "./harness/expect.mjs";
import { AUDIT, BILLING, GRAPH, LEDGER, SINGLE } from "./harness/fixtures.mjs";
import { TWO_ISOLATES, coordinatorWith } from "./harness/fronts.mjs";
import { assertDone, revoke } from "./harness/revoke.mjs";
import { until } from "./harness/until.mjs";
import { openWorld, withWorld } from "./harness/world.mjs";

const CLAIMS = '{"access_token":{"nbf":{"essential":true,"value":"1700000000"}}}';

const twenty = (make) => Promise.all(Array.from({ length: 20 }, (_, n) => make(n)));

let world;
before(async () => (world = await openWorld()));
after(() => world?.close());

const current = async (scope, own = world, options = {}) => assertToken(await own.getToken({ scope, ...options }));

test("the token is replaced in every tier, once for twenty who report it, and in no other way", async () => {
  const scope = world.newScope();
  const old = await current(scope);
  await until(() => world.kv.puts.length === 1);
  const { key, value: record } = world.kv.puts[0];
  const replies = await twenty(() => revoke(world, old));
  const outcomes = await Promise.all(replies.map(async (reply) => (await world.logOf(reply)).outcome));
  for (const reply of replies) assert.deepEqual([reply.status, reply.body], [200, {}]);
  assert.ok(outcomes.includes("revoked"));
  assert.equal(world.upstreamFor(scope).length, 2);
  const reply = await world.getToken({ scope });
  assert.notEqual(assertToken(reply), old);
  assertHit(reply, "isolate");
  const put = await until(() => world.kv.puts.filter((other) => other.key === key)[1]);
  assert.notDeepEqual(put.value, record);
  // KV may go on answering with the old record: it is not taken.
  world.kv.values.get(key).value = record;
  const wanted = await world.getToken({ scope, query: { min_ttl: "999999" } });
  assert.notEqual(assertToken(wanted), old);
  await assertDone(world, await revoke(world, old), "not_current");
});

test("two isolates that report it share one renewal", () =>
  withWorld({ front: TWO_ISOLATES }, async (own) => {
    const scope = own.newScope();
    const isolates = ["BROKER", "OTHER"];
    const old = await current(scope, own, { headers: { isolate: "BROKER" } });
    assert.equal(await current(scope, own, { headers: { isolate: "OTHER" } }), old);
    const replies = await twenty((n) => revoke(own, old, { headers: { isolate: isolates[n % 2] } }));
    for (const reply of replies) assert.deepEqual([reply.status, reply.body], [200, {}]);
    assert.equal(own.upstreamFor(scope).length, 2);
    const tokens = await Promise.all(isolates.map((isolate) => current(scope, own, { headers: { isolate } })));
    assert.equal(tokens[0], tokens[1]);
    assert.notEqual(tokens[0], old);
  }));

test("who reports it later gets what has taken its place, without another renewal", () =>
  withWorld({ front: TWO_ISOLATES }, async (own) => {
    const scope = own.newScope();
    const at = (isolate) => ({ headers: { isolate } });
    const old = await current(scope, own, at("BROKER"));
    await until(() => own.kv.puts.length === 1);
    assert.equal(await current(scope, own, at("OTHER")), old);
    await assertDone(own, await revoke(own, old, at("BROKER")), "revoked");
    await assertDone(own, await revoke(own, old, at("OTHER")), "already_renewed");
    assert.equal(await current(scope, own, at("OTHER")), await current(scope, own, at("BROKER")));
    assert.equal(own.upstreamFor(scope).length, 2);
  }));

test("a new token that expires earlier takes its place as well", async () => {
  const scope = world.newScope();
  const old = await current(scope);
  world.authority.next({ scope, token: { expires_in: 600 } });
  await assertDone(world, await revoke(world, old), "revoked");
  for (let n = 0; n < 3; n += 1) assert.notEqual(await current(scope), old);
});

test("a token of another client does nothing", async () => {
  const old = assertToken(await world.getToken({ client: BILLING, credential: "billing", scope: LEDGER }));
  const own = assertToken(await world.getToken({ client: SINGLE, scope: GRAPH }));
  await assertDone(world, await revoke(world, old, { client: SINGLE }), "not_current");
  assert.equal(assertToken(await world.getToken({ client: BILLING, credential: "billing", scope: LEDGER })), old);
  assert.equal(assertToken(await world.getToken({ client: SINGLE, scope: GRAPH })), own);
  assert.deepEqual([world.upstreamFor(LEDGER).length, world.upstreamFor(GRAPH).length], [1, 1]);
});

test("of two clients with one grant either may report its token", async () => {
  const scope = world.newScope();
  const old = await current(scope);
  await assertDone(world, await revoke(world, old, { client: AUDIT }), "revoked");
  assert.notEqual(await current(scope), old);
});

describe("what is no current token is answered like one that is", () => {
  for (const garbage of ["nonsense", "\u0000\u00ff", "ü", "a".repeat(8000), "a b", '"}']) {
    test(JSON.stringify(garbage.slice(0, 12)), async () => {
      const before = world.authority.requests.length;
      await assertDone(world, await revoke(world, garbage, { client: SINGLE }), "not_current");
      assert.equal(world.authority.requests.length, before);
    });
  }
});

test("token_type_hint, whatever it says, and unknown parameters are ignored", async () => {
  const scope = world.newScope();
  const old = await current(scope);
  await assertDone(
    world,
    await revoke(world, old, { params: { token_type_hint: "refresh_token", resource: "x" } }),
    "revoked",
  );
});

test("a scope and a credential narrow the search; one that is not granted is an error", async () => {
  const [scope, other] = [world.newScope(), world.newScope()];
  const old = await current(scope);
  await assertDone(world, await revoke(world, old, { params: { scope: other } }), "not_current");
  await assertDone(world, await revoke(world, old, { params: { scope, credential: "default" } }), "revoked");
  assertTokenError(await revoke(world, old, { params: { scope: "x" } }), 400, "invalid_scope");
  assertTokenError(await revoke(world, old, { params: { credential: "billing" } }), 400, "unauthorized_client");
});

test("claims go upstream with the renewal, and with no other request", async () => {
  const scope = world.newScope();
  const old = await current(scope);
  const reply = await revoke(world, old, { params: { claims: CLAIMS } });
  const line = await assertDone(world, reply, "revoked");
  assert.ok(!JSON.stringify(line).includes("nbf"));
  assert.deepEqual(
    world.upstreamFor(scope).map(({ params }) => params.claims),
    [undefined, CLAIMS],
  );
  assert.equal(world.upstreamRequests(reply).length, 1);
});

test("claims may come as a challenge has them, in base64", async () => {
  const scope = world.newScope();
  const old = await current(scope);
  await revoke(world, old, { params: { claims: Buffer.from(CLAIMS).toString("base64") } });
  assert.deepEqual(
    world.upstreamFor(scope).map(({ params }) => params.claims),
    [undefined, CLAIMS],
  );
});

describe("claims are the JSON text of an object", () => {
  for (const claims of ["[]", "1", "{", "W10", '"{}"', "null", `{"a":"${"x".repeat(4096)}"}`, "[".repeat(4000)]) {
    test(claims.slice(0, 12), async () => {
      assertTokenError(await revoke(world, "t", { params: { claims } }), 400, "invalid_request");
    });
  }
});

test("claims that no challenge to an application has are refused by name", async () => {
  const claims = '{"access_token":{"acrs":{"essential":true,"value":"planted"}}}';
  const reply = await revoke(world, "t", { params: { claims } });
  assertTokenError(reply, 400, "invalid_request");
  assert.match(reply.body.error_description, /acrs/);
  assert.ok(!reply.text.includes("planted"));
});

test("new tokens that are rejected at once are renewed once in a while, not once each", async () => {
  const scope = world.newScope();
  await assertDone(world, await revoke(world, await current(scope)), "revoked");
  for (let n = 0; n < 5; n += 1) await assertDone(world, await revoke(world, await current(scope)), "not_yet");
  assert.equal(world.upstreamFor(scope).length, 2);
});

/** The same token, whatever is asked. */
const SAME = { token: { access_token: "the-same-again" } };

for (const [how, options] of [
  ["with coordinators", {}],
  ["without coordinators", { coordinator: false }],
]) {
  describe(how, () => {
    test("where upstream gives the same token again it is not asked once more", () =>
      withWorld(options, async (own) => {
        const scope = own.newScope();
        own.authority.always({ ...SAME, scope });
        const old = await current(scope, own);
        await assertDone(own, await revoke(own, old), "unchanged");
        for (let n = 0; n < 3; n += 1) await assertDone(own, await revoke(own, old), "not_yet");
        assert.equal(own.upstreamFor(scope).length, 2);
      }));

    test("while upstream fails the token goes on being served, and may be rejected again", () =>
      withWorld(options, async (own) => {
        const scope = own.newScope();
        const old = await current(scope, own);
        own.authority.always({ throttle: { retryAfter: 2 } });
        const asked = Date.now();
        assert.ok(assertUnavailable(await revoke(own, old)) <= 2);
        assertUnavailable(await revoke(own, old));
        assert.equal(await current(scope, own), old);
        assert.equal(own.upstreamFor(scope).length, 2, "the failure is remembered");
        own.authority.always(null);
        // Real time: the throttle has to pass.
        await until(() => Date.now() - asked > 2100);
        await assertDone(own, await revoke(own, old), "revoked");
        assert.notEqual(await current(scope, own), old);
      }));

    test("a refusal of the claims is told to the caller, and does not keep others from a token", () =>
      withWorld(options, async (own) => {
        const scope = own.newScope();
        const old = await current(scope, own);
        own.authority.next({ scope, refuse: 7000222 });
        assertTokenError(await revoke(own, old, { params: { claims: CLAIMS } }), 502, "server_error");
        assert.equal(await current(scope, own), old);
        // Nor from the renewal that a report without those claims is for.
        await assertDone(own, await revoke(own, old), "revoked");
        assert.notEqual(await current(scope, own), old);
      }));
  });
}

describe("without coordinators", () => {
  for (const [what, kv] of [
    ["", true],
    [" and without KV", false],
  ]) {
    test(`the isolate renews it, once for twenty who report it${what}`, () =>
      withWorld({ coordinator: false, kv }, async (own) => {
        const scope = own.newScope();
        const old = await current(scope, own);
        if (kv) await until(() => own.kv.puts.length === 1);
        const replies = await twenty(() => revoke(own, old, { params: { claims: CLAIMS } }));
        for (const reply of replies) assert.deepEqual([reply.status, reply.body], [200, {}]);
        assert.deepEqual(
          own.upstreamFor(scope).map(({ params }) => params.claims),
          [undefined, CLAIMS],
        );
        assert.notEqual(await current(scope, own), old);
        if (kv) assert.equal(own.kv.puts.length, 2);
      }));
  }

  test("a token that only KV has is found there", () =>
    withWorld({ coordinator: false }, async (own) => {
      const old = assertToken(await own.getToken({ client: SINGLE, scope: GRAPH }));
      await until(() => own.kv.puts.length === 1);
      await own.restart();
      await assertDone(own, await revoke(own, old, { client: SINGLE }), "revoked");
      assert.notEqual(assertToken(await own.getToken({ client: SINGLE, scope: GRAPH })), old);
      assert.equal(own.kv.puts.length, 2);
    }));
});

test("a coordinator that throws costs no caller the new token", () =>
  withWorld(
    { coordinator: { source: coordinatorWith('fetch() { throw new Error("broken"); }') }, breaks: true },
    async (own) => {
      const scope = own.newScope();
      const old = await current(scope, own);
      const reply = await revoke(own, old);
      assert.deepEqual([reply.status, reply.body], [200, {}]);
      assert.equal((await own.logOf(reply)).coordinator, "failed");
      assert.notEqual(await current(scope, own), old);
    },
  ));
