// A new user with the tarball, an empty folder and Node.js: two commands to a token, and what comes next.

import assert from "node:assert/strict";
import { copyFile, readFile, readdir, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { after, before, describe, test } from "node:test";

import { freePort } from "../workerd/harness/free_port.mjs";
import { newMachine, NODES } from "./harness/machine.mjs";
import { tarball } from "./harness/tarball.mjs";

const FIRST_TOKEN_MS = 60_000;
const KEY = /^etb_[A-Za-z0-9_-]{43}[0-9A-Za-z]{6}$/m;
const LAST_LINE = "--data-urlencode credential=github\n";
const SCOPE = "https://graph.microsoft.com/.default";

for (const version of NODES) {
  describe(`Node.js ${version}`, () => {
    let machine;
    let file;
    let port;
    let key;
    let started;
    let token;

    before(async () => {
      [machine, port] = [await newMachine(version), await freePort()];
      const packed = await tarball();
      file = `./${basename(packed)}`;
      await copyFile(packed, join(machine.folder, file));
    });
    after(() => machine?.close());

    const folder = () => join(machine.folder, "my-broker");
    const npx = (line, options = {}) =>
      machine.shell(`npx edge-token-broker ${line}`, { cwd: "my-broker", ...options });

    test("the machine has no Rust and no wrangler", async () => {
      for (const name of ["cargo", "rustc", "rustup", "wrangler", "wasm-bindgen"])
        assert.notEqual((await machine.shell(`command -v ${name}`)).code, 0, name);
      assert.equal((await machine.shell("node --version")).stdout.trim(), `v${version}`);
    });

    test("two commands to a token, in less than a minute", async () => {
      const begin = performance.now();
      const made = await machine.shell(`npx --yes ${file} init my-broker`);
      assert.equal(made.code, 0, made.stderr);
      [key] = KEY.exec(made.stdout);
      started = await machine.start(`npx edge-token-broker start --port ${port}`, LAST_LINE, { cwd: "my-broker" });
      const curl = /^curl -i -G .*$/m.exec(started.output)[0];
      const answer = await machine.shell(curl);
      const took = performance.now() - begin;
      assert.match(answer.stdout, /^HTTP\/1\.1 200 OK/);
      assert.match(answer.stdout, /^Cache-Status: edge-token-broker; fwd=miss; stored/m);
      token = JSON.parse(answer.stdout.split("\r\n\r\n")[1]).access_token;
      assert.ok(token);
      assert.ok(took < FIRST_TOKEN_MS, `${Math.round(took)} ms`);
      const again = await machine.shell(curl);
      assert.match(again.stdout, /^Cache-Status: edge-token-broker; hit; ttl=\d+; detail=(isolate|kv)/m);
      assert.equal(JSON.parse(again.stdout.split("\r\n\r\n")[1]).access_token, token);
      assert.ok(!started.output.includes(token));
    });

    test("the first client's key is good, and in no file", async () => {
      const url = `http://127.0.0.1:${port}/token?scope=${encodeURIComponent(SCOPE)}`;
      const answer = await machine.shell(`curl -s '${url}' -H "Authorization: Bearer $KEY"`, { env: { KEY: key } });
      assert.equal(JSON.parse(answer.stdout).access_token, token);
      for (const path of await readdir(folder(), { withFileTypes: true }))
        if (path.isFile()) assert.ok(!(await readFile(join(folder(), path.name), "utf8")).includes(key), path.name);
    });

    test("a second init writes nothing", async () => {
      const toml = join(folder(), "wrangler.toml");
      const before = await readFile(toml, "utf8");
      const again = await machine.shell(`npx --yes ${file} init my-broker --no-install`);
      assert.equal(again.code, 1);
      assert.match(again.stderr, /^Nothing is written, because these exist already in my-broker: /m);
      assert.equal(await readFile(toml, "utf8"), before);
    });

    test("doctor finds the running broker good, and shows no key", async () => {
      const url = `http://127.0.0.1:${port}`;
      const { code, stdout, stderr } = await npx(`doctor --url ${url}`, { env: { BROKER_KEY: key } });
      assert.equal(code, 0, stdout + stderr);
      assert.match(stdout, /^ok {3}.*token/m);
      assert.match(stdout, /^Nothing failed: /m);
      for (const secret of [key, token]) assert.ok(!(stdout + stderr).includes(secret));
    });

    test("a new client, its entry pasted, and what it may get", async () => {
      const { code, stdout } = await npx("new-client reports");
      assert.equal(code, 0);
      const reports = KEY.exec(stdout)[0];
      const toml = join(folder(), "wrangler.toml");
      const entry = stdout.slice(stdout.indexOf("[vars.CLIENTS.reports]"));
      await writeFile(toml, `${(await readFile(toml, "utf8")).trimEnd()}\n\n${entry}`);
      await writeFile(join(folder(), ".dev.vars"), "AZ_TENANT=t.example\nAZ_CLIENT_ID=app\nAZ_CLIENT_SECRET=s3cret\n");

      const verified = await npx("new-client reports --verify", { input: reports });
      assert.equal(verified.stdout, "good: it is a key of client reports.\n");
      const allowed = await npx(`explain --local --client reports --scope ${SCOPE}`);
      assert.match(allowed.stdout, /^allowed: by the grant https:\/\/graph/);
      assert.equal(allowed.code, 0);
      const refused = await npx("explain --local --client reports --scope https://vault.azure.net/.default");
      assert.match(refused.stdout, /^refused: /);
      assert.equal(refused.code, 1);
    });

    test("without values the configuration has faults, which have names", async () => {
      const { code, stdout } = await npx("explain");
      assert.match(stdout, /^ {2}AZ_TENANT: /m);
      assert.equal(code, 2);
    });

    test("what wrangler would upload is the Worker of the package", async () => {
      const { code, stdout, stderr } = await machine.shell("npx wrangler deploy --dry-run --outdir out", {
        cwd: "my-broker",
      });
      assert.equal(code, 0, stderr);
      assert.match(stdout, /COORDINATOR/);
      const wasm = (await readdir(join(folder(), "out"))).find((name) => name.endsWith("index_bg.wasm"));
      const built = join(folder(), "node_modules", "edge-token-broker", "build", "index_bg.wasm");
      assert.ok((await readFile(join(folder(), "out", wasm))).equals(await readFile(built)));
    });

    test("doctor says what is wrong with a broken broker, and with none", async () => {
      await started.stop();
      const url = `http://127.0.0.1:${port}`;
      const none = await npx(`doctor --url ${url} --json`, { env: { BROKER_KEY: key } });
      assert.equal(none.code, 1);
      const { ok, checks } = JSON.parse(none.stdout);
      const failed = checks.filter(({ level }) => level === "fail");
      assert.ok(!ok && failed.length > 0 && failed.every(({ toDo }) => toDo), none.stdout);

      await writeFile(join(folder(), ".dev.vars"), "AZ_TENANT=t.example\n");
      const dev = `npx wrangler dev --ip 127.0.0.1 --port ${port} --local-upstream 127.0.0.1:${port}`;
      const broken = await machine.start(dev, "Ready on", { cwd: "my-broker" });
      const { code, stdout } = await npx(`doctor --url ${url}`, { env: { BROKER_KEY: key } });
      assert.equal(code, 1, stdout);
      assert.match(stdout, /^FAIL .*503/m);
      assert.ok(!stdout.includes(key));
      await broken.stop();
    });

    test("help, version, and a command that does not exist", async () => {
      const help = await npx("--help");
      for (const name of ["init", "start", "new-client", "explain", "issuer-key", "doctor"]) {
        assert.match(help.stdout, new RegExp(`^  ${name} `, "m"));
        const own = await npx(`${name} --help`);
        assert.equal(own.code, 0, name);
        assert.match(own.stdout, new RegExp(`^Usage: npx edge-token-broker ${name}`));
        assert.match(own.stdout, /^Exit codes: 0 /m);
      }
      assert.match((await npx("--version")).stdout, /^\d+\.\d+\.\d+\n$/);
      const unknown = await npx("explian");
      assert.equal(unknown.code, 2);
      assert.match(unknown.stderr, /^There is no such command/);
    });
  });
}
