// The JavaScript libraries name one of the broker's credentials: as a user-assigned identity, or as the tenant, in any case.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { BILLING, BILLING_APP, DEFAULT_APP, LEDGER } from "../workerd/harness/fixtures.mjs";
import { localCa } from "../workerd/harness/tls.mjs";
import { openWorld } from "../workerd/harness/world.mjs";
import { library } from "./harness/javascript.mjs";
import { startLibrary, stopLibraries, tokenOf } from "./harness/libraries.mjs";

let world;
before(async () => (world = await openWorld({ tls: localCa().pair })));
after(async () => {
  await stopLibraries(world);
  await world?.close();
});

const own = { scope: LEDGER, key: BILLING.key };

describe("a credential", { concurrency: true }, () => {
  for (const [what, identity] of [
    ["name", "billing"],
    ["application id", BILLING_APP.clientId],
  ]) {
    test(`by its ${what}, in AZURE_CLIENT_ID`, async () => {
      const env = { AZURE_CLIENT_ID: identity };
      tokenOf(
        world,
        await (await startLibrary(world, library("js-azure-identity-managed-identity"), { ...own, env })).call(),
      );
    });

    test(`by its ${what}, as MSAL's user-assigned identity`, async () => {
      const params = `{ managedIdentityIdParams: { userAssignedClientId: "${identity}" } }`;
      const texts = { "new ManagedIdentityApplication()": `new ManagedIdentityApplication(${params})` };
      tokenOf(
        world,
        await (await startLibrary(world, library("js-msal-node-managed-identity"), { ...own, texts })).call(),
      );
    });
  }

  for (const tenant of ["Billing", BILLING_APP.tenant.toUpperCase()]) {
    test(`as the tenant ${tenant}, in AZURE_TENANT_ID`, async () => {
      const env = { AZURE_CLIENT_ID: BILLING.id, AZURE_TENANT_ID: tenant };
      tokenOf(world, await (await startLibrary(world, library("js-azure-identity-authority"), { ...own, env })).call());
    });

    test(`as the tenant ${tenant}, in MSAL's authority`, async () => {
      const env = { BROKER_CLIENT_ID: BILLING.id };
      const texts = { "/default`": `/${tenant}\`` };
      tokenOf(
        world,
        await (await startLibrary(world, library("js-msal-node-authority"), { ...own, env, texts })).call(),
      );
    });
  }

  test("that the client is not granted is told as a scope is", async () => {
    const env = { AZURE_CLIENT_ID: DEFAULT_APP.clientId };
    const program = await startLibrary(world, library("js-azure-identity-managed-identity"), { ...own, env });
    const { error } = await program.call();
    assert.match(error.text, /CredentialUnavailableError[^]*this client is not granted/);
  });
});
