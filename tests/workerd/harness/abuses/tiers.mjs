// Attacks on the tiers: crowds of requests, numbers of upstream, coordinators that are out of reach, and another Worker
// of the account that is bound to the coordinators' class.

/** @import { Reply } from "../broker.mjs" */
/** @typedef {Awaited<ReturnType<typeof openWorld>>} World */

import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";

import { assertToken } from "../expect.mjs";
import { REPORTS } from "../fixtures.mjs";
import { TWO_ISOLATES } from "../fronts.mjs";
import { until } from "../until.mjs";
import { openWorld, withWorld } from "../world.mjs";

const CROWD = 200;

/** @param {string} body of `fetch` of a class in the place of the coordinator */
const coordinator = (body) => ({ source: `export class TokenCoordinator { async fetch() { ${body} } }` });

const FAILING = coordinator(`throw new TypeError("told to fail");`);
const HANGING = coordinator("await new Promise(() => {});");

/** Two isolates. With the header `message` it plays another Worker of the account, and calls the object `name`. */
const INTRUDER = `
export default {
  async fetch(request, env) {
    const [name, message] = ["name", "message"].map((header) => request.headers.get(header));
    if (message === null) return env.BROKER.fetch(request);
    const body = Uint8Array.from(atob(message), (c) => c.charCodeAt(0));
    try {
      const answer = await env.COORDINATOR.getByName(name).fetch("https://object", { method: "POST", body });
      return new Response(await answer.bytes(), { status: answer.status });
    } catch (error) {
      return new Response(String(error), { status: 500 });
    }
  },
};`;

/** @type {(world: World, scope: string, query?: Record<string, string>) => Promise<Reply[]>} */
const crowd = (world, scope, query = {}) =>
  Promise.all(Array.from({ length: CROWD }, () => world.getToken({ scope, query })));

/**
 * At most so many upstream requests for `scope`, and as many writes to KV.
 * @param {World} world
 * @param {string} scope
 * @param {number} most
 */
async function assertFew(world, scope, most) {
  await delay(1500); // Real time is the subject: a write may wait for a second.
  const asked = world.upstreamFor(scope).length;
  assert.ok(asked <= most, `${asked} upstream requests`);
  assert.ok(world.kv.puts.length <= most, `${world.kv.puts.length} writes to KV`);
}

/**
 * A CBOR value (RFC 8949): numbers below 2^64, booleans, `null`, texts, bytes and arrays.
 * @param {unknown} value
 * @returns {Buffer}
 */
function cbor(value) {
  if (value === null) return Buffer.from([0xf6]);
  if (typeof value === "boolean") return Buffer.from([value ? 0xf5 : 0xf4]);
  if (typeof value === "number" || typeof value === "bigint") return head(0, value);
  if (typeof value === "string") return Buffer.concat([head(3, Buffer.byteLength(value)), Buffer.from(value)]);
  if (Buffer.isBuffer(value)) return Buffer.concat([head(2, value.length), value]);
  assert.ok(Array.isArray(value));
  return Buffer.concat([head(4, value.length), ...value.map(cbor)]);
}

/** @param {number} major @param {number | bigint} value */
function head(major, value) {
  const bytes = Buffer.alloc(9);
  bytes[0] = (major << 5) | 27;
  bytes.writeBigUInt64BE(BigInt(value), 1);
  return bytes;
}

/** @type {import("../abuses.mjs").Abuse[]} */
const CROWDS = [
  { what: "without a coordinator", broker: { coordinator: /** @type {const} */ (false) } },
  { what: "with a coordinator that fails", broker: { coordinator: FAILING } },
].flatMap(({ what, broker }) => [
  {
    what: `${CROWD} requests at once with an absurd min_ttl, ${what}`,
    attack: () =>
      withWorld(broker, async (world) => {
        const scope = world.newScope();
        assertToken(await world.getToken({ scope }));
        for (const reply of await crowd(world, scope, { min_ttl: "999999" })) assertToken(reply);
        for (const reply of await crowd(world, scope, { min_ttl: "999999" })) assertToken(reply);
        await assertFew(world, scope, 2);
      }),
  },
  {
    what: `${CROWD} requests at once with nothing in hand, ${what}`,
    attack: () =>
      withWorld(broker, async (world) => {
        const scope = world.newScope();
        world.authority.next({ scope, slow: 300 });
        for (const reply of await crowd(world, scope)) assertToken(reply);
        await assertFew(world, scope, 1);
      }),
  },
  {
    what: `a refresh_in of a second, ${what}`,
    attack: () =>
      withWorld(broker, async (world) => {
        const scope = world.newScope();
        world.authority.always({ token: { expires_in: 3600, refresh_in: 1 } });
        // Real time is the subject.
        for (let n = 0; n < 20; n += 1) {
          assertToken(await world.getToken({ scope }));
          await delay(200);
        }
        await assertFew(world, scope, 1);
      }),
  },
]);

