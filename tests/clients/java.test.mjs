// The Java program of docs/callers.md, run from its source. Without a JDK that can do that it is skipped, and says so.

import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { REPORTS } from "../workerd/harness/fixtures.mjs";
import { localCa } from "../workerd/harness/tls.mjs";
import { openWorld } from "../workerd/harness/world.mjs";
import { runProgram } from "./harness/child.mjs";
import { block, environment } from "./harness/docs.mjs";

const ca = localCa();
/** Java trusts only what its own store has. */
const PASSWORD = "changeit";
/** The first one with java.net.http that runs a program from its source. */
const OLDEST = 11;
const skip = (await Promise.all(["javac", "java"].map(fault))).find(Boolean) ?? false;

let folder;
let world;

before(async () => {
  if (skip) return;
  folder = await mkdtemp(join(tmpdir(), "edge-token-broker-java-"));
  await writeFile(join(folder, "Token.java"), block("java").text);
  const options = ["-noprompt", "-alias", "ca", "-file", ca.file, "-keystore", join(folder, "trusted"), "-storepass"];
  const { code, stderr } = await runProgram("keytool", ["-importcert", ...options, PASSWORD]);
  assert.equal(code, 0, stderr);
  world = await openWorld({ tls: ca.pair });
});
after(async () => {
  await world?.close();
  if (folder) await rm(folder, { recursive: true });
});

/**
 * Why a command of the JDK cannot be used. Some systems have stubs that only say where to get a JDK. An old `javac` prints
 * its version to stderr, and Java 8 calls itself 1.8.
 */
async function fault(command) {
  const { code, stdout, stderr } = await runProgram(command, ["-version"]).catch(() => ({ code: "not found" }));
  if (code !== 0) return `no JDK on this machine (${command}: ${code})`;
  const version = /(?:javac |version ")(\d+)/.exec(stdout + stderr)?.[1];
  return Number(version) >= OLDEST ? undefined : `the JDK is older than version ${OLDEST}`;
}

/** The program's outcome, with this client key. */
function run(key, broker = world.broker.url) {
  const env = environment(["environment"], { BROKER: broker, BROKER_CLIENT_ID: REPORTS.id, BROKER_KEY: key });
  const store = [
    `-Djavax.net.ssl.trustStore=${join(folder, "trusted")}`,
    `-Djavax.net.ssl.trustStorePassword=${PASSWORD}`,
  ];
  return runProgram("java", [...store, join(folder, "Token.java")], { env });
}

test("java.net.http gets a token", { skip }, async () => {
  const { code, stdout, stderr } = await run(REPORTS.key);
  assert.equal(code, 0, stderr);
  assert.deepEqual([stdout.trim()], world.authority.issued);
});

test("a refusal has the broker's words", { skip }, async () => {
  const { code, stderr } = await run(`etb_${"A".repeat(43)}`);
  assert.equal(code, 1);
  assert.match(stderr, /IllegalStateException: \{"error":"invalid_token"/);
});

test("without a broker there is no connection", { skip }, async () => {
  const { code, stderr } = await run(REPORTS.key, "https://127.0.0.1:1");
  assert.equal(code, 1);
  assert.match(stderr, /ConnectException/);
});
