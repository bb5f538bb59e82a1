// Every test file ends with a sweep of its logs, bodies, headers and KV values for every secret, key and token that it
// used (harness/world.mjs, close). This is that the sweep finds what it looks for.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";

import { DEFAULT_APP, REPORTS } from "./harness/fixtures.mjs";
import { Sweep } from "./harness/sweep.mjs";
import { openWorld } from "./harness/world.mjs";

const SECRET = `${randomBytes(15).toString("base64url")}+/=&% "${randomBytes(5).toString("base64url")}`;

for (const [how, write] of [
  ["as it is", (secret) => secret],
  ["inside JSON", (secret) => JSON.stringify({ client_secret: secret })],
  ["percent-encoded", (secret) => `client_secret=${encodeURIComponent(secret)}`],
  ["form-urlencoded", (secret) => new URLSearchParams({ client_secret: secret }).toString()],
  ["in hexadecimal", (secret) => Buffer.from(secret).toString("hex")],
  ["in a Basic header", (secret) => `Basic ${Buffer.from(`id:${secret}`).toString("base64")}`],
  ["in base64url behind one character", (secret) => Buffer.from(`x${secret}`).toString("base64url")],
  ["in the base64 of itself", (secret) => Buffer.from(secret).toString("base64")],
  ["in binary", (secret) => Buffer.concat([randomBytes(7), Buffer.from(secret), randomBytes(7)])],
]) {
  test(`a secret written ${how} is found`, () => {
    const sweep = new Sweep();
    sweep.secret("client secret", SECRET);
    sweep.record("log", "nothing here");
    assert.deepEqual(sweep.findings(), []);
    sweep.record("log", write(SECRET));
    assert.deepEqual(sweep.findings(), ["client secret in log"]);
  });
}

test("the claims or the signature of a token alone are found", () => {
  for (const part of [1, 2]) {
    const token = Array.from({ length: 3 }, () => randomBytes(40).toString("base64url")).join(".");
    const sweep = new Sweep();
    sweep.token(token);
    sweep.record("log", `token ${token.split(".")[part]}`);
    assert.deepEqual(sweep.findings(), ["part of an access token in log"]);
  }
});

test("a finding never shows the secret", () => {
  const sweep = new Sweep();
  sweep.secret("client secret", SECRET);
  sweep.record("log", SECRET);
  assert.ok(!sweep.findings().join().includes(SECRET));
});

test("a Worker that logs a key and answers with it does not pass", async () => {
  const leaky = `
    export default {
      fetch(request) {
        const authorization = request.headers.get("authorization");
        console.log("request with " + authorization);
        return new Response("unknown: " + authorization, { status: 401, headers: { "x-debug": authorization } });
      },
    };`;
  const world = await openWorld({ front: leaky, foreign: ["/token"] });
  await world.getToken({ client: REPORTS });
  await assert.rejects(world.close(), ({ message }) => {
    for (const where of ["log", "reply with status 401 to /token", "response headers"]) {
      assert.ok(message.includes(`client key in ${where}`), message);
    }
    return true;
  });
});

test("a KV value in plain text does not pass", async () => {
  const world = await openWorld();
  world.kv.operations.push({ op: "put", key: "token:x", value: Buffer.from(`secret=${DEFAULT_APP.secrets[1]}`) });
  await assert.rejects(world.close(), /client secret in KV value/);
});

test("a Worker that panics does not pass", async () => {
  const panicking = `export default { fetch() { throw new WebAssembly.RuntimeError("unreachable"); } };`;
  const world = await openWorld({ front: panicking, foreign: ["/"] });
  await world.fetch("/");
  await assert.rejects(world.close(), /the Worker broke/);
});
