// Attacks by somebody who can write KV, or can send messages to the objects: values and messages as long as they can be.

/** @import { Abuse } from "../abuses.mjs" */
/** @import { KvServer } from "../kv_server.mjs" */

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";

import { assertMiss, assertToken, assertTokenError } from "../expect.mjs";
import { GRAPH, newClient } from "../fixtures.mjs";
import { coordinatorWith } from "../fronts.mjs";
import { AUDIENCE, Issuer } from "../issuer.mjs";
import { newKey } from "../jose.mjs";
import { until } from "../until.mjs";
import { withWorld } from "../world.mjs";

/** The longest value that KV holds. */
const LONGEST = Buffer.alloc(25 * 1024 * 1024, 2);

/** So many of them would fill the memory of an isolate several times. */
const TOKENS = 16;

/** @param {KvServer} kv @param {string} key */
const plant = (kv, key) => kv.values.set(key, { value: LONGEST, expiresAt: Infinity });

/** None of the long values was read to its end. @param {KvServer} kv @param {number} times */
async function assertCut(kv, times) {
  await until(() => kv.cut.length >= times);
  assert.equal(kv.cut.length, times);
}

async function plantTokens() {
  await withWorld({ coordinator: false }, async (world) => {
    const scopes = Array.from({ length: TOKENS }, () => world.newScope());
    for (const scope of scopes) await world.logOf(await world.getToken({ scope }));
    const keys = [...world.kv.values.keys()];
    assert.equal(keys.length, TOKENS);
    for (const key of keys) plant(world.kv, key);
    await world.restart();
    const replies = await Promise.all(scopes.map((scope) => world.getToken({ scope })));
    for (const reply of replies) {
      assertToken(reply);
      assertMiss(reply);
      const { kv_read, status } = await world.logOf(reply);
      assert.deepEqual({ kv_read, status }, { kv_read: "too_large", status: 200 });
    }
    await assertCut(world.kv, TOKENS);
    for (const { value } of world.kv.values.values()) assert.notEqual(value, LONGEST, "the token has replaced it");
  });
}

async function plantRegistry() {
  const bindings = { REGISTRY_KEY: randomBytes(32).toString("base64") };
  await withWorld({ registry: true, bindings }, async (world) => {
    const client = newClient("planted");
    const names = [`client:${client.id}`, `key:${client.digest}`, "origin:https://planted.example"];
    for (const name of names) plant(world.registry, name);
    const refused = [await world.postToken({ client, scope: GRAPH }), await world.getToken({ client, scope: GRAPH })];
    for (const reply of refused) {
      const error = reply === refused[0] ? "invalid_client" : "invalid_token";
      assertTokenError(reply, 401, error);
      assert.equal((await world.logOf(reply)).registry, "too_large");
    }
    const headers = { Origin: "https://planted.example", "Access-Control-Request-Method": "GET" };
    assert.equal((await world.fetch("/token", { method: "OPTIONS", headers })).status, 405);
    await assertCut(world.registry, names.length);
    assertToken(await world.getToken({ scope: GRAPH }));
  });
}

async function plantKeySet() {
  const issuer = await Issuer.start(newKey("ES256"));
  const allow = [{ credential: "default", scope: GRAPH }];
  const bindings = { CLIENTS: { robot: { jwt: [{ issuer: issuer.url, audience: AUDIENCE }], allow } } };
  const ask = () => ({ headers: { Authorization: `Bearer ${issuer.sign()}` } });
  try {
    await withWorld({ bindings }, async (world) => {
      assertToken(await world.fetch(`/token?scope=${GRAPH}`, ask()));
      const name = await until(() => [...world.kv.values.keys()].find((key) => key.startsWith("jwks:")));
      plant(world.kv, String(name));
      await world.restart(bindings);
      assertToken(await world.fetch(`/token?scope=${GRAPH}`, ask()));
      assert.equal(issuer.keyRequests, 2, "the issuer was asked instead");
      await assertCut(world.kv, 1);
    });
  } finally {
    await issuer.close();
  }
}

async function sendLongMessages() {
  const source = coordinatorWith(`
    async fetch(request) {
      const body = new Uint8Array(${LONGEST.length});
      const long = await super.fetch(new Request("https://object", { method: "POST", body }));
      console.log("answer to a long message: " + long.status);
      return super.fetch(request);
    }`);
  await withWorld({ coordinator: { source } }, async (world) => {
    const reply = await world.getToken({ scope: world.newScope() });
    assertToken(reply);
    assert.equal((await world.logOf(reply)).coordinator, undefined);
    assert.deepEqual(world.broker.printed(/answer to a long message/), ["answer to a long message: 413"]);
  });
}

/** @type {Abuse[]} */
export const ABUSES = [
  { what: "tokens of 25 MiB in KV", attack: plantTokens },
  { what: "entries of 25 MiB in the registry", attack: plantRegistry },
  { what: "a key set of 25 MiB in KV", attack: plantKeySet },
  { what: "a message of 25 MiB to an object", attack: sendLongMessages },
];
