// `min_ttl`: the caller wants a token with at least that many seconds left.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { assertHit, assertToken, assertTokenError, cacheStatus } from "./harness/expect.mjs";
import { openWorld, withWorld } from "./harness/world.mjs";

/** Both routes: how `min_ttl` is asked for. */
const ROUTES = [
  ["GET /token", (world, scope, min_ttl) => world.getToken({ scope, query: { min_ttl } })],
  ["the token endpoint", (world, scope, min_ttl) => world.postToken({ scope, params: { min_ttl } })],
];

let world;
before(async () => (world = await openWorld()));
after(() => world?.close());

for (const [route, ask] of ROUTES) {
  describe(`min_ttl at ${route}`, () => {
    test("is met by a token that has as much left", async () => {
      const scope = world.newScope();
      const first = assertToken(await world.getToken({ scope }));
      for (const seconds of ["0", "60", "3000"]) {
        const reply = await ask(world, scope, seconds);
        assert.equal(assertToken(reply), first);
        assertHit(reply, "isolate");
      }
    });

    test("a token with less left is renewed first", () =>
      withWorld({ coordinator: false }, async (own) => renewedFirst(own, ask)));

    test("larger than any lifetime brings the best there is, and does not become a habit", async () => {
      const scope = world.newScope();
      const replies = [
        await ask(world, scope, "999999"),
        await ask(world, scope, "999999"),
        await ask(world, scope, "18446744073709551615"),
      ];
      assert.equal(new Set(replies.map(assertToken)).size, 1);
      assert.equal(world.upstreamFor(scope).length, 1);
      for (const { body } of replies) assert.ok(body.expires_in > 3500);
    });

    for (const value of ["-1", "1.5", "soon", "+5", " 5", "1e3", "18446744073709551616"]) {
      test(`'${value}' is invalid_request`, async () => {
        assertTokenError(await ask(world, world.newScope(), value), 400, "invalid_request");
      });
    }

    test("empty is absent", async () => {
      assertToken(await ask(world, world.newScope(), ""));
    });
  });
}

/** A short token, then one that lasts. */
async function renewedFirst(own, ask) {
  const scope = own.newScope();
  own.authority.next({ scope, token: { expires_in: 400, refresh_in: 390 } });
  const short = assertToken(await own.getToken({ scope }));
  const reply = await ask(own, scope, "600");
  assert.notEqual(assertToken(reply), short);
  assert.equal(cacheStatus(reply).fwd, "stale");
  assert.ok(reply.body.expires_in > 3500);
  assertHit(await own.getToken({ scope }), "isolate");
  assert.equal(own.upstreamFor(scope).length, 2);
}

test("a coordinator renews a token with too little left at once, for everybody", async () => {
  const scope = world.newScope();
  world.authority.next({ scope, token: { expires_in: 400, refresh_in: 390 } });
  const short = assertToken(await world.getToken({ scope }));
  const replies = await Promise.all(Array.from({ length: 20 }, (_, n) => ROUTES[n % 2][1](world, scope, "600")));
  assert.equal(new Set(replies.map(assertToken)).size, 1);
  assert.notEqual(assertToken(replies[0]), short);
  for (const reply of replies) assert.ok(cacheStatus(reply).fwd === "stale" || cacheStatus(reply).hit);
  assert.equal(world.upstreamFor(scope).length, 2);
});

test("a token that was renewed a moment ago is the best there is", async () => {
  const scope = world.newScope();
  for (let n = 0; n < 2; n += 1) world.authority.next({ scope, token: { expires_in: 400, refresh_in: 390 } });
  await world.getToken({ scope });
  const replies = [];
  for (let n = 0; n < 4; n += 1) replies.push(await world.getToken({ scope, query: { min_ttl: "600" } }));
  assert.equal(new Set(replies.map(assertToken)).size, 1);
  assert.equal(world.upstreamFor(scope).length, 2);
});
