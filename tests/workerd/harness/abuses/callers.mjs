// Attacks on who calls: JWTs that find out the configuration, entries of the registry with a fault, client assertions
// that come twice, and another Worker of the account that is bound to the ledgers' class.

/** @import { Abuse } from "../abuses.mjs" */
/** @import { Reply } from "../broker.mjs" */

import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";

import { registryEntries } from "../../../../cli/lib/registry-entry.mjs";
import { assertToken, assertTokenError } from "../expect.mjs";
import { GRAPH, newClient } from "../fixtures.mjs";
import { TWO_ISOLATES } from "../fronts.mjs";
import { AUDIENCE, Issuer } from "../issuer.mjs";
import { newKey } from "../jose.mjs";
import { until } from "../until.mjs";
import { withWorld } from "../world.mjs";

const JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const STRANGER = "https://stranger.example";
const allow = [{ credential: "default", scope: GRAPH }];

/** @typedef {Parameters<Parameters<typeof withWorld>[1]>[0]} World */

/** The broker. With the header `ledger` it plays another Worker of the account, and calls that object with the body. */
const INTRUDER = {
  foreign: ["/"],
  front: `
export default {
  async fetch(request, env) {
    const ledger = request.headers.get("ledger");
    if (ledger === null) return env[request.headers.get("isolate") ?? "BROKER"].fetch(request);
    const id = env.ASSERTIONS.idFromName(ledger);
    const byName = request.headers.get("found") === "by name";
    const object = env.ASSERTIONS.get(byName ? id : env.ASSERTIONS.idFromString(id.toString()));
    try {
      const answer = await object.fetch("https://object", { method: "POST", body: await request.bytes() });
      return new Response(await answer.bytes(), { status: answer.status });
    } catch (error) {
      return new Response("refused", { status: 500 });
    }
  },
};`,
};

/**
 * Runs `body` with a broker that knows the client `cron`, which signs its assertions itself, and `deploy`, which trusts
 * the issuer for the subject \`deploy`.
 * @param {{ front: string, foreign?: string[] }} fronted
 * @param {(world: World, issuer: Issuer) => Promise<void>} body
 */
async function withCallers(fronted, body) {
  const issuer = await Issuer.start(newKey("ES256"));
  const CLIENTS = {
    cron: { jwt: [{ issuer: "cron", audience: AUDIENCE, jwks_uri: issuer.jwksUri }], allow },
    deploy: { jwt: [{ issuer: issuer.url, audience: AUDIENCE, subject: "deploy" }], allow },
  };
  try {
    await withWorld({ bindings: { CLIENTS }, ...fronted }, (world) => body(world, issuer));
  } finally {
    await issuer.close();
  }
}

/** @type {(world: World, jwt: string, more?: Record<string, string>, headers?: Record<string, string>) => Promise<Reply>} */
const post = (world, jwt, more = {}, headers = {}) =>
  world.fetch("/oauth2/v2.0/token", {
    method: "POST",
    headers,
    body: new URLSearchParams({
      grant_type: "client_credentials",
      scope: GRAPH,
      client_assertion_type: JWT_BEARER,
      client_assertion: jwt,
      ...more,
    }),
  });

/** @type {(world: World, jwt: string, clientId?: string) => Promise<Reply>} */
const get = (world, jwt, clientId) =>
  world.fetch(`/token?${new URLSearchParams(clientId ? { client_id: clientId } : {})}`, {
    headers: { Authorization: `Bearer ${jwt}` },
  });

/**
 * All of these answers are the same, to the last header.
 * @param {Reply[]} replies
 * @param {string} error
 */
function assertOneAnswer(replies, error) {
  const own = new Set(["x-request-id", "date"]);
  /** @param {Reply} reply */
  const told = ({ status, headers, text }) => ({
    status,
    headers: [...headers].filter(([name]) => !own.has(name)),
    text,
  });
  for (const reply of replies) {
    assertTokenError(reply, 401, error);
    assert.deepEqual(told(reply), told(/** @type {Reply} */ (replies[0])));
  }
}

const ahead = (/** @type {number} */ seconds) => Math.floor(Date.now() / 1000) + seconds;

