// The JavaScript libraries name one of the broker's credentials: as a user-assigned identity, or as the tenant, in any case.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { BILLING, BILLING_APP, DEFAULT_APP, LEDGER, REPORTS } from "../workerd/harness/fixtures.mjs";
import { localCa } from "../workerd/harness/tls.mjs";
import { openWorld } from "../workerd/harness/world.mjs";
import { environment } from "./harness/docs.mjs";
import { library } from "./harness/javascript.mjs";
import { requestsFor, startLibrary, stopLibraries, tokenOf } from "./harness/libraries.mjs";

let world;
before(async () => (world = await openWorld({ tls: localCa().pair })));
after(async () => {
  await stopLibraries(world);
  await world?.close();
});

const own = { scope: LEDGER, key: BILLING.key };

/** A token for the program of a block, changed like this. */
const tokenFor = async (block, changes) =>
  tokenOf(world, await (await startLibrary(world, library(block), { ...own, ...changes })).call());

describe("a credential", { concurrency: true }, () => {
  for (const [what, identity] of [
    ["name", "billing"],
    ["application id", BILLING_APP.clientId],
  ]) {
    test(`by its ${what}, in AZURE_CLIENT_ID`, () =>
      tokenFor("js-azure-identity-managed-identity", { env: { AZURE_CLIENT_ID: identity } }));

    test(`by its ${what}, as MSAL's user-assigned identity`, () => {
      const params = `{ managedIdentityIdParams: { userAssignedClientId: "${identity}" } }`;
      const texts = { "new ManagedIdentityApplication()": `new ManagedIdentityApplication(${params})` };
      return tokenFor("js-msal-node-managed-identity", { texts });
    });
  }

  for (const tenant of ["Billing", BILLING_APP.tenant.toUpperCase()]) {
    test(`as the tenant ${tenant}, in AZURE_TENANT_ID`, () => {
      const env = { AZURE_CLIENT_ID: BILLING.id, AZURE_TENANT_ID: tenant };
      return tokenFor("js-azure-identity-authority", { env });
    });

    test(`as the tenant ${tenant}, in MSAL's authority`, () => {
      const texts = { "/default`": `/${tenant}\`` };
      return tokenFor("js-msal-node-authority", { env: { BROKER_CLIENT_ID: BILLING.id }, texts });
    });
  }

  for (const algorithm of ["oidc", "oauth2"]) {
    test(`as the path of an issuer, whose metadata ${algorithm} finds`, () => {
      const discovery = "openid.discovery(new URL(BROKER), BROKER_CLIENT_ID, BROKER_KEY";
      const options = `undefined, { algorithm: "${algorithm}" }`;
      const texts = { [discovery]: `${discovery.replace("BROKER)", "`${BROKER}/billing`)")}, ${options}` };
      return tokenFor("js-openid-client", { env: { BROKER_CLIENT_ID: BILLING.id }, texts });
    });
  }

  test("that the client is not granted is told as a scope is", async () => {
    const env = { AZURE_CLIENT_ID: DEFAULT_APP.clientId };
    const program = await startLibrary(world, library("js-azure-identity-managed-identity"), { ...own, env });
    const { error } = await program.call();
    assert.match(error.text, /CredentialUnavailableError[^]*this client is not granted/);
  });
});

test("DefaultAzureCredential is the managed identity with two variables", async () => {
  const names = ["environment", "environment-managed-identity"];
  const { IDENTITY_ENDPOINT, IDENTITY_HEADER } = environment(names, {
    BROKER: world.broker.url,
    BROKER_KEY: REPORTS.key,
  });
  const two = { ...library("js-azure-identity-managed-identity"), env: [] };
  const program = await startLibrary(world, two, { env: { IDENTITY_ENDPOINT, IDENTITY_HEADER } });
  tokenOf(world, await program.call());
});

test("DefaultAzureCredential takes the authority, with one option", async () => {
  const options = "{ disableInstanceDiscovery: true }";
  const texts = { "new DefaultAzureCredential()": `new DefaultAzureCredential(${options})` };
  const { block, start } = library("js-azure-identity-managed-identity");
  const program = await startLibrary(
    world,
    { block, start, env: library("js-azure-identity-authority").env },
    { texts },
  );
  tokenOf(world, await program.call());
});

test("MSAL keeps the token of a resource with a slash at its end", async () => {
  const scope = world.newScope();
  const slash = scope.replace("/.default", "//.default");
  const program = await startLibrary(world, library("js-msal-node-managed-identity"), { scope: slash });
  const token = tokenOf(world, await program.call());
  assert.equal(tokenOf(world, await program.call()), token);
  assert.equal((await requestsFor(world, scope, "msi_token")).length, 1);
});

for (const block of ["js-azure-identity-managed-identity", "js-azure-identity-authority", "js-msal-node-authority"]) {
  test(`the id in an error of ${block} is in the log`, async () => {
    const program = await startLibrary(world, library(block), { scope: "https://payroll.example/.default" });
    const { error } = await program.call();
    const [, id] = /(?:Correlation ID: |correlationId: ')([0-9a-f-]{36})/.exec(error.text) ?? assert.fail(error.text);
    assert.equal((await world.logOf({ requestId: id })).scope, "https://payroll.example/.default");
  });
}
