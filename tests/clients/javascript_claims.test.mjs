// A 401 with a claims challenge: a real Azure SDK client against a storage account that rejects a token, and MSAL.

import assert from "node:assert/strict";
import { test } from "node:test";

import { GRAPH, REPORTS } from "../workerd/harness/fixtures.mjs";
import { localCa } from "../workerd/harness/tls.mjs";
import { withWorld } from "../workerd/harness/world.mjs";
import { CP1, NBF, NBF_AND_CP1 } from "./harness/api.mjs";
import { library } from "./harness/javascript.mjs";
import { assertShown, requestsFor, startLibrary, stopLibraries, tokenOf } from "./harness/libraries.mjs";

const STORAGE = "https://storage.azure.com/.default";
const CHALLENGE = "A 401 with a claims challenge";

/** A world with one client, and a function that starts an SDK client in it. */
const withStorage = ({ cae = false } = {}, body) => {
  const allow = [STORAGE, GRAPH].map((scope) => ({ credential: "default", scope, cae }));
  const bindings = { CLIENTS: { [REPORTS.id]: { key_sha256: [REPORTS.digest], allow } } };
  return withWorld({ tls: localCa().pair, bindings }, async (world) => {
    try {
      await body(world, (way) => startLibrary(world, library(`js-azure-storage-blob-${way}`), { scope: STORAGE }));
    } finally {
      await stopLibraries(world);
    }
  });
};

const claimsOf = (world, scope) => world.upstreamFor(scope).map(({ params }) => params.claims);

for (const [cae, expected] of [
  [true, [CP1, NBF_AND_CP1]],
  [false, [undefined, NBF]],
]) {
  test(`by authority an SDK client answers the challenge, with cae = ${cae}`, () =>
    withStorage({ cae }, async (world, start) => {
      const program = await start("authority");
      const rejected = tokenOf(world, await program.call());
      program.api.rejected.add(rejected);
      const newer = tokenOf(world, await program.call());
      assert.deepEqual(program.api.presented, [rejected, rejected, newer]);
      assert.notEqual(newer, rejected);
      assert.deepEqual(claimsOf(world, STORAGE), expected);

      // Another process gets the newer token at once.
      assert.equal(tokenOf(world, await (await start("authority")).call()), newer);
      assert.equal(world.upstreamFor(STORAGE).length, 2);

      // The broker does not renew it again within a minute.
      program.api.rejected.add(newer);
      assertShown(world, "Azure SDK clients, authority", CHALLENGE, await program.call());
      assert.equal(world.upstreamFor(STORAGE).length, 2);
    }));
}

test("as a managed identity an SDK client presents the rejected token again, also after /revoke", () =>
  withStorage({}, async (world, start) => {
    const program = await start("managed-identity");
    const rejected = tokenOf(world, await program.call());
    program.api.rejected.add(rejected);
    assertShown(world, "Azure SDK clients, managed identity", CHALLENGE, await program.call());
    assert.deepEqual(new Set(program.api.presented), new Set([rejected]));

    const body = new URLSearchParams({ token: rejected, client_id: REPORTS.id, client_secret: REPORTS.key });
    assert.equal((await world.fetch("/revoke", { method: "POST", body })).status, 200);
    assertShown(world, "Azure SDK clients, managed identity", CHALLENGE, await program.call());

    // A new process has nothing in its cache.
    assert.notEqual(tokenOf(world, await (await start("managed-identity")).call()), rejected);
  }));

test("MSAL gets another token for the claims, and keeps it", () =>
  withStorage({}, async (world) => {
    const program = await startLibrary(world, library("js-msal-node-authority"));
    const rejected = tokenOf(world, await program.call());
    const newer = tokenOf(world, await program.call(NBF));
    assert.notEqual(newer, rejected);
    assert.equal(tokenOf(world, await program.call()), newer);
    assert.deepEqual(claimsOf(world, GRAPH), [undefined, NBF]);
  }));

test("as a managed identity MSAL sends no claims, and asks the broker for the token again", () =>
  withStorage({}, async (world) => {
    const texts = { 'microsoft.com" }': `microsoft.com", claims: '${NBF}' }` };
    const program = await startLibrary(world, library("js-msal-node-managed-identity"), { texts });
    const token = tokenOf(world, await program.call());
    assert.equal(tokenOf(world, await program.call()), token);
    assert.equal((await requestsFor(world, GRAPH, "msi_token")).length, 2);
    assert.deepEqual(claimsOf(world, GRAPH), [undefined]);
  }));
