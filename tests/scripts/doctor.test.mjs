// `doctor` on a folder: what it finds in wrangler.toml, the packages and the Worker's main module.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { parse } from "smol-toml";

import { newIssuerKey } from "../../cli/lib/issuer-key.mjs";
import { entry } from "../../cli/lib/doctor/entry.mjs";
import { ignored } from "../../cli/lib/doctor/leaks.mjs";
import { neededFlag, objects, platform, testedDate } from "../../cli/lib/doctor/platform.mjs";
import { doctor, folderWith, key, parts, printed, secretsNamed, toml, wranglerIn } from "./doctor.mjs";

const deployed = parse(readFileSync(new URL("../../wrangler.toml", import.meta.url), "utf8"));

test("a good folder: every line is good, and the exit code is 0", async (context) => {
  const folder = await folderWith(context, { ".gitignore": ".dev.vars\n" });
  spawnSync("git", ["init", "--quiet"], { cwd: folder });
  const EDGE_TOKEN_BROKER_WRANGLER = await wranglerIn(folder, { secrets: secretsNamed("AZ_CLIENT_SECRET") });
  const { code, ok, checks, said } = await doctor(folder, [], { EDGE_TOKEN_BROKER_WRANGLER });
  assert.deepEqual(
    checks.filter(({ level }) => level !== "ok"),
    [],
  );
  assert.deepEqual([code, ok], [0, true]);
  assert.deepEqual(said("worker"), ["ok: the Worker takes the configuration: 1 client"]);
  assert.deepEqual(said("main"), ["ok: main exports default, TokenCoordinator, AssertionLedger"]);
  assert.deepEqual(said("secrets"), ["ok: secrets are set: AZ_CLIENT_SECRET"]);
  assert.match(said("wrangler")[0], /^ok: wrangler \d+\.\d+\.\d+$/);
  for (const check of checks) assert.deepEqual(Object.keys(check), ["name", "level", "message", "toDo"]);
});

test("what the broker needs is what the repository deploys", () => {
  assert.equal(testedDate, deployed.compatibility_date);
  assert.deepEqual(deployed.compatibility_flags, [neededFlag]);
  const bound = deployed.durable_objects.bindings.map(({ name, class_name }) => [name, class_name]);
  assert.deepEqual(
    Object.entries(objects).map(([name, { className }]) => [name, className]),
    bound,
  );
});

test("no folder, no packages, no wrangler", async (context) => {
  const empty = await folderWith(context, { "wrangler.toml": undefined });
  const nothing = await doctor(empty);
  assert.equal(nothing.code, 1);
  assert.deepEqual(nothing.said("folder"), ["fail: there is no wrangler.toml here"]);
  assert.match(nothing.all("folder")[0].toDo, /edge-token-broker init NAME/);

  const bare = await doctor(await folderWith(context, {}, { isInstalled: false }));
  assert.equal(bare.code, 1);
  assert.deepEqual(bare.said("packages"), ["fail: not installed: wrangler"]);
  assert.match(bare.all("packages")[0].toDo, /npm install/);
  assert.deepEqual(bare.said("configuration"), [
    "skip: wrangler.toml is not checked: wrangler reads it, and is not installed",
  ]);
});

test("an old wrangler is a warning, one of an old major version a failure; the folder's own package is compared", async (context) => {
  for (const [version, level] of [
    ["4.1.0", "warn"],
    ["3.114.0", "fail"],
    ["999.0.0", "ok"],
  ]) {
    const folder = await folderWith(context, {}, { isInstalled: false });
    for (const [name, at] of Object.entries({ wrangler: version, "edge-token-broker": "0.0.1" })) {
      await mkdir(join(folder, "node_modules", name), { recursive: true });
      const text = JSON.stringify({ name, version: at, bin: "missing.js" });
      await writeFile(join(folder, "node_modules", name, "package.json"), text);
    }
    const { all, said } = await doctor(folder);
    assert.equal(all("wrangler")[0].level, level);
    assert.match(said("package")[0], /^warn: .* the folder has 0\.0\.1, which is deployed$/);
  }
});

