// The client of the tarball, on a machine with Node.js: it gets tokens from the built Worker over TLS, also with the pipeline
// and two clients of the Azure SDKs, and its types are found.

import assert from "node:assert/strict";
import { mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";

import { Api } from "../clients/harness/api.mjs";
import { CLIENTS, REPORTS } from "../workerd/harness/fixtures.mjs";
import { localCa } from "../workerd/harness/tls.mjs";
import { openWorld } from "../workerd/harness/world.mjs";
import { newMachine, NODES } from "./harness/machine.mjs";
import { tarball } from "./harness/tarball.mjs";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const SCOPES = ["https://graph.microsoft.com", "https://storage.azure.com", "https://vault.azure.net"];
const CLIENT = {
  key_sha256: [REPORTS.digest],
  allow: SCOPES.map((resource) => ({ credential: "default", scope: `${resource}/.default` })),
};

const PROGRAM = `
import { bearerTokenAuthenticationPolicy, createDefaultHttpClient } from "@azure/core-rest-pipeline";
import { createEmptyPipeline, createPipelineRequest } from "@azure/core-rest-pipeline";
import { SecretClient } from "@azure/keyvault-secrets";
import { BlobServiceClient } from "@azure/storage-blob";
import { BrokerCredential, BrokerError, brokerFetch } from "edge-token-broker/client";

const { BROKER: endpoint, BROKER_KEY: key, API } = process.env;
const scope = "${SCOPES[0]}/.default";
const credential = new BrokerCredential({ endpoint, key });
const pipeline = createEmptyPipeline();
pipeline.addPolicy(bearerTokenAuthenticationPolicy({ credential, scopes: scope }));
const { bodyAsText } = await pipeline.sendRequest(createDefaultHttpClient(), createPipelineRequest({ url: API + "/x" }));
const send = brokerFetch({ endpoint, key, scope });
const { value: container } = await new BlobServiceClient(API + "/account", credential).listContainers().next();
const vault = new SecretClient(API, credential, { disableChallengeResourceVerification: true });
const error = await new BrokerCredential({ endpoint, key: "wrong" }).getToken(scope).catch((error) => error);
console.log(
  JSON.stringify({
    pipeline: JSON.parse(bodyAsText).value,
    fetch: (await (await send(API + "/x")).json()).value,
    storage: container.name,
    vault: (await vault.getSecret("name")).value,
    error: [error instanceof BrokerError, error.name],
  }),
);
`;

let world;
let api;
before(async () => {
  world = await openWorld({ tls: localCa().pair, bindings: { CLIENTS: { ...CLIENTS, [REPORTS.id]: CLIENT } } });
  api = await Api.start(SCOPES[2]);
});
after(() => world?.close());

for (const version of NODES) {
  describe(`Node.js ${version}`, () => {
    let machine;
    before(async () => {
      machine = await newMachine(version);
      const { code, stderr } = await machine.shell(`npm install --no-audit --no-fund ${await tarball()}`);
      assert.equal(code, 0, stderr);
      await mkdir(join(machine.folder, "node_modules"), { recursive: true });
      await symlink(join(ROOT, "node_modules", "@azure"), join(machine.folder, "node_modules", "@azure"), "junction");
      await writeFile(join(machine.folder, "main.mjs"), PROGRAM);
    });
    after(() => machine?.close());

    test("tokens, and an error", async () => {
      const env = { BROKER: world.broker.url, BROKER_KEY: REPORTS.key, API: api.url, ...localCa().env };
      const { code, stdout, stderr } = await machine.shell("node main.mjs", { env });
      assert.equal(code, 0, stderr);
      const [graph, storage, vault] = world.authority.issued;
      assert.deepEqual(JSON.parse(stdout), {
        pipeline: graph,
        fetch: graph,
        storage,
        vault,
        error: [true, "invalid_token"],
      });
      world.sweep.record("output of the program", stderr);
    });

    test("a user's module compiles", async () => {
      const user = await readFile(join(ROOT, "tests/client/types/user.mts"), "utf8");
      await writeFile(join(machine.folder, "user.mts"), user);
      const tsc = join(dirname(fileURLToPath(import.meta.resolve("typescript/package.json"))), "bin", "tsc");
      const options = "--noEmit --strict --target es2022 --module nodenext --lib es2022,dom";
      const { code, stdout } = await machine.shell(`node ${tsc} ${options} user.mts`);
      assert.equal(code, 0, stdout);
    });
  });
}
