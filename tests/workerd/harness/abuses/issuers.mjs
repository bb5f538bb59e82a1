// Attacks with JWTs that nobody signed: on the requests to their issuers, and on who waits for these.

import assert from "node:assert/strict";

import { assertToken, assertTokenError, assertUnavailable } from "../expect.mjs";
import { GRAPH } from "../fixtures.mjs";
import { AUDIENCE, Issuer } from "../issuer.mjs";
import { newKey } from "../jose.mjs";
import { withWorld } from "../world.mjs";

/** @import { Reply } from "../broker.mjs" */
/** @import { KeyPair } from "../jose.mjs" */

const ATTACKER = newKey("ES256");

/** A rate limiter that admits `limit` of each key. */
const limiter = (/** @type {number} */ limit) => `import { WorkerEntrypoint } from "cloudflare:workers";
const counts = new Map();
export default class extends WorkerEntrypoint {
  limit({ key }) {
    counts.set(key, (counts.get(key) ?? 0) + 1);
    return { success: counts.get(key) <= ${limit} };
  }
}`;

/**
 * A world whose one client trusts the issuer, for the subject `robot`.
 * @param {(parties: { issuer: Issuer, get: (jwt: string) => Promise<Reply> }) => Promise<void>} body
 */
async function withIssuer(body) {
  const issuer = await Issuer.start(newKey("ES256"));
  const jwt = [{ issuer: issuer.url, audience: AUDIENCE, subject: "robot" }];
  const CLIENTS = { robot: { jwt, allow: [{ credential: "default", scope: GRAPH }] } };
  const beside = { FAILED_AUTH_RATE_LIMIT: limiter(40) };
  try {
    await withWorld({ bindings: { CLIENTS }, beside }, async (world) => {
      const headers = (/** @type {string} */ jwt) => ({
        Authorization: `Bearer ${jwt}`,
        "CF-Connecting-IP": "192.0.2.1",
      });
      await body({ issuer, get: (jwt) => world.fetch(`/token?scope=${GRAPH}`, { headers: headers(jwt) }) });
    });
  } finally {
    await issuer.close();
  }
}

/**
 * A JWT that the attacker signed, in the name of the issuer.
 * @param {Issuer} issuer
 * @param {{ kid?: string | undefined, sub?: string }} made
 */
const forged = (issuer, { kid = crypto.randomUUID(), sub = "robot" } = {}) =>
  issuer.sign({ sub }, { key: ATTACKER, header: { kid } });

/** @type {import("../abuses.mjs").Abuse[]} */
export const ABUSES = [
  {
    what: "made-up kids: a JWT of a new key is not refused, but told when to come back",
    attack: () =>
      withIssuer(async ({ issuer, get }) => {
        assertToken(await get(issuer.sign()));
        assertTokenError(await get(forged(issuer)), 401, "invalid_token");
        issuer.keys.push(newKey("ES256"));
        for (let n = 0; n < 5; n += 1) await get(forged(issuer));
        const seconds = assertUnavailable(await get(issuer.sign({}, { key: issuer.keys[1] })));
        assert.ok(seconds > 50 && seconds <= 60, `${seconds}`);
        assert.equal(issuer.keyRequests, 2);
        assertToken(await get(issuer.sign()));
      }),
  },
  {
    what: "forged JWTs without kid: a JWT of a new key without kid is not refused, but told when to come back",
    attack: () =>
      withIssuer(async ({ issuer, get }) => {
        const unnamed = () => newKey("ES256", { jwk: { kid: undefined } });
        issuer.keys = [unnamed()];
        assertToken(await get(issuer.sign()));
        await get(issuer.sign({}, { key: ATTACKER, header: { kid: undefined } }));
        issuer.keys = [unnamed()];
        assertUnavailable(await get(issuer.sign()));
        assert.equal(issuer.keyRequests, 2);
      }),
  },
  {
    what: "JWTs whose claims do not fit spend no request to the issuer, whatever their kid",
    attack: () =>
      withIssuer(async ({ issuer, get }) => {
        assertToken(await get(issuer.sign()));
        const { kid } = issuer.keys[0]?.jwk ?? {};
        for (let n = 0; n < 10; n += 1) await get(forged(issuer, { sub: `guess-${n}`, ...(n % 2 === 0 && { kid }) }));
        assert.equal(issuer.keyRequests, 1);
        issuer.keys = [newKey("RS256")];
        assertToken(await get(issuer.sign()));
      }),
  },
  {
    what: "an unsigned JWT does not learn which claims fit",
    attack: async () => {
      /** @param {string} sub */
      const seen = async (sub) => {
        /** @type {unknown[]} */
        const answers = [];
        await withIssuer(async ({ issuer, get }) => {
          assertToken(await get(issuer.sign()));
          for (const claims of [{ sub }, { sub }, { sub: "probe" }, { sub, kid: issuer.keys[0]?.jwk.kid }]) {
            const { status, body, headers } = await get(forged(issuer, claims));
            const wait = Number(headers.get("retry-after"));
            answers.push([status, body, headers.get("www-authenticate"), Math.ceil(wait / 10)]);
          }
        });
        return answers;
      };
      assert.deepEqual(await seen("robot"), await seen("guess"));
    },
  },
  {
    what: "unsigned JWTs of an issuer that hangs: held for a few seconds once, then answered at once, and counted",
    attack: () =>
      withIssuer(async ({ issuer, get }) => {
        issuer.faults["*"] = { hang: true };
        const timed = async () => {
          const begin = Date.now(); // real time is the subject
          const reply = await get(forged(issuer));
          return { reply, took: Date.now() - begin };
        };
        const first = await Promise.all(Array.from({ length: 20 }, timed));
        for (const { reply } of first) assertUnavailable(reply);
        const longest = Math.max(...first.map(({ took }) => took));
        assert.ok(longest < 6_000, `held for ${longest} ms`);
        const next = await Promise.all(Array.from({ length: 20 }, timed));
        for (const { reply, took } of next) {
          assertUnavailable(reply);
          assert.ok(took < 1_500, `held for ${took} ms`);
        }
        assertTokenError(await get(forged(issuer)), 429, "slow_down");
        assert.ok(issuer.requests.length <= 3, `${issuer.requests.length} requests`);
      }),
  },
  {
    what: "metadata that come late and keys that hang share one deadline",
    attack: () =>
      withIssuer(async ({ issuer, get }) => {
        issuer.faults["/jwks"] = { hang: true };
        const begin = Date.now(); // real time is the subject
        assertUnavailable(await get(forged(issuer)));
        assert.ok(Date.now() - begin < 4_500);
      }),
  },
];
