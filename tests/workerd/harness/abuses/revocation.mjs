// Attacks of a client on the tokens of others, by what it reports as rejected and by the claims that it sends.

/** @import { Abuse } from "../abuses.mjs" */

import assert from "node:assert/strict";

import { assertToken } from "../expect.mjs";
import { AUDIT, newClient } from "../fixtures.mjs";
import { TWO_ISOLATES } from "../fronts.mjs";
import { revoke } from "../revoke.mjs";
import { until } from "../until.mjs";
import { withWorld } from "../world.mjs";

/** @typedef {Parameters<Parameters<typeof withWorld>[1]>[0]} World */

const NBF = '{"access_token":{"nbf":{"essential":true,"value":"1700000000"}}}';
/** A refusal. */
const REFUSED = 7000222;
/** @type {[string, { coordinator?: false, front?: string }][]} */
const WAYS = [
  ["with coordinators", { front: TWO_ISOLATES }],
  ["without coordinators", { coordinator: false }],
];

/**
 * The attacker is REPORTS. AUDIT has the same grants.
 * @type {(world: World, scope: string, isolate?: string) => Promise<void>}
 */
const assertOthersAreServed = async (world, scope, isolate = "BROKER") => {
  for (let n = 0; n < 3; n += 1) {
    const reply = await world.getToken({ client: AUDIT, scope, headers: { isolate } });
    assert.equal(reply.status, 200, reply.text);
  }
};

/** @type {Abuse[]} */
const expired = WAYS.map(([how, options]) => ({
  what: `an expired token is reported with claims that upstream refuses, ${how}`,
  attack: () =>
    withWorld(options, async (world) => {
      const scope = world.newScope();
      world.authority.next({ scope, token: { expires_in: 1 } });
      const old = assertToken(await world.getToken({ scope }));
      const issued = Date.now();
      // Real time: the token has to expire.
      await until(() => Date.now() - issued > 1000);
      // With a coordinator the alarm renews the token meanwhile, and meets the refusal by itself.
      if (options.coordinator === false) world.authority.always({ refuse: REFUSED });
      for (let n = 0; n < 3; n += 1) {
        const reply = await revoke(world, old, { params: { claims: NBF } });
        assert.equal(reply.status, 200, reply.text);
      }
      assert.ok(world.upstreamFor(scope).every(({ params }) => params.claims === undefined));
      world.authority.always(null);
      await assertOthersAreServed(world, scope);
    }),
}));

/** @type {Abuse[]} */
const refused = WAYS.flatMap(([how, options]) =>
  Object.entries({ "is refused": { refuse: REFUSED }, fails: { fail: { status: 500 } } }).map(([end, fault]) => ({
    what: `a challenge with no token in hand ${end}, ${how}`,
    attack: () =>
      withWorld(options, async (world) => {
        const scope = world.newScope();
        // One request, and its one retry.
        world.authority.next({ scope, ...fault }, ...("fail" in fault ? [{ scope, ...fault }] : []));
        const told = await world.getToken({ scope, query: { claims: NBF } });
        assert.ok(told.status === 502 || told.status === 503, told.text);
        await assertOthersAreServed(world, scope);
        if (options.front) await assertOthersAreServed(world, scope, "OTHER");
      }),
  })),
);

/** @type {Abuse[]} */
const shaping = WAYS.map(([how, options]) => ({
  what: `claims make the token of all others another one, ${how}`,
  attack: () =>
    withWorld(options, async (world) => {
      const scope = world.newScope();
      const old = assertToken(await world.getToken({ scope }));
      for (const member of ['"acrs":{"value":"c1"}', '"evil":{"value":"x"}', '"xms_cc":{"values":["protapp"]}']) {
        const claims = `{"access_token":{${member}}}`;
        assert.equal((await revoke(world, old, { params: { claims } })).status, 400);
        assert.equal((await world.getToken({ scope, query: { claims } })).status, 400);
      }
      const claims = '{"access_token":{"xms_cc":{"values":["CP1"]},"nbf":{"value":"1700000000"}}}';
      assert.equal((await revoke(world, old, { params: { claims } })).status, 200);
      for (const { params } of world.upstreamFor(scope)) {
        assert.ok(!params.claims?.includes("xms_cc"), "a day's token for clients that answer no challenge");
      }
    }),
}));

/** @type {Abuse} */
const pace = {
  what: "challenges come as fast as they can",
  attack: () =>
    withWorld({ front: TWO_ISOLATES }, async (world) => {
      const scope = world.newScope();
      const isolates = ["BROKER", "OTHER"];
      const ask = (/** @type {number} */ n) =>
        world.getToken({ scope, query: { claims: NBF }, headers: { isolate: isolates[n % 2] ?? "" } });
      assertToken(await ask(0));
      for (let round = 0; round < 3; round += 1) {
        const replies = await Promise.all(Array.from({ length: 20 }, (_, n) => ask(n)));
        for (const reply of replies) assertToken(reply);
      }
      assert.ok(world.upstreamFor(scope).length <= 2, "one request a minute");
    }),
};

/** @type {Abuse[]} */
const starving = WAYS.flatMap(([how, { coordinator }]) =>
  [{}, { claims: '{"access_token":{"nbf":{"essential":true,"value":"1700000001"}}}' }].map((params) => ({
    what: `refused claims again and again keep another caller's report (${Object.keys(params).join() || "plain"}) waiting, ${how}`,
    attack: () =>
      withWorld(coordinator === false ? { coordinator } : {}, async (world) => {
        const scope = world.newScope();
        const old = assertToken(await world.getToken({ scope }));
        world.authority.next({ scope, refuse: REFUSED });
        const told = await world.getToken({ scope, query: { claims: NBF } });
        assert.equal(told.status, 502, told.text);
        assert.equal((await revoke(world, old, { client: AUDIT, params })).status, 200);
        assert.notEqual(assertToken(await world.getToken({ client: AUDIT, scope })), old);
        for (let n = 0; n < 5; n += 1) assertToken(await world.getToken({ scope, query: { claims: NBF } }));
        const sent = world.upstreamFor(scope).map(({ params }) => params.claims !== undefined);
        assert.deepEqual(sent, [false, true, false], "not at the pace of the one or the other");
      }),
  })),
);

const MANY = Array.from({ length: 100 }, (_, n) => `https://api-${n}.example/.default`);

/** @type {Abuse} */
const madeUp = {
  what: "made-up tokens are reported by a client with a hundred grants",
  attack: () => {
    const client = newClient("many");
    const allow = MANY.map((scope) => ({ credential: "default", scope }));
    const CLIENTS = { [client.id]: { key_sha256: [client.digest], allow } };
    return withWorld({ bindings: { CLIENTS } }, async (world) => {
      world.sweep.secret("client key", client.key);
      const reads = () => world.kv.gets.length;
      for (const token of ["nonsense", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.AAAA"]) {
        const before = reads();
        for (let n = 0; n < 5; n += 1) assert.equal((await revoke(world, token, { client })).status, 200);
        assert.ok(reads() - before <= MANY.length, "looked for once");
      }
      // The real one of the last grant is found although this isolate does not have it.
      const scope = MANY.at(-1) ?? "";
      const old = assertToken(await world.getToken({ client, scope }));
      await until(() => world.kv.puts.length === 1);
      await world.restart({ CLIENTS });
      assert.equal((await revoke(world, old, { client })).status, 200);
      assert.notEqual(assertToken(await world.getToken({ client, scope })), old);
    });
  },
};

/** @type {Abuse[]} */
export const ABUSES = [...expired, ...refused, ...shaping, ...starving, pace, madeUp];
