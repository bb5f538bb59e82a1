// `npm run explain` from a configuration to an exit code; tests/host/explain.rs has the answers themselves.

import assert from "node:assert/strict";
import { rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { test } from "node:test";

import { command, configuration, withPackages } from "./command.mjs";

const GRAPH = "https://graph.microsoft.com/.default";
const VAULT = "https://vault.azure.net/.default";
const TOML = `
[vars]
AZ_TENANT = "contoso.onmicrosoft.com"
AZ_CLIENT_ID = "app"
LOG_HITS = false
[vars.CREDENTIALS.fabrikam]
tenant = "fabrikam.onmicrosoft.com"
client_id = "other-app"
client_secret = "FABRIKAM_SECRET"
[vars.CLIENTS.reports]
key_sha256 = ["${"a".repeat(64)}", "${"b".repeat(64)}"]
allow = [
  { credential = "default", scope = "${GRAPH}", keep_warm = true },
  { credential = "fabrikam", scope = "${VAULT}" },
]
[vars.CLIENTS.billing]
key_sha256 = ["${"c".repeat(64)}"]
allow = [{ credential = "default", scope = "${GRAPH}" }]
`;

async function explain(context, args, toml = TOML, devVars) {
  const path = await configuration(context, toml, devVars);
  return command("explain", ["--config", path, ...args]);
}

test("allowed: by which grant, and how the client proves itself", async (context) => {
  const { code, stdout, stderr } = await explain(context, ["--client", "reports", "--scope", GRAPH]);
  assert.equal(
    stdout,
    `allowed: by the grant ${GRAPH} with credential default (tenant contoso.onmicrosoft.com, application app), kept warm
client reports
  proves itself by key_sha256 (2 listed)
  may get ${GRAPH} with credential default (tenant contoso.onmicrosoft.com, application app), kept warm
  may get ${VAULT} with credential fabrikam (tenant fabrikam.onmicrosoft.com, application other-app)
`,
  );
  assert.equal(stderr, "explain: not looked at, taken as set: AZ_CLIENT_SECRET, CREDENTIALS.fabrikam.client_secret\n");
  assert.equal(code, 0);
});

test("a certificate that is a secret, or in Secrets Store, is not looked at", async (context) => {
  const toml = `${TOML.replace("client_secret", "certificate")}
[[secrets_store_secrets]]
binding = "FABRIKAM_SECRET"
store_id = "0123456789abcdef0123456789abcdef"
secret_name = "fabrikam"
`;
  const { code, stderr } = await explain(context, ["--client", "reports", "--scope", GRAPH], toml);
  assert.equal(stderr, "explain: not looked at, taken as set: AZ_CLIENT_SECRET, CREDENTIALS.fabrikam.certificate\n");
  assert.equal(code, 0);
});

test("refused: why", async (context) => {
  const { code, stdout } = await explain(context, [
    "--client",
    "billing",
    "--scope",
    VAULT,
    "--credential",
    "fabrikam",
  ]);
  assert.match(stdout, /^refused: client is not granted the credential \(credential_not_granted\)$/m);
  assert.equal(code, 1);
});

test("who may send what to an API", async (context) => {
  const toml = `${TOML.replace(/ }]\n$/, ' }, { api = "graph", methods = ["POST"], paths = ["me/**"] }]\n')}
[vars.APIS.graph]
base = "https://graph.microsoft.com/v1.0"
credential = "default"
scope = "${GRAPH}"
`;
  const question = ["--client", "billing", "--api", "graph", "--method", "POST"];
  const sent = await explain(context, [...question, "--path", "me/messages"], toml);
  assert.match(sent.stdout, /^allowed: it sends POST https:\/\/graph\.microsoft\.com\/v1\.0\/me\/messages$/m);
  assert.equal(sent.code, 0);
  const refused = await explain(context, [...question, "--path", "/users"], toml);
  assert.match(refused.stdout, /^refused: client is not granted the path \(path_not_granted\)$/m);
  assert.equal(refused.code, 1);
  for (const [args, fault] of [
    [["--api", "graph", "--scope", GRAPH], /--api is about requests/],
    [["--path", "/me"], /--method and --path are of an --api/],
  ])
    assert.match((await explain(context, args, toml)).stderr, fault);
});

test("every fault of the configuration, and no value", async (context) => {
  const secret = "s3cret~in.the-wrong_field";
  const faulty = TOML.replace("FABRIKAM_SECRET", secret).replace("key_sha256", "key_sha265");
  const { code, stdout, stderr } = await explain(context, ["--client", "reports", "--scope", GRAPH], faulty);
  assert.equal(code, 2);
  for (const field of [
    "CREDENTIALS.fabrikam.client_secret",
    "CLIENTS.reports.key_sha265",
    "CLIENTS.reports.key_sha256",
  ]) {
    assert.ok(stdout.includes(`  ${field}: `), stdout);
  }
  assert.ok(!(stdout + stderr).includes(secret));
  assert.equal((await explain(context, [], "[vars\n")).code, 2);
});

test("--local is what `wrangler dev` would serve: .dev.vars, its secrets included", async (context) => {
  const devVars = "AZ_TENANT=local.example\nAZ_CLIENT_SECRET=s3cret\nFABRIKAM_SECRET=other\n";
  const { code, stdout, stderr } = await explain(
    context,
    ["--local", "--client", "billing", "--scope", GRAPH],
    TOML,
    devVars,
  );
  assert.match(stdout, /tenant local\.example/);
  assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
});

test("--json is the same answer for a program", async (context) => {
  const token = { scope: GRAPH, credential: "default", tenant: "contoso.onmicrosoft.com", application: "app" };
  const allowed = await explain(context, ["--client", "billing", "--scope", GRAPH, "--json"]);
  assert.deepEqual(JSON.parse(allowed.stdout), {
    allowed: true,
    reason: `by the grant ${GRAPH} with credential default (tenant contoso.onmicrosoft.com, application app)`,
    allow_http: false,
    clients: [
      {
        id: "billing",
        proofs: [{ field: "key_sha256", listed: 1 }],
        issuers: [],
        tokens: [{ ...token, keep_warm: false, cae: false }],
        requests: [],
      },
    ],
    apis: [],
    federated: [],
    assumed: ["AZ_CLIENT_SECRET", "CREDENTIALS.fabrikam.client_secret"],
  });
  assert.deepEqual([allowed.code, allowed.stderr], [0, ""]);

  const refused = await explain(context, ["--client", "billing", "--scope", VAULT, "--json"]);
  const { allowed: isAllowed, error } = JSON.parse(refused.stdout);
  assert.deepEqual([isAllowed, error, refused.code], [false, "scope_not_granted", 1]);

  const faulty = await explain(context, ["--json"], TOML.replace("key_sha256", "key_sha265"));
  const isUnknown = { field: "CLIENTS.reports.key_sha265", reason: "is not a known field" };
  assert.deepEqual(JSON.parse(faulty.stdout).faults[0], isUnknown);
  assert.equal(faulty.code, 2);
  const unreadable = await explain(context, ["--json"], "[vars\n");
  assert.match(JSON.parse(unreadable.stdout).faults[0].reason, /^wrangler cannot read the configuration: /);
  assert.equal(unreadable.code, 2);
});

test("wrangler.jsonc of the folder is read as well", async (context) => {
  const path = await configuration(context, "");
  const folder = dirname(path);
  await rm(path);
  const vars = { AZ_TENANT: "contoso.onmicrosoft.com", AZ_CLIENT_ID: "app", CLIENTS: {} };
  const config = { name: "broker", compatibility_date: "2026-11-01", vars };
  await writeFile(join(folder, "wrangler.jsonc"), `// A comment.\n${JSON.stringify(config)}`);
  await withPackages(folder);
  const { code, stdout } = await command("explain", [], "", { cwd: folder });
  assert.equal(stdout, "no client may get this\n");
  assert.equal(code, 1);
});
