// `npm run new-client -- NAME --registry`: the same, written to KV. Here to a local namespace, by wrangler itself.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { test } from "node:test";

import { keyDigest } from "../../cli/lib/client-key.mjs";
import { registryEntries } from "../../cli/lib/registry-entry.mjs";
import { Registry } from "../../cli/lib/registry.mjs";
import { command, configuration } from "./command.mjs";

const KEY = /^etb_[A-Za-z0-9_-]{43}[0-9A-Za-z]{6}$/m;
const TOML = `
[[kv_namespaces]]
binding = "REGISTRY"
[vars]
AZ_TENANT = "contoso.onmicrosoft.com"
AZ_CLIENT_ID = "app"
[vars.APIS.graph]
base = "https://graph.microsoft.com/v1.0"
credential = "default"
scope = "https://graph.microsoft.com/.default"
[vars.CLIENTS.reports]
service_binding = true
allow = [{ credential = "default", scope = "https://graph.microsoft.com/.default" }]
`;

async function project(context) {
  const registryKey = randomBytes(32).toString("base64");
  const config = await configuration(context, TOML, `REGISTRY_KEY=${registryKey}\n`);
  const where = { config, local: true, "persist-to": join(dirname(config), "state") };
  const args = ["--registry", "--local", "--config", config, "--persist-to", where["persist-to"]];
  return {
    folder: dirname(config),
    registry: new Registry(where, { REGISTRY_KEY: registryKey }),
    stranger: new Registry(where, { REGISTRY_KEY: randomBytes(32).toString("base64") }),
    run: (more, input) => command("new-client", [...more, ...args], input),
  };
}

test("an entry that is longer than the Worker reads is not written", async () => {
  const entry = (length) => JSON.stringify({ service_binding: true, allow: [], padding: "x".repeat(length) });
  const entries = (length) => registryEntries([{ id: "long", entry: entry(length) }], randomBytes(32));
  const [[{ value }]] = await entries(65_000);
  assert.ok(value.length <= 65_536);
  await assert.rejects(entries(66_000), /longer than 64 KiB/);
});

// Each step starts wrangler, some twenty times in all: half a minute of CPU time.
test("a client's life in the registry", { timeout: 240_000 }, async (context) => {
  const { run, registry, stranger } = await project(context);
  const created = await run(["far", "--scope", "https://vault.azure.net/.default"]);
  assert.equal(created.code, 0, created.stderr);
  const [first] = KEY.exec(created.stdout);
  const allow = [{ credential: "default", scope: "https://vault.azure.net/.default" }];
  assert.deepEqual(await registry.read("far"), { key_sha256: [keyDigest(first)], allow });
  await assert.rejects(stranger.read("far"), /not authentic/);
  const { key: second, entry } = JSON.parse((await run(["far", "--rotate", "--json"])).stdout);
  assert.deepEqual(entry, await registry.read("far"));
  assert.equal((await run(["far", "--verify"], first)).code, 0);
  assert.equal((await run(["far", "--rotate", "--finish"])).code, 0);
  assert.deepEqual((await registry.read("far")).key_sha256, [keyDigest(second)]);

  assert.equal((await run(["far", "--remove"])).code, 0);
  assert.equal(await registry.read("far"), undefined);
});

test("what the broker would not take is not written", { timeout: 240_000 }, async (context) => {
  const { run, registry, folder } = await project(context);
  const entry = async (content) => {
    const file = join(folder, "entry.json");
    await writeFile(file, JSON.stringify(content));
    return run(["job", "--entry", file]);
  };
  const allow = [{ credential: "default", scope: "https://graph.microsoft.com/.default" }];
  const faulty = await entry({ jwt: [{ issuer: "https://id.example" }], allow });
  assert.equal(faulty.code, 1);
  assert.match(faulty.stderr, /CLIENTS\.job\.jwt\[0\]\.audience: is missing/);
  const unknown = await entry({ service_binding: true, allow: [{ api: "mail", methods: ["get"] }] });
  assert.match(unknown.stderr, /CLIENTS\.job\.allow\[0\]\.api: names an API that does not exist/);
  assert.match(unknown.stderr, /CLIENTS\.job\.allow\[0\]\.methods\[0\]: must be a method in capital letters/);
  const good = await entry({
    jwt: [{ issuer: "https://id.example", audience: "broker" }],
    origins: ["https://a.example"],
    allow: [...allow, { api: "graph", methods: ["POST"], paths: ["me/**"] }],
  });
  assert.equal(good.code, 0, good.stderr);
  assert.deepEqual((await registry.read("job")).jwt, [{ issuer: "https://id.example", audience: "broker" }]);
  const taken = registry.write("other", { service_binding: true, origins: ["https://a.example"], allow });
  await assert.rejects(taken, /origin:https:\/\/a\.example is of the client job/);
  assert.match((await run(["reports"])).stderr, /CLIENTS has a client reports already/);
});

test("the deployed namespace answers 404 where there is no such client", async (context) => {
  const { folder } = await project(context);
  // As wrangler prints it of a namespace that is not local.
  const told = "✘ [ERROR] Failed to fetch /accounts/a/storage/kv/namespaces/n/values/client%3Afar - 404: Not Found";
  await writeFile(join(folder, "wrangler"), `#!/bin/sh\necho '${told}'\nexit 1\n`, { mode: 0o755 });
  const program = `import { Registry } from ${JSON.stringify(new URL("../../cli/lib/registry.mjs", import.meta.url).href)};
    const registry = new Registry({ local: false }, {});
    console.log(await registry.read("far"));`;
  const env = {
    ...process.env,
    REGISTRY_KEY: randomBytes(32).toString("base64"),
    EDGE_TOKEN_BROKER_WRANGLER: join(folder, "wrangler"),
  };
  const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", program], {
    env,
    encoding: "utf8",
  });
  assert.equal(stdout, "undefined\n", stderr);
});
