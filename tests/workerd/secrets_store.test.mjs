// Secrets in Secrets Store, on the real thing: objects of another Worker whose `get` is a call.

import assert from "node:assert/strict";
import { test } from "node:test";

import { assertToken, assertTokenError } from "./harness/expect.mjs";
import { BILLING_APP, DEFAULT_APP } from "./harness/fixtures.mjs";
import { startVault } from "./harness/vault.mjs";
import { withWorld } from "./harness/world.mjs";

const [FIRST, SECOND] = DEFAULT_APP.secrets;
const WRONG = "wrong~secret.in-the_store";

/**
 * Runs `body` with a broker whose secrets are in a store.
 * @param {Record<string, string | null | undefined>} values
 */
async function withVault(values, body, options = {}) {
  const vault = await startVault(values);
  const bindings = Object.fromEntries(Object.keys(values).map((name) => [name, undefined]));
  try {
    await withWorld({ bindings, beside: vault.beside, ...options }, (world) => {
      world.sweep.secret("a value in the store", WRONG);
      return body(world, vault);
    });
  } finally {
    vault.close();
  }
}

const secretsFor = (world, scope) => world.upstreamFor(scope).map(({ params }) => params.client_secret);

for (const coordinator of [{}, false]) {
  const where = coordinator ? "in a coordinator" : "in an isolate alone";

  test(`${where}: a refused secret is read again, and the new one is used by the same request`, () =>
    withVault(
      { AZ_CLIENT_SECRET: WRONG },
      async (world, vault) => {
        const scope = world.newScope();
        assert.deepEqual(vault.reads, []);
        assert.equal((await world.fetch("/readyz")).status, 200);
        assert.deepEqual(vault.reads, ["AZ_CLIENT_SECRET"]);
        vault.values.AZ_CLIENT_SECRET = FIRST;
        await assertToken(await world.getToken({ scope }));
        assert.deepEqual(secretsFor(world, scope), [WRONG, FIRST]);
        await assertToken(await world.getToken({ scope }));
        assert.equal(secretsFor(world, scope).length, 2, "a hit");
      },
      { coordinator },
    ));

  test(`${where}: an unchanged one is refused like any other`, () =>
    withVault(
      { AZ_CLIENT_SECRET: WRONG },
      async (world) => {
        const scope = world.newScope();
        await assertTokenError(await world.getToken({ scope }), 502, "server_error");
        assert.deepEqual(secretsFor(world, scope), [WRONG]);
      },
      { coordinator },
    ));
}

test("a store that does not give it is a passing fault", () =>
  withVault({ AZ_CLIENT_SECRET: null, AZ_CLIENT_SECRET_SECONDARY: SECOND }, async (world, vault) => {
    const scope = world.newScope();
    const reply = await world.getToken({ scope });
    await assertTokenError(reply, 503, "temporarily_unavailable");
    assert.equal(reply.headers.get("retry-after"), "1");
    const line = await world.logOf(reply);
    assert.equal(line.outcome, "secrets_unavailable");
    assert.equal(line.secrets_unread, "AZ_CLIENT_SECRET");
    assert.deepEqual(vault.reads.toSorted(), ["AZ_CLIENT_SECRET", "AZ_CLIENT_SECRET_SECONDARY"]);
    assert.equal((await world.fetch("/healthz")).status, 200);
  }));

test("each secret that a credential names, and keys, can be there", () =>
  withVault(
    {
      AZ_CLIENT_SECRET: FIRST,
      BILLING_SECRET: BILLING_APP.secrets[0],
      CACHE_KEY: Buffer.alloc(32, 7).toString("base64"),
    },
    async (world, vault) => {
      await assertToken(await world.getToken({ scope: world.newScope() }));
      assert.deepEqual(vault.reads.toSorted(), ["AZ_CLIENT_SECRET", "BILLING_SECRET", "CACHE_KEY"]);
    },
  ));
