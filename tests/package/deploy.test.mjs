// A deploy from the package, by real wrangler at a stand-in for Cloudflare's API: the first one, the next one, the one of
// somebody who had the repository's Worker, and the steps of docs/deploy.yml, in order.

import assert from "node:assert/strict";
import { copyFile, cp, readFile, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";

import * as yaml from "js-yaml";

import { freePort } from "../workerd/harness/free_port.mjs";
import { Cloudflare } from "./harness/cloudflare.mjs";
import { newMachine, NODES } from "./harness/machine.mjs";
import { tarball } from "./harness/tarball.mjs";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const SOURCE = "edge-token-broker";
const KEY = /^etb_[A-Za-z0-9_-]{43}[0-9A-Za-z]{6}$/m;

let machine;
let api;
let key;

before(async () => {
  [machine, api] = [await newMachine(NODES.at(-1)), await Cloudflare.start()];
  const file = await tarball();
  await copyFile(file, join(machine.folder, basename(file)));
  const flags = "--tenant contoso.example --client-id app";
  const made = await machine.shell(`npx --yes ./${basename(file)} init my-broker ${flags}`);
  assert.equal(made.code, 0, made.stderr);
  [key] = KEY.exec(made.stdout);
});
after(async () => {
  await machine?.close();
  await api?.close();
});

const file = (name) => join(machine.folder, "my-broker", name);
const shell = (line, env = {}) => machine.shell(line, { cwd: "my-broker", env: { ...api.env, ...env } });
const done = ({ code, stdout, stderr }) => assert.equal(code, 0, `${stdout}${stderr}`);
const worker = (name) => api.workers.get(name);
const last = (name) => worker(name).uploads.at(-1);
const namespaceOf = (name) => worker(name).bindings.get("TOKENS").namespace_id;

/** Another folder like that of the broker, with its packages. */
const copyFolder = (name) =>
  cp(join(machine.folder, "my-broker"), join(machine.folder, name), { recursive: true, verbatimSymlinks: true });

/** The commands of the workflow. */
async function steps() {
  const { jobs } = /** @type {any} */ (yaml.load(await readFile(join(ROOT, "docs", "deploy.yml"), "utf8")));
  return jobs.deploy.steps.filter(({ run }) => run !== undefined);
}

describe("a first deploy, with nobody to ask", () => {
  test("it creates the namespace and both classes", async () => {
    done(await shell("npx wrangler deploy"));
    assert.deepEqual(
      api.namespaces.map(({ title }) => title),
      ["my-broker-tokens"],
    );
    assert.deepEqual(last("my-broker").migrations, {
      new_tag: "v2",
      steps: [{ new_sqlite_classes: ["TokenCoordinator"] }, { new_sqlite_classes: ["AssertionLedger"] }],
    });
  });

  test("the next one keeps them, and the secrets", async () => {
    const namespace = namespaceOf("my-broker");
    api.asked.length = 0;
    worker("my-broker").bindings.set("AZ_CLIENT_SECRET", { name: "AZ_CLIENT_SECRET", type: "secret_text" });
    done(await shell("npm run deploy"));
    assert.equal(namespaceOf("my-broker"), namespace);
    assert.equal(api.namespaces.length, 1);
    assert.equal(last("my-broker").migrations, undefined);
    assert.ok(worker("my-broker").bindings.has("AZ_CLIENT_SECRET"));
    // The API token needs no permission but the one for Workers.
    assert.deepEqual(
      api.asked.filter((path) => !path.startsWith("/workers/")),
      [],
    );
  });

  test("it asks Cloudflare for nothing that the stand-in does not know", () => assert.deepEqual(api.unknown, []));
});

test("the folder of the deploy button deploys as it is, once the package is there", async () => {
  await copyFolder("clone");
  await cp(join(ROOT, "template"), join(machine.folder, "clone"), { recursive: true });
  done(await machine.shell("npm run deploy", { cwd: "clone", env: api.env }));
  assert.equal(last(SOURCE).bindings.find(({ name }) => name === "CLIENTS").text, "");
  api.remove(SOURCE);
});

test("from the release in source to the package: the name is enough to keep everything", async () => {
  const toml = await readFile(join(ROOT, "tests", "upgrade", "v0.1.0", "wrangler.toml"), "utf8");
  const own = await readFile(file("wrangler.toml"), "utf8");
  const release = toml.replace(/^main = .*$/m, 'main = "src/index.js"').replace(/^\[build\]\n(.+\n)+/m, "");
  await writeFile(file("release.toml"), release);
  done(await shell("npx wrangler deploy --config release.toml"));
  const namespace = namespaceOf(SOURCE);
  worker(SOURCE).bindings.set("AZ_CLIENT_SECRET", { name: "AZ_CLIENT_SECRET", type: "secret_text" });

  await writeFile(file("wrangler.toml"), own.replace(/^name = .*$/m, `name = "${SOURCE}"`));
  done(await shell("npx wrangler deploy"));
  await writeFile(file("wrangler.toml"), own);
  assert.equal(namespaceOf(SOURCE), namespace);
  assert.equal(last(SOURCE).migrations, undefined);
  assert.ok(worker(SOURCE).bindings.has("AZ_CLIENT_SECRET"));
});

test("the environment of docs/deploy.md is a broker of its own", async () => {
  const text = await readFile(join(ROOT, "docs", "deploy.md"), "utf8");
  const [, environment] = /## Environments\n[^]*?```toml\n([^]*?)```/.exec(text);
  const own = await readFile(file("wrangler.toml"), "utf8");
  await writeFile(
    file("wrangler.toml"),
    `${own}\n${environment.replace(/<64.*>/, "00ff".repeat(16)).replace(/<id.*>/, "app")}`,
  );
  done(await shell("npx edge-token-broker explain --env staging"));
  done(await shell("npx wrangler deploy --env staging"));
  await writeFile(file("wrangler.toml"), own);
  assert.equal(api.namespaces.at(-1).title, "my-broker-staging-tokens");
  for (const name of ["COORDINATOR", "ASSERTIONS"]) assert.ok(worker("my-broker-staging").bindings.has(name));
  assert.equal(worker("my-broker-staging").tag, "v2");
});

test("a Worker from before the migration v2 gets it, and only it", async () => {
  worker("my-broker").tag = "v1";
  done(await shell("npx wrangler deploy"));
  const steps = [{ new_sqlite_classes: ["AssertionLedger"] }];
  assert.deepEqual(last("my-broker").migrations, { old_tag: "v1", new_tag: "v2", steps });
});

describe("the workflow", () => {
  let running;
  let env;
  before(async () => {
    const port = await freePort();
    // In a folder of its own: the workflow installs anew in the other one.
    await copyFolder("deployed");
    running = await machine.start(`npx edge-token-broker start --port ${port}`, /^curl -i -G /m, { cwd: "deployed" });
    env = { BROKER_URL: `http://127.0.0.1:${port}`, BROKER_KEY: key };
  });
  after(() => running?.stop());

  test("its steps work one after the other, and the broker gives a token", async () => {
    for (const { name, run, env: wanted = {} } of await steps()) {
      const given = { ...env, ...api.env, AZ_CLIENT_SECRET: "s3cret" };
      for (const variable of Object.keys(wanted)) assert.ok(variable in given, `${name}: ${variable}`);
      const { code, stdout, stderr } = await shell(`set -e\n${run}`, given);
      assert.equal(code, 0, `${name}\n${stdout}${stderr}`);
      assert.ok(!`${stdout}${stderr}`.includes(key) && !stdout.includes("s3cret"), name);
      if (name === "Deploy") assert.equal(worker("my-broker").bindings.get("AZ_CLIENT_SECRET").text, "s3cret");
    }
  });

  test("a secret that GitHub does not have stays as it is", async () => {
    const deploy = (await steps()).find(({ name }) => name === "Deploy");
    done(await shell(`set -e\n${deploy.run}`, { ...env, AZ_CLIENT_SECRET: "" }));
    assert.equal(worker("my-broker").bindings.get("AZ_CLIENT_SECRET").text, "s3cret");
  });

  test("a configuration with a fault is not deployed", async () => {
    const own = await readFile(file("wrangler.toml"), "utf8");
    await writeFile(file("wrangler.toml"), own.replace('AZ_TENANT = "contoso.example"', 'AZ_TENANT = "no tenant"'));
    const check = (await steps()).find(({ name }) => name === "Check the configuration");
    assert.equal((await shell(check.run)).code, 2);
    await writeFile(file("wrangler.toml"), own);
  });
});
