// A 401 with a claims challenge: a real Azure SDK client for Python against a key vault that rejects a token, and MSAL.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { GRAPH, REPORTS, SCOPES } from "../workerd/harness/fixtures.mjs";
import { localCa } from "../workerd/harness/tls.mjs";
import { openWorld } from "../workerd/harness/world.mjs";
import { CP1, NBF, NBF_AND_CP1 } from "./harness/api.mjs";
import { assertShown, requestsFor, startLibrary, stopLibraries, tokenOf } from "./harness/libraries.mjs";
import { library, missing } from "./harness/python.mjs";

const VAULT = "https://vault.azure.net/.default";
const GRANTED = SCOPES.slice(0, 2);
const CHALLENGE = "A 401 with a claims challenge";

const claimsOf = (scope) => world.upstreamFor(scope).map(({ params }) => params.claims);

let world;
before(async () => {
  if (missing) return;
  const allow = [VAULT, GRAPH, ...GRANTED].map((scope) => ({ credential: "default", scope, cae: scope === VAULT }));
  const bindings = { CLIENTS: { [REPORTS.id]: { key_sha256: [REPORTS.digest], allow } } };
  world = await openWorld({ tls: localCa().pair, bindings });
});
after(async () => {
  await stopLibraries(world);
  await world?.close();
});

const [MANAGED, AUTHORITY] = ["Azure SDK clients (Python), managed identity", "Azure SDK clients (Python), authority"];

const start = (row, own) => startLibrary(world, library(row), { scope: VAULT, ...own });

test("by authority an SDK client answers the challenge", { skip: missing }, async () => {
  const program = await start(AUTHORITY);
  const rejected = tokenOf(world, await program.call());
  program.api.rejected.add(rejected);
  const newer = tokenOf(world, await program.call());
  assert.notEqual(newer, rejected);
  assert.deepEqual(claimsOf(VAULT), [CP1, NBF_AND_CP1]);

  // Another process gets the newer token at once.
  assert.equal(tokenOf(world, await (await start(AUTHORITY)).call()), newer);

  // The broker does not renew it again within a minute.
  program.api.rejected.add(newer);
  assertShown(world, AUTHORITY, CHALLENGE, await program.call());
  assert.equal(world.upstreamFor(VAULT).length, 2);
});

test("an SDK client wants the tenant that its API names", { skip: missing }, async () => {
  const env = { AZURE_TENANT_ID: "default" };
  const { error } = await (await start(AUTHORITY, { env })).call();
  assert.match(error.text, /not configured to acquire tokens for tenant/);
  const option = "disable_instance_discovery=True";
  const texts = { [option]: `${option}, additionally_allowed_tenants=["*"]` };
  const program = await start(AUTHORITY, { env, texts });
  tokenOf(world, await program.call());
});

test(
  "as a managed identity an SDK client presents the rejected token again, until /revoke",
  { skip: missing },
  async () => {
    const program = await start(MANAGED);
    const rejected = tokenOf(world, await program.call());
    program.api.rejected.add(rejected);
    assertShown(world, MANAGED, CHALLENGE, await program.call());

    const body = new URLSearchParams({ token: rejected, client_id: REPORTS.id, client_secret: REPORTS.key });
    assert.equal((await world.fetch("/revoke", { method: "POST", body })).status, 200);
    assert.notEqual(tokenOf(world, await program.call()), rejected);
  },
);

for (const [n, name] of ["python-msal-authority", "python-msal-oidc-authority"].entries()) {
  test(`MSAL gets another token for the claims, and keeps it: ${name}`, { skip: missing }, async () => {
    const scope = GRANTED[n];
    const program = await startLibrary(world, library(name), { scope });
    const rejected = tokenOf(world, await program.call());
    const newer = tokenOf(world, await program.call(NBF));
    assert.notEqual(newer, rejected);
    assert.equal(tokenOf(world, await program.call()), newer);
    assert.deepEqual(claimsOf(scope), [undefined, NBF]);
  });
}

test("as a managed identity MSAL gets the token that the broker has", { skip: missing }, async () => {
  const texts = { 'microsoft.com")': `microsoft.com", claims_challenge='${NBF}')` };
  const program = await startLibrary(world, library("python-msal-managed-identity"), { texts });
  const token = tokenOf(world, await program.call());
  assert.equal(tokenOf(world, await program.call()), token);
  assert.equal((await requestsFor(world, GRAPH, "msi_token")).length, 2);
  assert.deepEqual(claimsOf(GRAPH), [undefined]);
});
