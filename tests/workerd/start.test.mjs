// `npm start` as a new user meets it, on wrangler's own workerd and KV: the lines that it prints, pasted, return a token.

import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const START_DEADLINE_MS = 60_000;
/** The end of what `npm start` prints. */
const LAST_LINE = "--data-urlencode credential=github\n";
const PARTS = [
  "package.json",
  "package-lock.json",
  ".npmrc",
  "wrangler.toml",
  "Cargo.toml",
  "Cargo.lock",
  "rust-toolchain.toml",
  "scripts",
  "src",
  "stand-in",
  "tools",
  "build",
];

let directory;
let port;
let npm;
let output = "";
/** The printed commands. */
let curls;

before(async () => {
  directory = await cloneWithBuild();
  port = await freePort();
  npm = spawn("npm", ["start", "--", "--port", String(port)], { cwd: directory, stdio: ["ignore", "pipe", "pipe"] });
  const printed = new Promise((resolve, reject) => {
    for (const stream of [npm.stdout, npm.stderr]) {
      stream.setEncoding("utf8").on("data", (text) => {
        output += text;
        if (output.includes(LAST_LINE)) resolve();
      });
    }
    const fail = (what) => () => reject(new Error(`npm start ${what}:\n${output}`));
    npm.once("error", reject).once("close", fail("ended"));
    setTimeout(fail("did not print its curl lines"), START_DEADLINE_MS).unref();
  });
  await printed;
  curls = output.split(/\n\s*\n/).filter((paragraph) => paragraph.startsWith("curl "));
});

after(async () => {
  if (npm?.exitCode === null) {
    const closed = once(npm, "close"); // only when the last process that holds its output has gone
    npm.kill("SIGTERM");
    await closed;
  }
  if (directory) await rm(directory, { recursive: true, force: true });
});

test("the pasted lines return a token: first fwd=miss, then hit, on both routes", async () => {
  assert.equal(curls.length, 3, output);
  const first = await paste(curls[0]);
  const second = await paste(curls[0]);
  const posted = await paste(curls[1]);

  assert.equal(first.cacheStatus, "edge-token-broker; fwd=miss; stored");
  for (const { cacheStatus } of [second, posted]) {
    assert.match(cacheStatus, /^edge-token-broker; hit; ttl=\d+; detail=(isolate|kv)$/);
  }
  for (const { status, body } of [first, second, posted]) {
    assert.equal(status, 200);
    assert.equal(body.access_token, first.body.access_token);
    assert.ok(body.expires_in > 3500);
  }

  const { clientSecret } = JSON.parse(await readFile(join(directory, ".wrangler", "local", `${port}.json`), "utf8"));
  assert.ok(!output.includes(clientSecret), "the client secret was printed");
  assert.ok(!output.includes(first.body.access_token), "the token was printed");
});

test("the other lines return a token of each kind of credential", async () => {
  const lines = curls[2].trim().split("\n");
  assert.deepEqual(lines.map((line) => /credential=(.*)$/.exec(line)?.[1]).sort(), [
    "auth0",
    "certificate",
    "federated",
    "github",
    "google",
    "keycloak",
    "okta",
    "resource",
    "salesforce",
  ]);
  for (const line of lines) {
    const command = line.replace("curl ", "curl -i ");
    const first = await paste(command);
    const again = await paste(command);
    const { status, body } = first;
    assert.equal(status, 200, `${line}: ${JSON.stringify(body)}`);
    assert.ok(body.access_token && !output.includes(body.access_token));
    assert.match(first.cacheStatus, /^edge-token-broker; fwd=miss/);
    assert.match(again.cacheStatus, /^edge-token-broker; hit;/);
    assert.equal(again.body.access_token, body.access_token);
    assert.equal(typeof body.instance_url, line.endsWith("=salesforce") ? "string" : "undefined");
  }
  const state = JSON.parse(await readFile(join(directory, ".wrangler", "local", `${port}.json`), "utf8"));
  const secrets = Object.entries(state.keys).filter(([name]) => name !== "certificate");
  assert.ok(secrets.length > 0 && secrets.every(([, secret]) => !output.includes(secret)), "a key was printed");
});

/** The project without its state and its operator's secrets: what is in .dev.vars must never be used by a test. */
async function cloneWithBuild() {
  const target = await mkdtemp(join(tmpdir(), "edge-token-broker-start-"));
  // A broken build leaves a lock and temporary files behind.
  const filter = (path) => ![".lock", ".tmp"].includes(basename(path));
  for (const part of PARTS) await cp(join(ROOT, part), join(target, part), { recursive: true, filter });
  await symlink(join(ROOT, "node_modules"), join(target, "node_modules"), "junction");
  // With a domain of its own, as after going live: wrangler then shows the Worker http URLs of that domain.
  const toml = join(target, "wrangler.toml");
  const route = `routes = [{ pattern = "broker.example.com", custom_domain = true }]\n`;
  await writeFile(toml, route + (await readFile(toml, "utf8")));
  return target;
}

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port: free } = server.address();
  server.close();
  await once(server, "close");
  return free;
}

/** Runs a command in a shell, as a person would, and takes the response that `curl -i` prints apart. */
async function paste(command) {
  const { stdout } = await promisify(execFile)("sh", ["-c", command]);
  const [head, body] = stdout.split("\r\n\r\n");
  const [status, ...headers] = head.split("\r\n");
  const cacheStatus = headers.find((line) => /^cache-status:/i.test(line))?.replace(/^[^:]*: */, "");
  return { status: Number(status.split(" ")[1]), cacheStatus, body: JSON.parse(body) };
}
