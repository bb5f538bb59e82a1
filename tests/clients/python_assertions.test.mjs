// `azure-identity` without a key: with the JWT of a Kubernetes service account.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { DEFAULT_APP } from "../workerd/harness/fixtures.mjs";
import { assertShown, tokenOf } from "./harness/libraries.mjs";
import { Cluster, REFUSED, SITUATIONS, VAULT } from "./harness/pod.mjs";
import { missing, start, startWithVault } from "./harness/python.mjs";

const ROW = "`azure-identity`, service account";
const WORKLOAD = "python-azure-identity-workload";

let cluster, world;
before(async () => {
  if (missing) return;
  cluster = await Cluster.open(start);
  world = cluster.world;
});
after(() => cluster?.close());

describe("in a pod", { concurrency: true, skip: missing }, () => {
  test("a service account's token, from as many processes as there are", async () => {
    const jwt = cluster.jwt();
    const token = tokenOf(world, await (await cluster.start(WORKLOAD, { jwt })).call());
    assert.equal(tokenOf(world, await (await cluster.start(WORKLOAD, { jwt })).call()), token);
  });

  test("DefaultAzureCredential has it in its chain", async () => {
    tokenOf(world, await (await cluster.start("python-azure-identity-managed-identity")).call());
  });

  for (const { what, claims } of REFUSED) {
    test(`${what} is refused`, async () => {
      const program = await cluster.start(WORKLOAD, { jwt: cluster.jwt(claims) });
      assertShown(world, ROW, "Wrong client key", await program.call());
    });
  }

  for (const situation of SITUATIONS) {
    test(situation.column, () => cluster.shows(ROW, WORKLOAD, situation));
  }

  test("an SDK client answers a claims challenge", async () => {
    const own = { start: startWithVault, scope: VAULT, env: { AZURE_TENANT_ID: DEFAULT_APP.tenant } };
    const program = await cluster.start("python-azure-keyvault-secrets", own);
    const rejected = tokenOf(world, await program.call());
    program.api.rejected.add(rejected);
    assert.notEqual(tokenOf(world, await program.call()), rejected);
  });
});
