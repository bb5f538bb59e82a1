// TLS on this machine: strict verifiers trust what the stand-in's certificate authority certified, and nothing beyond
// this machine. The broker serves with it.

import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { connect } from "node:tls";
import { promisify } from "node:util";

import { issue, newCa } from "../../stand-in/ca.mjs";
import { assertHit, assertMiss, assertToken } from "./harness/expect.mjs";
import { localCa } from "./harness/tls.mjs";
import { withWorld } from "./harness/world.mjs";

const execute = promisify(execFile);
const CA = newCa();
const NAMES = ["localhost", "127.0.0.1", "::1"];
/** Says `trusted`, or why not. VERIFY_X509_STRICT is in Python's default context since 3.13. */
const STRICT_PYTHON = `
import socket, ssl, sys
context = ssl.create_default_context(cafile=sys.argv[1])
context.verify_flags |= ssl.VERIFY_X509_STRICT
try:
    with socket.create_connection(("127.0.0.1", int(sys.argv[2]))) as connection:
        context.wrap_socket(connection, server_hostname=sys.argv[3]).close()
    print("trusted")
except ssl.SSLCertVerificationError as error:
    print(error.verify_message)
`;

/** A test of a program that may not be there. */
const needs = (program) => ({ skip: spawnSync(program, ["--version"]).error && `there is no ${program}` });

describe("a certificate of the authority", () => {
  let folder;
  let caFile;
  let servers;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "edge-token-broker-ca-test-"));
    caFile = await file("ca", CA.certificate);
    servers = { local: await listen(issue(CA)), foreign: await listen(issue(CA, { names: ["example.com"] })) };
  });
  after(async () => {
    for (const { server } of Object.values(servers ?? {})) server.close();
    await rm(folder, { recursive: true, force: true });
  });

  async function file(name, text) {
    const path = join(folder, `${name}.pem`);
    await writeFile(path, text);
    return path;
  }

  async function listen({ key, certificate }) {
    const server = createServer({ key, cert: certificate }, (_, response) => response.end()).listen(0, "127.0.0.1");
    await once(server, "listening");
    return { server, port: server.address().port };
  }

  async function connectTo({ port }, servername) {
    const socket = connect({ port, host: "127.0.0.1", ca: CA.certificate, servername });
    await once(socket, "secureConnect");
    socket.destroy();
  }

  test("is good for this machine's names, from yesterday for 397 days", () => {
    const leaf = new X509Certificate(issue(CA).certificate);
    assert.ok(leaf.verify(new X509Certificate(CA.certificate).publicKey));
    assert.equal(leaf.checkHost("localhost"), "localhost");
    for (const address of ["127.0.0.1", "::1"]) assert.equal(leaf.checkIP(address), address);
    assert.equal(leaf.checkHost("example.com"), undefined);
    const [from, to] = [leaf.validFrom, leaf.validTo].map((date) => Date.parse(date));
    assert.ok(from < Date.now() && to - from <= 398 * 86_400_000, `${leaf.validFrom} ${leaf.validTo}`);
  });

  test("Node.js trusts it", async () => {
    await connectTo(servers.local, "localhost");
    await connectTo(servers.local); // by its address
    await assert.rejects(connectTo(servers.foreign, "example.com"), /permitted subtree violation/);
  });

  test("OpenSSL's strict verification trusts it", needs("openssl"), async () => {
    const verify = async (pair, ...args) =>
      execute("openssl", ["verify", "-x509_strict", "-purpose", "sslserver", "-CAfile", caFile, ...args, pair]);
    const local = await file("local", issue(CA).certificate);
    for (const args of [
      ["-verify_hostname", "localhost"],
      ["-verify_ip", "127.0.0.1"],
      ["-verify_ip", "::1"],
    ])
      await verify(local, ...args);
    const foreign = await file("foreign", issue(CA, { names: ["example.com"] }).certificate);
    await assert.rejects(verify(foreign), /permitted subtree violation/);
  });

  test("the authority certifies TLS servers only, and no other authority", needs("openssl"), async () => {
    const shown = ["x509", "-in", caFile, "-noout", "-ext", "basicConstraints,extendedKeyUsage"];
    const { stdout } = await execute("openssl", shown);
    assert.match(stdout, /CA:TRUE, pathlen:0/);
    assert.match(stdout, /Extended Key Usage:\s+TLS Web Server Authentication\s*$/);
  });

  test("Python's strict verification trusts it", needs("python3"), async () => {
    const python = async (port, name) =>
      (await execute("python3", ["-c", STRICT_PYTHON, caFile, String(port), name])).stdout.trim();
    for (const name of NAMES) assert.equal(await python(servers.local.port, name), "trusted");
    assert.equal(await python(servers.foreign.port, "example.com"), "permitted subtree violation");
  });
});

test("the broker serves over TLS", () => {
  const ca = localCa();
  return withWorld({ tls: ca.pair }, async (world) => {
    assert.match(world.broker.url, /^https:\/\/127\.0\.0\.1:\d+$/);
    const scope = world.newScope();
    const first = await world.getToken({ scope });
    assertMiss(first);
    assertToken(first);
    assertHit(await world.postToken({ scope }), "isolate");

    const script = `fetch("${world.broker.url}/readyz").then(({ status }) => console.log(status))`;
    const { stdout } = await execute(process.execPath, ["-e", script], { env: ca.env });
    assert.equal(stdout.trim(), "200");
  });
});
