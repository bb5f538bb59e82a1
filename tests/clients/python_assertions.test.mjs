// `azure-identity` without a key: with the JWT of a Kubernetes service account.

import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { parse } from "yaml";

import { GRAPH, REPORTS } from "../workerd/harness/fixtures.mjs";
import { AUDIENCE, Issuer } from "../workerd/harness/issuer.mjs";
import { newKey } from "../workerd/harness/jose.mjs";
import { localCa } from "../workerd/harness/tls.mjs";
import { openWorld } from "../workerd/harness/world.mjs";
import { block } from "./harness/docs.mjs";
import { assertShown, startLibrary, stopLibraries, tokenOf } from "./harness/libraries.mjs";
import { PythonProgram, missing } from "./harness/python_program.mjs";

const SUBJECT = "system:serviceaccount:default:reports";

let world, issuer, folder;
before(async () => {
  if (missing) return;
  issuer = await Issuer.start(newKey("RS256"));
  folder = await mkdtemp(join(tmpdir(), "edge-token-broker-pod-"));
  const jwt = [{ issuer: issuer.url, audience: AUDIENCE, subject: SUBJECT }];
  const allow = [{ credential: "default", scope: GRAPH }];
  world = await openWorld({ tls: localCa().pair, bindings: { CLIENTS: { [REPORTS.id]: { jwt, allow } } } });
});
after(async () => {
  await stopLibraries(world);
  await issuer?.close();
  if (folder) await rm(folder, { recursive: true });
  await world?.close();
});

/** A program in the page's pod, with this JWT in its file. */
async function start(name, jwt) {
  const [{ env }] = parse(block("environment-kubernetes").text).spec.containers;
  const file = join(folder, crypto.randomUUID());
  await writeFile(file, jwt);
  const declared = Object.fromEntries(env.map(({ name, value }) => [name, value]));
  const own = { AZURE_AUTHORITY_HOST: world.broker.url, AZURE_FEDERATED_TOKEN_FILE: file };
  return startLibrary(world, { block: name, env: [], start: PythonProgram.start }, { env: { ...declared, ...own } });
}

test("a service account's token, from as many processes as there are", { skip: missing }, async () => {
  const jwt = issuer.sign({ sub: SUBJECT });
  const token = tokenOf(world, await (await start("python-azure-identity-workload", jwt)).call());
  assert.equal(tokenOf(world, await (await start("python-azure-identity-workload", jwt)).call()), token);
});

test("DefaultAzureCredential has it in its chain", { skip: missing }, async () => {
  const program = await start("python-azure-identity-managed-identity", issuer.sign({ sub: SUBJECT }));
  tokenOf(world, await program.call());
});

for (const [what, claims] of [
  ["another service account", { sub: "system:serviceaccount:default:other" }],
  ["a token that has expired", { sub: SUBJECT, exp: Math.floor(Date.now() / 1000) - 120 }],
]) {
  test(`${what} is refused`, { skip: missing }, async () => {
    const program = await start("python-azure-identity-workload", issuer.sign(claims));
    assertShown(world, "`azure-identity`, service account", "Wrong client key", await program.call());
  });
}