test("wrangler cannot read the file, and no value of it is shown", async (context) => {
  const secret = "s3cret~value";
  for (const faulty of [
    `${parts.head}[vars]\nAZ_CLIENT_SECRET = "${secret}\nX = 1\n`,
    `${parts.head}kv_namespaces = "${secret}"\n`,
  ]) {
    const { code, all, stdout, stderr } = await doctor(await folderWith(context, { "wrangler.toml": faulty }));
    assert.equal(code, 1);
    assert.match(all("configuration")[0].message, /^wrangler cannot read wrangler\.toml: ./);
    assert.ok(!(stdout + stderr).includes(secret), stdout);
  }
  const misspelt = toml({ head: `${parts.head}kv_namespace = []\n` });
  const { said } = await doctor(await folderWith(context, { "wrangler.toml": misspelt }));
  assert.deepEqual(said("configuration"), [
    "ok: wrangler.toml is readable",
    'warn: wrangler.toml: Unexpected fields found in top-level field: "kv_namespace"',
  ]);
});

test("each fault that the Worker's parser finds is a line", async (context) => {
  const client = parts.client.replace("key_sha256", "key_sha265").replace("default", "nobody");
  const { code, said } = await doctor(await folderWith(context, { "wrangler.toml": toml({ client }) }));
  assert.equal(code, 1);
  const faults = said("worker");
  assert.equal(faults.length, 3, faults.join("\n"));
  assert.match(faults.join("\n"), /^fail: CLIENTS\.reports\.key_sha265: /m);
  assert.match(faults.join("\n"), /^fail: CLIENTS\.reports\.allow\[0\]\.credential: /m);
});

test("a folder that nobody has filled in yet is a warning", async (context) => {
  const vars = `[vars]\nAZ_TENANT = ""\nAZ_CLIENT_ID = ""\n`;
  const fresh = await doctor(await folderWith(context, { "wrangler.toml": toml({ vars }) }));
  assert.equal(fresh.code, 0, fresh.stdout);
  assert.deepEqual(fresh.said("credential"), ["warn: there is no credential yet: a deployed broker answers 503"]);
  const empty = await doctor(await folderWith(context, { "wrangler.toml": toml({ vars: "", client: "" }) }));
  assert.deepEqual([empty.code, empty.all("client")[0]?.level], [0, "warn"]);
});

test("bindings, migrations, compatibility, cron: what is missing and what to add", async (context) => {
  const { said, all } = await doctor(
    await folderWith(context, {
      "wrangler.toml": toml({
        head: parts.head.replace("2026-11-01", "2024-01-01").replace(/^compatibility_flags.*\n/m, ""),
        tokens: "",
        objects: parts.objects.replace(/^.*\n.*\n.*\n/, ""),
        migrations: "",
        cron: "",
        client: parts.client.replace(" }]", ", keep_warm = true }]"),
      }),
    }),
  );
  const levels = (name) => all(name).map(({ level }) => level);
  assert.deepEqual(["tokens", "coordinator", "assertions"].map(levels).flat(), ["fail", "warn", "fail"]);
  assert.match(said("assertions")[0], /no migration makes its class AssertionLedger/);
  assert.match(all("coordinator")[0].toDo, /new_sqlite_classes = \["TokenCoordinator"\]/);
  assert.deepEqual(["compatibility_date", "compatibility_flags", "cron"].map(levels).flat(), ["warn", "warn", "warn"]);
});

test("a date in the future, and classes that migrations rename and delete", () => {
  const config = (date, migrations) => ({
    kv_namespaces: [{ binding: "TOKENS" }],
    durable_objects: { bindings: [{ name: "COORDINATOR", class_name: "Renamed" }] },
    migrations,
    compatibility_date: date,
    compatibility_flags: [],
    triggers: {},
    vars: {},
  });
  const levels = (date, migrations) => {
    const checks = platform(config(date, migrations), "wrangler.toml", new Date("2026-11-27T12:00:00Z"));
    return checks.filter(({ name }) => /^(coordinator|compatibility_date)$/.test(name)).map(({ level }) => level);
  };
  const renamed = [{ new_classes: ["Old"] }, { renamed_classes: [{ from: "Old", to: "Renamed" }] }];
  assert.deepEqual(levels("2026-11-28", renamed), ["ok", "fail"]);
  assert.deepEqual(levels("2026-11-27", [...renamed, { deleted_classes: ["Renamed"] }]), ["fail", "ok"]);
});

test("main exports what the bindings name, in every way to write it", async (context) => {
  const folder = await folderWith(context);
  const level = async (source) => {
    const main = join(folder, "main.mjs");
    await writeFile(main, source);
    const durable_objects = { bindings: [{ name: "C", class_name: "TokenCoordinator" }] };
    return entry({ main, build: {}, durable_objects }, "wrangler.toml");
  };
  for (const good of [
    `export{a as default,b as TokenCoordinator}`,
    `export * from "x"; export default {};`,
    `export default {};\nexport class TokenCoordinator {}`,
  ])
    assert.equal((await level(good)).level, "ok", good);
  assert.match(
    (await level(`export { default } from "edge-token-broker";`)).message,
    /does not export TokenCoordinator/,
  );
  assert.match((await level(`export { TokenCoordinator as Other };`)).message, /export default, TokenCoordinator$/);
  const { said } = await doctor(await folderWith(context, { "worker.mjs": undefined }));
  assert.deepEqual(said("main"), ["fail: main does not exist: worker.mjs"]);
});

