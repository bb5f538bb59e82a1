// `npm run new-client`: a key is made, rotated and verified against a configuration.

import assert from "node:assert/strict";
import { test } from "node:test";

import { keyDigest, newClientKey } from "../../cli/lib/client-key.mjs";
import { command, configuration } from "./command.mjs";

const KEY = /^etb_[A-Za-z0-9_-]{43}[0-9A-Za-z]{6}$/m;

const entry = (name, ...keys) => `[vars.CLIENTS.${name}]
key_sha256 = [${keys.map((key) => `"${keyDigest(key)}"`).join(", ")}]
allow = [{ credential = "default", scope = "https://graph.microsoft.com/.default" }]
`;
const newClient = (args, input) => command("new-client", args, input);

test("a new client's entry has the digest of the key that is shown", async () => {
  const { code, stdout } = await newClient(["reports"]);
  assert.equal(code, 0);
  const [key] = KEY.exec(stdout);
  assert.ok(stdout.includes(entry("reports", key).trim()), stdout);
});

test("a client of a credential whose server knows no scope", async () => {
  const { code, stdout } = await newClient(["ci", "--credential", "github", "--no-scope"]);
  assert.equal(code, 0);
  assert.ok(stdout.endsWith('\nallow = [{ credential = "github" }]\n'), stdout);
  const both = await newClient(["ci", "--scope", "s", "--no-scope"]);
  assert.equal(both.code, 2);
  assert.match(both.stderr, /--scope and --no-scope exclude each other/);
});

test("a client of an API, which gets no token", async () => {
  const { code, stdout } = await newClient(["page", "--api", "graph"]);
  assert.equal(code, 0);
  assert.ok(stdout.endsWith('\nallow = [{ api = "graph" }]\n'), stdout);
  for (const [args, fault] of [
    [["--api", "graph", "--scope", "s"], /--api has a credential and a scope of its own/],
    [["--api", "graph/v1"], /API is the name of an entry in APIS/],
    [["--api", "graph", "--rotate"], /--api are for a new client/],
  ]) {
    const refused = await newClient(["page", ...args]);
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, fault);
  }
});

test("a rotation from the first key to the second, each step as it is printed", async (context) => {
  const old = newClientKey();
  const before = await configuration(context, entry("reports", old));
  const rotated = await newClient(["reports", "--rotate", "--config", before]);
  const [key] = KEY.exec(rotated.stdout);
  const both = `key_sha256 = ["${keyDigest(old)}", "${keyDigest(key)}"]`;
  assert.ok(rotated.stdout.includes(`\n${both}\n`), rotated.stdout + rotated.stderr);

  const during = await configuration(context, entry("reports", old, key));
  const again = await newClient(["reports", "--rotate", "--config", during]);
  assert.equal(again.code, 1);
  assert.match(again.stderr, /has 2 keys already/);
  assert.equal(again.stdout, "");

  const finished = await newClient(["reports", "--rotate", "--finish", "--config", during]);
  assert.equal(finished.code, 0);
  assert.ok(finished.stdout.includes(`\nkey_sha256 = ["${keyDigest(key)}"]\n`), finished.stdout);
});

test("a key is verified from standard input, and never shown", async (context) => {
  const [own, nobodys] = [newClientKey(), newClientKey()];
  const path = await configuration(context, entry("reports", own));
  const verify = (key) => newClient(["reports", "--verify", "--config", path], `${key}\r\n`);
  assert.deepEqual(await verify(own), { code: 0, stdout: "good: it is a key of client reports.\n", stderr: "" });
  const { code, stdout, stderr } = await verify(nobodys);
  assert.equal(code, 1);
  assert.match(stdout, /^wrong: /);
  assert.ok(!(stdout + stderr).includes(nobodys));
});

test("a key on the command line is refused, and not repeated", async () => {
  const key = newClientKey();
  const { code, stdout, stderr } = await newClient(["reports", key, "--verify"]);
  assert.equal(code, 2);
  assert.match(stderr, /read from standard input/);
  assert.ok(!(stdout + stderr).includes(key));
});

test("another environment, and the clients of .dev.vars", async (context) => {
  const [production, staging, local] = [newClientKey(), newClientKey(), newClientKey()];
  const text = JSON.stringify({ dev: { key_sha256: [keyDigest(local)] } });
  const toml = entry("reports", production) + entry("reports", staging).replace("vars", "env.staging.vars");
  const path = await configuration(context, toml, `CLIENTS='${text}'\n`);
  const verify = (args, key) => newClient([...args, "--verify", "--config", path], key);

  assert.equal((await verify(["reports"], production)).code, 0);
  assert.equal((await verify(["reports", "--env", "staging"], staging)).code, 0);
  const unknown = await verify(["reports", "--env", "stagign"], staging);
  assert.equal(unknown.code, 2);
  assert.match(unknown.stderr, /stagign/);
  assert.match((await verify(["dev"], local)).stderr, /CLIENTS has no client dev/);

  const rotated = await newClient(["dev", "--local", "--rotate", "--config", path]);
  assert.ok(rotated.stdout.includes(`"key_sha256": ["${keyDigest(local)}", "`), rotated.stdout + rotated.stderr);
});

test("--json is one line for a program, from the first key to the second", async (context) => {
  const json = async (args, input) => {
    const { code, stdout, stderr } = await newClient([...args, "--json"], input);
    assert.match(stdout, /^\{.*\}\n$/, stderr);
    return { code, ...JSON.parse(stdout) };
  };
  const allow = [{ credential: "default", scope: "https://graph.microsoft.com/.default" }];
  const { key: first, ...made } = await json(["reports"]);
  assert.match(first, KEY);
  assert.deepEqual(made, { code: 0, client: "reports", entry: { key_sha256: [keyDigest(first)], allow } });

  const before = await configuration(context, entry("reports", first));
  const { key: second, ...rotated } = await json(["reports", "--rotate", "--config", before]);
  const both = [keyDigest(first), keyDigest(second)];
  assert.deepEqual(rotated, { code: 0, client: "reports", entry: { key_sha256: both, allow } });

  const during = await configuration(context, entry("reports", first, second));
  const finished = await json(["reports", "--rotate", "--finish", "--config", during]);
  assert.deepEqual(finished, { code: 0, client: "reports", entry: { key_sha256: [keyDigest(second)], allow } });
  const verified = await json(["reports", "--verify", "--config", during], newClientKey());
  assert.deepEqual([verified.code, verified.good], [1, false]);
  assert.match(verified.sentence, /^wrong: /);
});
