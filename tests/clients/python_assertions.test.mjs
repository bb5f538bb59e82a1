// `azure-identity` without a key: with the JWT of a Kubernetes service account.

import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { load } from "js-yaml";

import { DEFAULT_APP, GRAPH, REPORTS, SCOPES } from "../workerd/harness/fixtures.mjs";
import { AUDIENCE, Issuer } from "../workerd/harness/issuer.mjs";
import { newKey } from "../workerd/harness/jose.mjs";
import { localCa } from "../workerd/harness/tls.mjs";
import { openWorld } from "../workerd/harness/world.mjs";
import { Api } from "./harness/api.mjs";
import { block } from "./harness/docs.mjs";
import { assertShown, startLibrary, stopLibraries, tokenOf } from "./harness/libraries.mjs";
import { PythonProgram, missing } from "./harness/python_program.mjs";

const VAULT = "https://vault.azure.net/.default";
const SUBJECT = "system:serviceaccount:default:reports";
/** azure-core asks three times more. */
const SLEEPS_MS = 3 * 2_000;
const LOAD_MS = 10_000;

let world, issuer, folder;
before(async () => {
  if (missing) return;
  issuer = await Issuer.start(newKey("RS256"));
  folder = await mkdtemp(join(tmpdir(), "edge-token-broker-pod-"));
  const jwt = [{ issuer: issuer.url, audience: AUDIENCE, subject: SUBJECT }];
  const allow = [GRAPH, VAULT, ...SCOPES].map((scope) => ({ credential: "default", scope }));
  world = await openWorld({ tls: localCa().pair, bindings: { CLIENTS: { [REPORTS.id]: { jwt, allow } } } });
});
after(async () => {
  await stopLibraries(world);
  await issuer?.close();
  if (folder) await rm(folder, { recursive: true });
  await world?.close();
});

/** A program in the page's pod, with this JWT in its file. */
async function start(name, jwt, { env: more, ...own } = {}) {
  const [{ env }] = load(block("environment-kubernetes").text).spec.containers;
  const file = join(folder, crypto.randomUUID());
  await writeFile(file, jwt);
  const declared = Object.fromEntries(env.map(({ name, value }) => [name, value]));
  const here = { AZURE_AUTHORITY_HOST: world.broker.url, AZURE_FEDERATED_TOKEN_FILE: file };
  return startLibrary(
    world,
    { block: name, env: [], start: PythonProgram.start },
    { env: { ...declared, ...here, ...more }, ...own },
  );
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

for (const [column, behaviour] of [
  ["Entra refuses the broker's credential", { refuse: 7000222 }],
  ["Entra throttles", { throttle: { retryAfter: 30 } }],
]) {
  test(`the library says soon: ${column}`, { skip: missing }, async () => {
    const scope = world.newScope();
    const program = await start("python-azure-identity-workload", issuer.sign({ sub: SUBJECT }), { scope });
    world.authority.next({ scope, ...behaviour });
    const outcome = await program.call();
    assertShown(world, "`azure-identity`, service account", column, outcome);
    assert.ok(outcome.tookMs < SLEEPS_MS + LOAD_MS, `it took ${outcome.tookMs} ms`);
  });
}

test("an SDK client in the pod answers a claims challenge", { skip: missing }, async () => {
  const vault = await Api.start(localCa().pair, (token) => world.authority.issued.includes(token));
  try {
    const texts = {
      "https://example.vault.azure.net": vault.url,
      ", credential)": ", credential, verify_challenge_resource=False)",
    };
    const env = { AZURE_TENANT_ID: DEFAULT_APP.tenant };
    const program = await start("python-azure-keyvault-secrets", issuer.sign({ sub: SUBJECT }), { texts, env });
    const rejected = tokenOf(world, await program.call());
    vault.rejected.add(rejected);
    assert.notEqual(tokenOf(world, await program.call()), rejected);
  } finally {
    await vault.close();
  }
});