/** @type {Abuse[]} */
export const ABUSES = [
  {
    what: "expired and malformed JWTs do not find out which clients and issuers are known",
    attack: () =>
      withCallers({ front: TWO_ISOLATES }, async (world, issuer) => {
        const attacker = newKey("ES256");
        for (const fault of [{ exp: ahead(-600) }, { exp: undefined }, { nbf: ahead(600) }, { sub: 7 }]) {
          const bearers = [];
          for (const iss of [issuer.url, STRANGER])
            for (const client of [undefined, "deploy", "cron", "nobody"])
              bearers.push(await get(world, issuer.sign({ iss, ...fault }, { key: attacker }), client));
          assertOneAnswer(bearers, "invalid_token");
        }
        for (const fault of [{ exp: ahead(-600) }, { jti: undefined }, { exp: ahead(9000) }, { sub: "other" }]) {
          const assertions = [];
          for (const id of ["cron", "deploy", "nobody"])
            assertions.push(
              await post(world, issuer.sign({ iss: id, sub: id, ...fault }, { key: attacker }), { client_id: id }),
            );
          assertOneAnswer(assertions, "invalid_client");
        }
        assert.equal(issuer.requests.length, 0, "nobody was asked");
      }),
  },
  {
    what: "JWTs of nobody do not find out which clients and issuers are known, nor for whom",
    attack: () =>
      withCallers({ front: TWO_ISOLATES }, async (world, issuer) => {
        const attacker = newKey("ES256", { jwk: { kid: issuer.keys[0]?.jwk.kid } });
        const bearers = [];
        for (const claims of [{}, { sub: "deploy" }, { aud: "other" }])
          for (const iss of [issuer.url, STRANGER])
            for (const client of [undefined, "deploy", "cron", "nobody"])
              bearers.push(await get(world, issuer.sign({ iss, ...claims }, { key: attacker }), client));
        assertOneAnswer(bearers, "invalid_token");
        const assertions = [];
        for (const claims of [{}, { aud: "other" }])
          for (const id of ["cron", "deploy", "nobody"])
            assertions.push(await post(world, issuer.sign({ iss: id, sub: id, ...claims }, { key: attacker })));
        assertOneAnswer(assertions, "invalid_client");
      }),
  },
  {
    what: "a faulty entry of the registry costs one read, and only its client learns of it",
    attack: async () => {
      const key = randomBytes(32);
      const bindings = { REGISTRY_KEY: key.toString("base64") };
      await withWorld({ registry: true, bindings }, async (world) => {
        const far = newClient("far");
        const entry = JSON.stringify({ key_sha256: [far.digest], allow: [{ credential: "gone", scope: GRAPH }] });
        const [values = []] = await registryEntries([{ id: "far", entry }], key);
        for (const { key: name, value } of values)
          world.registry.values.set(name, { value: Buffer.from(value), expiresAt: Infinity });
        const wrong = { ...far, key: newClient("far").key };
        const unknown = await world.postToken({ client: { ...wrong, id: "nobody" }, scope: GRAPH });
        const replies = [unknown];
        for (let n = 0; n < 30; n += 1) replies.push(await world.postToken({ client: wrong, scope: GRAPH }));
        assertOneAnswer(replies, "invalid_client");
        await world.logOf(replies[30]);
        assert.equal(world.broker.printed(/REGISTRY\.far/).length, 1, "one line of an outsider has the fault");
        const own = await world.postToken({ client: far, scope: GRAPH });
        assertTokenError(own, 503, "temporarily_unavailable");
        assert.equal((await world.logOf(own)).faults_count, 1);
        assert.equal(world.registry.gets.filter((read) => read.key === "client:far").length, 1);
      });
    },
  },
  {
    what: "of an assertion that comes twice at once the first is good, in every isolate and for every purpose",
    attack: () =>
      withCallers({ front: TWO_ISOLATES }, async (world, issuer) => {
        const jwt = issuer.sign({ iss: "cron", sub: "cron" });
        world.authority.next({ scope: GRAPH, slow: 1500 });
        const first = post(world, jwt, {}, { isolate: "OTHER" });
        await until(() => world.upstreamFor(GRAPH).length === 1);
        for (const isolate of ["OTHER", "BROKER"]) {
          assertTokenError(await post(world, jwt, {}, { isolate }), 401, "invalid_client");
          assertTokenError(await post(world, jwt, { scope: "other" }, { isolate }), 401, "invalid_client");
        }
        assertToken(await first);
        for (const isolate of ["OTHER", "BROKER"])
          assertTokenError(await post(world, jwt, {}, { isolate }), 401, "invalid_client");
      }),
  },
  {
    what: "another Worker of the account neither fills a ledger nor takes it away",
    attack: () =>
      withCallers(INTRUDER, async (world, issuer) => {
        for (const found of ["by id", "by name"]) {
          const jti = randomBytes(8).toString("hex");
          const jwt = issuer.sign({ iss: "cron", sub: "cron", jti });
          // What versions before took from anybody: the digest of the jti, and until when its use matters.
          const length = Buffer.alloc(8);
          length.writeBigUInt64BE(BigInt(jti.length));
          const id = createHash("sha256").update(length).update(jti).digest();
          const until = Buffer.alloc(8, 0x7f);
          const plain = Buffer.concat([Buffer.from([0x82, 0x58, 32]), id, Buffer.from([0x1b]), until]);
          for (const body of [plain, Buffer.alloc(0), randomBytes(120), Buffer.concat([Buffer.from([1]), plain])]) {
            const headers = { ledger: "assertions:cron", found };
            const answer = await world.fetch("/", { method: "POST", headers, body });
            assert.equal(answer.status, 500, `${found}: ${answer.text}`);
          }
          const good = await post(world, jwt);
          assertToken(good);
          assert.equal((await world.logOf(good)).coordinator, undefined, "the ledger works");
          assertTokenError(await post(world, jwt, {}, { isolate: "OTHER" }), 401, "invalid_client");
        }
      }),
  },
  {
    what: "who replays a failing request has no more than its caller: one token, and then none",
    attack: () =>
      withCallers({ front: TWO_ISOLATES }, async (world, issuer) => {
        const jwt = issuer.sign({ iss: "cron", sub: "cron" });
        world.authority.next({ scope: GRAPH, throttle: { retryAfter: 1 } });
        assert.equal((await post(world, jwt, {}, { isolate: "OTHER" })).status, 503);
        await delay(1200); // Real time is the subject: upstream names a time.
        const replies = await Promise.all(
          ["OTHER", "BROKER", "OTHER", "BROKER"].map((isolate) => post(world, jwt, {}, { isolate })),
        );
        assert.deepEqual(replies.map(({ status }) => status).sort(), [200, 401, 401, 401]);
      }),
  },
];
