// Rotation of a secret, seen through the coordinator: the old secret is asked for once, a new one at once.

import assert from "node:assert/strict";
import { test } from "node:test";

import { assertHit, assertToken, assertTokenError } from "./harness/expect.mjs";
import { DEFAULT_APP } from "./harness/fixtures.mjs";
import { TWO_ISOLATES } from "./harness/fronts.mjs";
import { until } from "./harness/until.mjs";
import { withWorld } from "./harness/world.mjs";

const [NEW_SECRET, GOOD_SECRET] = DEFAULT_APP.secrets;
const EXPIRED = "expired~00000000000000000000000000000001";
const EXPIRED_TOO = "expired~00000000000000000000000000000002";

const secrets = (first, second) => ({ AZ_CLIENT_SECRET: first, AZ_CLIENT_SECRET_SECONDARY: second });

const asked = (world, scope) => world.upstreamFor(scope).map(({ params }) => params.client_secret);

const fifty = (world, scope) => Promise.all(Array.from({ length: 50 }, () => world.getToken({ scope })));

const withSecrets = (bindings, body) =>
  withWorld({ bindings, front: TWO_ISOLATES, coordinator: { durable: true } }, body);

test("with the first secret refused 50 callers of two isolates are one flight, with one request for each secret", () =>
  withSecrets(secrets(EXPIRED, GOOD_SECRET), async (world) => {
    const scope = world.newScope();
    world.authority.next({ scope, slow: 200 }, { scope, slow: 200 });
    const replies = await fifty(world, scope);
    assert.equal(new Set(replies.map(assertToken)).size, 1);
    assert.deepEqual(asked(world, scope), [EXPIRED, GOOD_SECRET]);
    const lines = await Promise.all(replies.map((reply) => world.logOf(reply)));
    const { upstream_requests, upstream_status, aadsts, level } = lines.find(({ outcome }) => outcome === "miss");
    assert.deepEqual(
      { upstream_requests, upstream_status, aadsts, level },
      { upstream_requests: 2, upstream_status: 200, aadsts: 7000215, level: "info" },
    );

    await until(() => world.kv.puts.length > 0);
    world.kv.values.clear();
    await world.restart(secrets(EXPIRED, GOOD_SECRET));
    const again = await world.getToken({ scope });
    assert.equal(assertToken(again), assertToken(replies[0]));
    assertHit(again, "coordinator");
    assert.equal(asked(world, scope).length, 2);
  }));

test("with both secrets refused 50 callers are one flight, and a new first secret is served at once", () =>
  withSecrets(secrets(EXPIRED, EXPIRED_TOO), async (world) => {
    const scope = world.newScope();
    world.authority.next({ scope, slow: 200 }, { scope, slow: 200 });
    const replies = [...(await fifty(world, scope)), ...(await fifty(world, scope))];
    for (const reply of replies) {
      assertTokenError(reply, 502, "server_error");
      assert.deepEqual(reply.body.error_codes, [7000215]);
      assert.equal(reply.body.trace_id, replies[0].body.trace_id);
    }
    assert.deepEqual(asked(world, scope), [EXPIRED, EXPIRED_TOO]);

    await world.restart(secrets(NEW_SECRET, EXPIRED));
    assertToken(await world.getToken({ scope }));
    assert.deepEqual(asked(world, scope), [EXPIRED, EXPIRED_TOO, NEW_SECRET]);
  }));

test("a token that came by the old first secret is not used for the new one", () =>
  withSecrets(secrets(GOOD_SECRET, undefined), async (world) => {
    const scope = world.newScope();
    const first = assertToken(await world.getToken({ scope }));
    await world.restart(secrets(NEW_SECRET, GOOD_SECRET));
    assert.notEqual(assertToken(await world.getToken({ scope })), first);
    assert.deepEqual(asked(world, scope), [GOOD_SECRET, NEW_SECRET]);
  }));
