// A 401 with a claims challenge: a real Azure SDK client against a storage account that rejects a token, and MSAL.

import assert from "node:assert/strict";
import { test } from "node:test";

import { GRAPH, REPORTS } from "../workerd/harness/fixtures.mjs";
import { localCa } from "../workerd/harness/tls.mjs";
import { withWorld } from "../workerd/harness/world.mjs";
import { BlobStorage } from "./harness/blob_storage.mjs";
import { library, start } from "./harness/javascript.mjs";
import { assertShown, startLibrary, stopLibraries, tokenOf } from "./harness/libraries.mjs";

const STORAGE = "https://storage.azure.com/.default";
const CHALLENGE = "A 401 with a claims challenge";
const NBF = '{"access_token":{"nbf":{"essential":true,"value":"1700000000"}}}';
const CP1 = '{"access_token":{"xms_cc":{"values":["CP1"]}}}';
const NBF_AND_CP1 = '{"access_token":{"nbf":{"essential":true,"value":"1700000000"},"xms_cc":{"values":["CP1"]}}}';

const client = (way) => {
  const { env } = library(`js-azure-identity-${way}`);
  return { block: `js-azure-storage-blob-${way}`, env, start };
};

/** A world with one client, and a storage account beside it. */
const withStorage = ({ cae = false } = {}, body) => {
  const allow = [STORAGE, GRAPH].map((scope) => ({ credential: "default", scope, cae }));
  const bindings = { CLIENTS: { [REPORTS.id]: { key_sha256: [REPORTS.digest], allow } } };
  return withWorld({ tls: localCa().pair, bindings }, async (world) => {
    const storage = await BlobStorage.start(world.authority, localCa().pair, NBF);
    const texts = { "https://account.blob.core.windows.net": storage.url };
    try {
      await body(world, storage, (way) => startLibrary(world, client(way), { texts }));
    } finally {
      await stopLibraries(world);
      await storage.close();
    }
  });
};

const claimsOf = (world, scope) => world.upstreamFor(scope).map(({ params }) => params.claims);
const assertListed = ({ value, error }) =>
  assert.deepEqual({ value, error: error?.text }, { value: ["photos"], error: undefined });

for (const [cae, expected] of [
  [true, [CP1, NBF_AND_CP1]],
  [false, [undefined, NBF]],
]) {
  test(`by authority an SDK client answers the challenge, with cae = ${cae}`, () =>
    withStorage({ cae }, async (world, storage, start) => {
      const program = await start("authority");
      assertListed(await program.call());
      const [rejected] = storage.presented;
      storage.rejected.add(rejected);
      assertListed(await program.call());
      const newer = storage.presented.at(-1);
      assert.deepEqual(storage.presented, [rejected, rejected, newer]);
      assert.deepEqual(claimsOf(world, STORAGE), expected);

      // Another process gets the newer token at once.
      assertListed(await (await start("authority")).call());
      assert.equal(storage.presented.at(-1), newer);
      assert.equal(world.upstreamFor(STORAGE).length, 2);

      // The broker does not renew it again within a minute.
      storage.rejected.add(newer);
      assertShown(world, "Azure SDK clients, authority", CHALLENGE, await program.call());
      assert.equal(world.upstreamFor(STORAGE).length, 2);
    }));
}

test("as a managed identity an SDK client presents the rejected token again, also after /revoke", () =>
  withStorage({}, async (world, storage, start) => {
    const program = await start("managed-identity");
    assertListed(await program.call());
    const [rejected] = storage.presented;
    storage.rejected.add(rejected);
    assertShown(world, "Azure SDK clients, managed identity", CHALLENGE, await program.call());
    assert.deepEqual(new Set(storage.presented), new Set([rejected]));

    const body = new URLSearchParams({ token: rejected, client_id: REPORTS.id, client_secret: REPORTS.key });
    assert.equal((await world.fetch("/revoke", { method: "POST", body })).status, 200);
    assertShown(world, "Azure SDK clients, managed identity", CHALLENGE, await program.call());

    // A new process has nothing in its cache.
    assertListed(await (await start("managed-identity")).call());
    assert.notEqual(storage.presented.at(-1), rejected);
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
