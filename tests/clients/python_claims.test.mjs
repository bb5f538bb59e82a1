// A 401 with a claims challenge: a real Azure SDK client for Python against a key vault that rejects a token, and MSAL.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { DEFAULT_APP, GRAPH, REPORTS } from "../workerd/harness/fixtures.mjs";
import { localCa } from "../workerd/harness/tls.mjs";
import { openWorld } from "../workerd/harness/world.mjs";
import { Api } from "./harness/api.mjs";
import { assertShown, startLibrary, stopLibraries, tokenOf } from "./harness/libraries.mjs";
import { library, missing } from "./harness/python.mjs";

const VAULT = "https://vault.azure.net/.default";
const CHALLENGE = "A 401 with a claims challenge";
const NBF = '{"access_token":{"nbf":{"essential":true,"value":"1700000000"}}}';
const CP1 = '{"access_token":{"xms_cc":{"values":["CP1"]}}}';
const NBF_AND_CP1 = '{"access_token":{"nbf":{"essential":true,"value":"1700000000"},"xms_cc":{"values":["CP1"]}}}';

const claimsOf = (scope) => world.upstreamFor(scope).map(({ params }) => params.claims);

let world, vault;
before(async () => {
  if (missing) return;
  const allow = [VAULT, GRAPH].map((scope) => ({ credential: "default", scope, cae: scope === VAULT }));
  const bindings = { CLIENTS: { [REPORTS.id]: { key_sha256: [REPORTS.digest], allow } } };
  world = await openWorld({ tls: localCa().pair, bindings });
  vault = await Api.start(localCa().pair, (token) => world.authority.issued.includes(token));
});
after(async () => {
  await stopLibraries(world);
  await vault?.close();
  await world?.close();
});

/** The SDK client of the page. The vault of this test is no part of vault.azure.net. */
function start(way, env = {}, option = "disable_instance_discovery=True") {
  const texts = {
    "https://example.vault.azure.net": vault.url,
    ", credential)": ", credential, verify_challenge_resource=False)",
    "disable_instance_discovery=True": option,
  };
  return startLibrary(world, { ...library(way), block: "python-azure-keyvault-secrets" }, { texts, env });
}

const byAuthority = (env, option) =>
  start("python-azure-identity-authority", { AZURE_TOKEN_CREDENTIALS: "EnvironmentCredential", ...env }, option);

test("by authority an SDK client answers the challenge", { skip: missing }, async () => {
  const program = await byAuthority({ AZURE_TENANT_ID: DEFAULT_APP.tenant });
  const rejected = tokenOf(world, await program.call());
  vault.rejected.add(rejected);
  const newer = tokenOf(world, await program.call());
  assert.notEqual(newer, rejected);
  assert.deepEqual(claimsOf(VAULT), [CP1, NBF_AND_CP1]);

  // Another process gets the newer token at once.
  assert.equal(tokenOf(world, await (await byAuthority({ AZURE_TENANT_ID: DEFAULT_APP.tenant })).call()), newer);

  // The broker does not renew it again within a minute.
  vault.rejected.add(newer);
  assertShown(world, "Azure SDK clients (Python), authority", CHALLENGE, await program.call());
  assert.equal(world.upstreamFor(VAULT).length, 2);
});

test("an SDK client wants the tenant that its API names", { skip: missing }, async () => {
  vault.rejected.clear();
  const { error } = await (await byAuthority({})).call();
  assert.match(error.text, /not configured to acquire tokens for tenant/);
  const program = await byAuthority({}, 'disable_instance_discovery=True, additionally_allowed_tenants=["*"]');
  tokenOf(world, await program.call());
});

test(
  "as a managed identity an SDK client presents the rejected token again, until /revoke",
  { skip: missing },
  async () => {
    const program = await start("python-azure-identity-managed-identity");
    const rejected = tokenOf(world, await program.call());
    vault.rejected.add(rejected);
    assertShown(world, "Azure SDK clients (Python), managed identity", CHALLENGE, await program.call());

    const body = new URLSearchParams({ token: rejected, client_id: REPORTS.id, client_secret: REPORTS.key });
    assert.equal((await world.fetch("/revoke", { method: "POST", body })).status, 200);
    assert.notEqual(tokenOf(world, await program.call()), rejected);
  },
);

test("MSAL gets another token for the claims, and keeps it", { skip: missing }, async () => {
  const program = await startLibrary(world, library("python-msal-authority"));
  const rejected = tokenOf(world, await program.call());
  const newer = tokenOf(world, await program.call(NBF));
  assert.notEqual(newer, rejected);
  assert.equal(tokenOf(world, await program.call()), newer);
  assert.deepEqual(claimsOf(GRAPH), [undefined, NBF]);
});
