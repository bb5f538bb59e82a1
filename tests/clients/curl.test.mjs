// The curl lines of docs/callers.md, in a shell that has only the variables of that page.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { REPORTS } from "../workerd/harness/fixtures.mjs";
import { localCa } from "../workerd/harness/tls.mjs";
import { openWorld } from "../workerd/harness/world.mjs";
import { runShell } from "./harness/child.mjs";
import { block, environment } from "./harness/docs.mjs";

const ca = localCa();
/** `--fail-with-body` came with curl 7.76. */
const { stdout: help } = await runShell("curl --help all || true", {});
const skip = help.includes("--fail-with-body") ? false : "no curl of version 7.76 or later on this machine";
let world;

before(async () => {
  if (skip) return;
  world = await openWorld({ tls: ca.pair });
});
after(() => world?.close());

const given = () => ({ BROKER: world.broker.url, BROKER_CLIENT_ID: REPORTS.id, BROKER_KEY: REPORTS.key });

async function shell(name) {
  const env = { ...environment(["environment", "environment-managed-identity"], given()), SSL_CERT_FILE: ca.file };
  const { code, stdout, stderr } = await runShell(block(name).text, { env });
  assert.equal(code, 0, `${stdout}\n${stderr}`);
  return JSON.parse(stdout);
}

test("all routes give the same token", { skip }, async () => {
  const posted = await shell("curl-token-endpoint");
  assert.ok(posted.access_token);
  for (const name of ["curl-get", "curl-managed-identity"]) {
    assert.equal((await shell(name)).access_token, posted.access_token, name);
  }
  assert.equal(world.authority.requests.length, 1);
});

test("a refusal ends the command, and its reason is printed", { skip }, async () => {
  const env = {
    ...environment(["environment"], { ...given(), BROKER_KEY: `etb_${"A".repeat(43)}` }),
    SSL_CERT_FILE: ca.file,
  };
  const { code, stdout } = await runShell(block("curl-get").text, { env });
  assert.equal(code, 22);
  assert.equal(JSON.parse(stdout).error, "invalid_token");
});

test("curl ends with 7 where no broker listens", async () => {
  const env = {
    ...environment(["environment"], { ...given(), BROKER: "https://127.0.0.1:1" }),
    SSL_CERT_FILE: ca.file,
  };
  assert.equal((await runShell(block("curl-get").text, { env })).code, 7);
});