test("a secret in [vars] is a failure, wherever it is, and is not shown", async (context) => {
  const { pem } = newIssuerKey();
  const secret = randomBytes(24).toString("base64url");
  const vars = `${parts.vars}AZ_CLIENT_SECRET = "${secret}"
OTHER_SECRET = "${secret}"
NOTE = "the key is ${key}"
[vars.CREDENTIALS.other]
tenant = "fabrikam.onmicrosoft.com"
client_id = "other"
client_secret = "OTHER_SECRET"
[vars.CREDENTIALS.signed]
issuer = "https://id.example"
client_id = "signed"
private_key = '''${pem}'''
`;
  const { code, all, stdout, stderr } = await doctor(await folderWith(context, { "wrangler.toml": toml({ vars }) }));
  assert.equal(code, 1);
  const named = all("leak").map(({ message }) => message.split(" ")[0]);
  assert.deepEqual(named, ["AZ_CLIENT_SECRET", "OTHER_SECRET", "NOTE", "CREDENTIALS.signed.private_key"]);
  for (const hidden of [secret, key, pem.split("\n")[1]]) assert.ok(!(stdout + stderr).includes(hidden), stdout);
});

test("placeholders and the documents' examples", async (context) => {
  const vars = parts.vars
    .replace("fabrikam.onmicrosoft.com", "<tenant id or domain>")
    .replace(/0b5f1f4a[^"]*/, "11111111-2222-3333-4444-555555555555");
  const tokens = `${parts.tokens}id = "<id>"\n`;
  const { said } = await doctor(await folderWith(context, { "wrangler.toml": toml({ vars, tokens }) }));
  assert.deepEqual(said("placeholder"), [
    "fail: AZ_TENANT still has a placeholder in <>",
    "fail: kv_namespaces[0].id still has a placeholder in <>",
    "warn: AZ_CLIENT_ID has the value of the documents' example",
  ]);
});

test("git has to ignore .dev.vars", async (context) => {
  const folder = await folderWith(context);
  const level = async () => (await ignored(join(folder, "wrangler.toml"), undefined, 10_000)).level;
  assert.equal(await level(), "skip");
  spawnSync("git", ["init", "--quiet"], { cwd: folder });
  assert.equal(await level(), "warn");
  await writeFile(join(folder, ".dev.vars"), "AZ_CLIENT_SECRET=s3cret\n");
  assert.equal(await level(), "fail");
  await writeFile(join(folder, ".gitignore"), ".dev.vars*\n");
  assert.equal(await level(), "ok");
});

test("one line for each check, what to do below it, and a summary last; colours are for terminals", async (context) => {
  const folder = await folderWith(context, { "wrangler.toml": toml({ tokens: "" }) });
  const { code, stdout, stderr } = await printed(folder);
  assert.equal(code, 1);
  assert.equal(stderr, "");
  const lines = stdout.trimEnd().split("\n");
  for (const line of lines.slice(0, -2)) assert.match(line, /^(ok {3}|warn |FAIL |skip | {5})\S/);
  assert.match(stdout, /^FAIL KV namespace TOKENS is not bound.*\n {5}Add to wrangler\.toml/m);
  assert.match(lines.at(-1), /^1 failed: 3 not checked, \d+ good\.$/);
});

test("another file, and an environment of it", async (context) => {
  const staging = `[env.staging.vars]\nAZ_TENANT = "fabrikam.onmicrosoft.com"\nAZ_CLIENT_ID = "app"\nCLIENTS = {}\n`;
  const folder = await folderWith(context, { "wrangler.toml": undefined, "other.toml": toml() + staging });
  const there = await doctor(folder, ["--config", "other.toml", "--env", "staging"]);
  assert.deepEqual(there.said("configuration").slice(0, 1), ["ok: other.toml is readable, environment staging"]);
  assert.equal(there.all("client")[0].level, "warn");
  assert.equal(there.all("tokens")[0].level, "fail", "bindings are not inherited");
  const unknown = await doctor(folder, ["--config", "other.toml", "--env", "stagign"]);
  assert.match(unknown.said("configuration")[0], /^fail: .*stagign/);
});
