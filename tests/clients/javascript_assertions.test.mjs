// `@azure/identity` without a key: with the JWT of a Kubernetes service account, and with one of GitHub Actions.

import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { load } from "js-yaml";

import { GRAPH, REPORTS } from "../workerd/harness/fixtures.mjs";
import { AUDIENCE, Issuer } from "../workerd/harness/issuer.mjs";
import { newKey } from "../workerd/harness/jose.mjs";
import { localCa } from "../workerd/harness/tls.mjs";
import { openWorld } from "../workerd/harness/world.mjs";
import { block } from "./harness/docs.mjs";
import { start } from "./harness/javascript.mjs";
import { assertShown, startLibrary, stopLibraries, tokenOf } from "./harness/libraries.mjs";

const SUBJECT = "system:serviceaccount:default:reports";

let world, issuer, folder;
before(async () => {
  issuer = await Issuer.start(newKey("RS256"));
  folder = await mkdtemp(join(tmpdir(), "edge-token-broker-pod-"));
  const jwt = [{ issuer: issuer.url, audience: AUDIENCE, subject: SUBJECT }];
  const allow = [{ credential: "default", scope: GRAPH }];
  world = await openWorld({ tls: localCa().pair, bindings: { CLIENTS: { [REPORTS.id]: { jwt, allow } } } });
});
after(async () => {
  await stopLibraries(world);
  await issuer?.close();
  await rm(folder, { recursive: true, force: true });
  await world?.close();
});

/** The environment of the page's pod, with the JWT in its file. */
async function pod(jwt) {
  const [{ env, volumeMounts }] = load(block("environment-kubernetes").text).spec.containers;
  const file = join(folder, "token");
  await writeFile(file, jwt);
  const own = { AZURE_AUTHORITY_HOST: world.broker.url, AZURE_FEDERATED_TOKEN_FILE: file };
  const declared = Object.fromEntries(env.map(({ name, value }) => [name, value]));
  assert.ok(declared.AZURE_FEDERATED_TOKEN_FILE.startsWith(volumeMounts[0].mountPath));
  return { ...declared, ...own };
}

const inPod = (name, env, texts = {}) => startLibrary(world, { block: name, env: [], start }, { env, texts });

test("a service account's token, from as many processes as there are", async () => {
  const env = await pod(issuer.sign({ sub: SUBJECT }));
  const token = tokenOf(world, await (await inPod("js-azure-identity-workload", env)).call());
  assert.equal(tokenOf(world, await (await inPod("js-azure-identity-workload", env)).call()), token);
});

test("in a pod the managed identity is the service account, with no option at all", async () => {
  const env = { ...(await pod(issuer.sign({ sub: SUBJECT }))), AZURE_TOKEN_CREDENTIALS: "ManagedIdentityCredential" };
  tokenOf(world, await (await inPod("js-azure-identity-managed-identity", env)).call());
});

test("in a pod DefaultAzureCredential takes the service account, with one option", async () => {
  const options = "{ disableInstanceDiscovery: true }";
  const texts = { "new DefaultAzureCredential()": `new DefaultAzureCredential(${options})` };
  const env = await pod(issuer.sign({ sub: SUBJECT }));
  tokenOf(world, await (await inPod("js-azure-identity-managed-identity", env, texts)).call());
});

for (const [what, claims] of [
  ["another service account", { sub: "system:serviceaccount:default:other" }],
  ["a token that has expired", { sub: SUBJECT, exp: Math.floor(Date.now() / 1000) - 120 }],
]) {
  test(`${what} is refused`, async () => {
    const program = await inPod("js-azure-identity-workload", await pod(issuer.sign(claims)));
    assertShown(world, "`@azure/identity`, service account or job", "Wrong client key", await program.call());
  });
}

test("a job of GitHub Actions", async () => {
  const asked = [];
  const github = createServer((request, response) => {
    asked.push({ url: request.url, authorization: request.headers.authorization });
    response.end(JSON.stringify({ value: issuer.sign({ sub: SUBJECT }) }));
  }).listen(0, "127.0.0.1");
  await once(github, "listening");
  try {
    const program = await startLibrary(
      world,
      { block: "js-azure-identity-assertion", env: ["environment", "environment-authority"], start },
      {
        env: {
          ACTIONS_ID_TOKEN_REQUEST_URL: `http://127.0.0.1:${github.address().port}/idtoken?api-version=2.0`,
          ACTIONS_ID_TOKEN_REQUEST_TOKEN: "request-token",
        },
      },
    );
    tokenOf(world, await program.call());
    const url = `/idtoken?api-version=2.0&audience=${world.broker.url}`;
    for (const request of asked) assert.deepEqual(request, { url, authorization: "Bearer request-token" });
  } finally {
    github.close();
    github.closeAllConnections();
  }
});
