// `npm start` as a new user meets it, on wrangler's own workerd and KV: the lines that it prints, pasted, return a token.

import assert from "node:assert/strict";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { freePort } from "./harness/free_port.mjs";
import { cloneWithBuild, npmStart, paste } from "./harness/local_start.mjs";

let directory;
let port;
let npm;
let output;
/** The printed commands. */
let curls;

before(async () => {
  directory = await cloneWithBuild();
  port = await freePort();
  npm = await npmStart(directory, ["--port", String(port)]);
  output = npm.output;
  curls = npm.paragraphs.filter((paragraph) => paragraph.startsWith("curl "));
});

after(async () => {
  await npm?.stop();
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