/** @type {import("../abuses.mjs").Abuse[]} */
export const ABUSES = [
  ...CROWDS,
  {
    what: "a refresh_in of a second, with coordinators that renew by alarm",
    attack: () =>
      withWorld({}, async (world) => {
        const scope = world.newScope();
        world.authority.always({ token: { expires_in: 3600, refresh_in: 1 } });
        for (let n = 0; n < 20; n += 1) {
          assertToken(await world.getToken({ scope }));
          await delay(200); // Real time is the subject.
        }
        await assertFew(world, scope, 1);
      }),
  },
  {
    what: "isolates that reach no coordinator, one after the other",
    attack: () =>
      withWorld({ coordinator: FAILING, front: TWO_ISOLATES }, async (world) => {
        const scope = world.newScope();
        assertToken(await world.getToken({ scope, headers: { isolate: "BROKER" } }));
        await assertFew(world, scope, 1);
        assertToken(await world.getToken({ scope, headers: { isolate: "OTHER" } }));
        await assertFew(world, scope, 1);
      }),
  },
  {
    what: "requests that make everybody wait for an object that hangs",
    attack: () =>
      withWorld({ coordinator: HANGING }, async (world) => {
        const scope = world.newScope();
        world.authority.next({ scope, throttle: { retryAfter: 30 } });
        assert.equal((await world.getToken({ scope })).status, 503);
        await delay(2500); // Longer than an isolate passes a failure on without a call.
        const started = performance.now();
        const replies = await Promise.all(Array.from({ length: 20 }, () => world.getToken({ scope })));
        const tookMs = performance.now() - started;
        for (const { status } of replies) assert.equal(status, 503);
        assert.ok(tookMs < 2000, `took ${tookMs} ms`);
        assert.equal(world.upstreamFor(scope).length, 1);
      }),
  },
  {
    what: "another Worker of the account that calls a coordinator with claims of its choice",
    attack: () =>
      withWorld({ front: INTRUDER, foreign: ["/"] }, async (world) => {
        const scope = world.newScope();
        const token = assertToken(await world.getToken({ scope }));
        const { key, value } = await until(() => world.kv.puts[0]);
        const id = ["default", scope, key];
        const claims = `{"access_token":{"xms_cc":{"values":["CP1"]}}}`;
        const rejected = Buffer.alloc(32);
        const far = 2n ** 64n - 1n;
        const wants = [
          [0, false, far, false, rejected],
          [999_999_999, true, far],
          [0, false, 0, true],
        ];
        const plain = wants.map((want) => [want, "intruder", claims]);
        const messages = [
          ...wants.map((want) => [id, want, "intruder", claims]),
          ...plain.map((message) => [id, cbor(message), Buffer.alloc(41, 1)]),
          [id, cbor(plain[0]), value],
          [id, cbor(plain[0]), Buffer.concat([Buffer.from([1]), value.subarray(1)])],
          [id, cbor(plain[0]), Buffer.alloc(0)],
          [id, cbor(plain[0])],
          [id],
          "nonsense",
        ];
        for (const message of messages) {
          const headers = { name: key, message: cbor(message).toString("base64") };
          const { status, text } = await world.fetch("/", { headers });
          assert.equal(status, 500, text);
        }
        assert.equal(world.upstreamFor(scope).length, 1);
        assert.equal(world.kv.puts.length, 1);
        assert.equal(assertToken(await world.getToken({ client: REPORTS, scope })), token);
      }),
  },
];
