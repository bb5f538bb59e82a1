// `npm run issuer-key`: a key is made, and what to set at Entra and the steps of a rotation are printed.

import assert from "node:assert/strict";
import { createHash, createPrivateKey, createPublicKey } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { test } from "node:test";

import { command, configuration } from "./command.mjs";

const PEM = /-----BEGIN PRIVATE KEY-----\n[\s\S]+?-----END PRIVATE KEY-----\n/;
const TOML = `
[vars]
ISSUER = "https://broker.example"
[vars.CREDENTIALS.graph]
tenant = "contoso.onmicrosoft.com"
client_id = "11111111-2222-3333-4444-555555555555"
federated = { subject = "it's graph" }
[vars.CREDENTIALS.other]
tenant = "contoso.onmicrosoft.com"
client_id = "other-app"
federated = { subject = "other", audience = "api://other" }
[vars.CREDENTIALS.secret]
tenant = "contoso.onmicrosoft.com"
client_id = "third-app"
client_secret = "SECRET"
`;

const issuerKey = (args) => command("issuer-key", args);

/** RFC 7638 §3. */
function thumbprint(pem) {
  const { e, n } = createPublicKey(pem).export({ format: "jwk" });
  return createHash("sha256").update(`{"e":"${e}","kty":"RSA","n":"${n}"}`).digest("base64url");
}

test("a first key is an RSA key of 2048 bits, shown once, with its kid", async (context) => {
  const path = await configuration(context, TOML);
  const [first, second] = [await issuerKey(["--config", path]), await issuerKey(["--config", path])];
  assert.equal(first.code, 0, first.stderr);
  const [pem] = PEM.exec(first.stdout);
  const { asymmetricKeyType, asymmetricKeyDetails } = createPrivateKey(pem);
  assert.deepEqual([asymmetricKeyType, asymmetricKeyDetails.modulusLength], ["rsa", 2048]);
  assert.ok(first.stdout.includes(`\nIts kid: ${thumbprint(pem)}\n`), first.stdout);
  assert.match(first.stdout, /npx wrangler secret put ISSUER_KEY < FILE/);
  assert.notEqual(PEM.exec(second.stdout)[0], pem);
});

test("what each application has to trust, as the configuration says, ready for a shell", async (context) => {
  const path = await configuration(context, TOML);
  const { stdout } = await issuerKey(["--config", path]);
  const commands = stdout.match(/^az ad app federated-credential create .*$/gm);
  const words = commands.map((line) => line.replaceAll("'\\''", "\0").split("'"));
  const trusted = words.map(([, id, , parameters]) => [id, JSON.parse(parameters.replaceAll("\0", "'"))]);
  const expected = (subject, audience) => ({
    name: "edge-token-broker",
    issuer: "https://broker.example",
    subject,
    audiences: [audience],
  });
  assert.deepEqual(trusted, [
    ["11111111-2222-3333-4444-555555555555", expected("it's graph", "api://AzureADTokenExchange")],
    ["other-app", expected("other", "api://other")],
  ]);
  assert.ok(!stdout.includes("third-app"), stdout);
});

test("without credentials in the configuration there are placeholders", async (context) => {
  const path = await configuration(context, "");
  const { code, stdout } = await issuerKey(["--config", path]);
  assert.equal(code, 0);
  assert.match(stdout, /--id 'CLIENT_ID' .*"issuer":"https:\/\/YOUR-BROKER","subject":"SUBJECT"/);
});

test("--out writes the key to a new file for its owner alone, and shows none", async (context) => {
  const path = await configuration(context, TOML);
  const file = join(dirname(path), "key.pem");
  const { code, stdout } = await issuerKey(["--config", path, "--out", file]);
  assert.equal(code, 0);
  assert.doesNotMatch(stdout, PEM);
  const pem = await readFile(file, "utf8");
  assert.ok(stdout.includes(`Its kid: ${thumbprint(pem)}\n`), stdout);
  assert.ok(stdout.includes(`npx wrangler secret put ISSUER_KEY < ${file}\n`), stdout);
  assert.equal((await stat(file)).mode & 0o777, 0o600);

  const again = await issuerKey(["--config", path, "--out", file]);
  assert.equal(again.code, 1);
  assert.match(again.stderr, /it exists already, and no key is overwritten/);
  assert.equal(await readFile(file, "utf8"), pem);
  assert.equal(again.stdout, "", "no key is shown that is stored nowhere");
});

test("a rotation publishes the next key before it signs, and keeps the old one published", async () => {
  const { code, stdout } = await issuerKey(["--rotate", "--env", "production"]);
  assert.equal(code, 0);
  const steps = [...stdout.matchAll(/wrangler secret (put|delete) (\w+) --env production/g)];
  assert.deepEqual(
    steps.map(([, verb, name]) => `${verb} ${name}`),
    [
      "put ISSUER_KEY_NEXT",
      "put ISSUER_KEY_PREVIOUS",
      "put ISSUER_KEY",
      "delete ISSUER_KEY_NEXT",
      "delete ISSUER_KEY_PREVIOUS",
    ],
  );
  assert.ok(stdout.includes(`has to list ${thumbprint(PEM.exec(stdout)[0])}.`), stdout);
});

test("--json is one line for a program, with the key or its file, and what to trust", async (context) => {
  const path = await configuration(context, TOML);
  const { pem, kid, trust } = JSON.parse((await issuerKey(["--json", "--config", path])).stdout);
  assert.match(pem, PEM);
  assert.equal(kid, thumbprint(pem));
  assert.deepEqual(trust[1], {
    credential: "other",
    client_id: "other-app",
    issuer: "https://broker.example",
    subject: "other",
    audience: "api://other",
  });
  const file = join(dirname(path), "key.pem");
  const rotated = await issuerKey(["--json", "--rotate", "--out", file, "--config", path]);
  const key = await readFile(file, "utf8");
  assert.deepEqual(JSON.parse(rotated.stdout), { kid: thumbprint(key), file, trust: [] });
});
