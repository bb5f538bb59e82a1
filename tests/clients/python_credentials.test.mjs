// What docs/callers.md says beside its Python programs: other credentials of `azure-identity`, a user-assigned
// identity, and what `msal` remembers.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { BILLING, BILLING_APP, LEDGER, REPORTS } from "../workerd/harness/fixtures.mjs";
import { localCa } from "../workerd/harness/tls.mjs";
import { openWorld } from "../workerd/harness/world.mjs";
import { requestsFor, startLibrary, stopLibraries, tokenOf } from "./harness/libraries.mjs";
import { library, missing } from "./harness/python.mjs";

let world;
before(async () => {
  if (!missing) world = await openWorld({ tls: localCa().pair });
});
after(async () => {
  if (world) await stopLibraries(world);
  await world?.close();
});

const call = async (name, own) => (await startLibrary(world, library(name), own)).call();
const [MANAGED, AUTHORITY] = ["python-azure-identity-managed-identity", "python-azure-identity-authority"];
const ASSIGNED = "DefaultAzureCredential(managed_identity_client_id=";

for (const [what, name, own] of [
  ["ManagedIdentityCredential", MANAGED, { texts: { DefaultAzureCredential: "ManagedIdentityCredential" } }],
  ["DefaultAzureCredential with its whole chain", MANAGED, { env: { AZURE_TOKEN_CREDENTIALS: "" } }],
  [
    "EnvironmentCredential",
    AUTHORITY,
    {
      texts: {
        ClientSecretCredential: "EnvironmentCredential",
        '    os.environ["AZURE_TENANT_ID"],\n    os.environ["AZURE_CLIENT_ID"],\n    os.environ["AZURE_CLIENT_SECRET"],\n':
          "",
      },
    },
  ],
]) {
  test(what, { skip: missing }, async () => void tokenOf(world, await call(name, own)));
}

for (const id of ["billing", BILLING_APP.clientId]) {
  test(`a user-assigned identity is the credential ${id}`, { skip: missing }, async () => {
    const texts = { "DefaultAzureCredential(": `${ASSIGNED}"${id}"` };
    const token = tokenOf(world, await call(MANAGED, { key: BILLING.key, scope: LEDGER, texts }));
    assert.equal(world.upstreamFor(LEDGER).length, 1);
    assert.ok(token);
  });
}

test("AZURE_CLIENT_ID is no client of the broker for a managed identity", { skip: missing }, async () => {
  const { error } = await call(MANAGED, { env: { AZURE_CLIENT_ID: REPORTS.id } });
  assert.match(error.text, /Token request error: \(invalid_scope\) 40[03], /);
});

test("msal repeats a 400 for a minute without a request", { skip: missing }, async () => {
  const scope = "https://payroll.example/.default";
  const program = await startLibrary(world, library("python-msal-authority"), { scope });
  for (const [ahead, asked] of [
    [0, 1],
    [0, 1],
    [61_000, 2],
  ]) {
    program.setClock(ahead);
    assert.match((await program.call()).error.text, /not granted/);
    assert.equal((await requestsFor(world, scope, "token_endpoint")).length, asked);
  }
});
