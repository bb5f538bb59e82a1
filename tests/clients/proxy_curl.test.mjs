// curl and the `fetch` of Node.js through the proxy, as docs/proxy.md has them.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { REPORTS } from "../workerd/harness/fixtures.mjs";
import { localCa } from "../workerd/harness/tls.mjs";
import { runShell } from "./harness/child.mjs";
import { block } from "./harness/docs.mjs";
import { NodeProgram } from "./harness/node_program.mjs";
import { openProxied, variables } from "./harness/proxied.mjs";

/** `--fail-with-body` came with curl 7.76. */
const { stdout: help } = await runShell("curl --help all || true", {});
const skip = help.includes("--fail-with-body") ? false : "no curl of version 7.76 or later on this machine";

let proxied;
before(async () => (proxied = await openProxied()));
after(() => proxied?.close());

const curl = (name, own = {}) =>
  runShell(block(name).text, { env: { ...variables(proxied), SSL_CERT_FILE: localCa().file, ...own } });

for (const name of ["proxy-curl", "proxy-curl-basic"]) {
  test(`${name} prints the API's answer`, { skip }, async () => {
    const { code, stdout, stderr } = await curl(name);
    assert.equal(code, 0, stderr);
    assert.equal(JSON.parse(stdout).value[0].displayName, "Ada Lovelace");
    const { target, headers } = proxied.apis.graph.last;
    assert.equal(target, "/v1.0/users?$select=displayName");
    assert.ok(!headers.authorization.includes(REPORTS.key));
  });

  test(`${name} with a wrong key prints the broker's answer, and fails`, { skip }, async () => {
    const received = proxied.apis.graph.received.length;
    const { code, stdout } = await curl(name, { BROKER_KEY: `etb_${"A".repeat(43)}` });
    assert.equal(code, 22);
    assert.equal(JSON.parse(stdout).error, "invalid_token");
    assert.equal(proxied.apis.graph.received.length, received);
  });
}

test("the program of the page sends a message", async () => {
  const program = await NodeProgram.start(block("proxy-fetch").text, variables(proxied));
  const { error } = await program.call("ada@example.com", { subject: "Hello" });
  await program.stop();
  assert.equal(error?.text, undefined);
  const { method, path, body } = proxied.apis.graph.last;
  assert.deepEqual([method, path], ["POST", "/v1.0/users/ada%40example.com/sendMail"]);
  assert.deepEqual(JSON.parse(body), { message: { subject: "Hello" } });
});
