// `npm start -- --https`: the printed lines return a token over TLS, and the printed environment is all that
// @azure/identity needs. The authority stays over a restart.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { chmod, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";

import { freePort } from "./harness/free_port.mjs";
import { cloneWithBuild, npmStart, paste } from "./harness/local_start.mjs";

let directory;
let port;
let npm;
let curls;

const local = (name) => join(directory, ".wrangler", "local", name);
const started = async () => {
  npm = await npmStart(directory, ["--https", "--port", String(port)]);
  curls = npm.paragraphs.filter((paragraph) => paragraph.startsWith("curl "));
};

before(async () => {
  directory = await cloneWithBuild();
  port = await freePort();
  await started();
});

after(async () => {
  await npm?.stop();
  if (directory) await rm(directory, { recursive: true, force: true });
});

/** The variables of the printed `export` lines. */
function exported() {
  const lines = npm.output.matchAll(/^export (\w+)='?([^'\n]*)'?$/gm);
  return Object.fromEntries([...lines].map(([, name, value]) => [name, value]));
}

test("the pasted lines return a token, of a credential whose keys the stand-in fetches from the broker too", async () => {
  assert.equal(curls.length, 3, npm.output);
  const federated = curls[2].split("\n").find((line) => line.endsWith("=federated"));
  for (const line of [curls[0], curls[1], federated.replace("curl ", "curl -i ")]) {
    assert.match(line, new RegExp(`^curl .*--cacert '.+' .*https://127\\.0\\.0\\.1:${port}/`));
    const { status, body } = await paste(line);
    assert.equal(status, 200, `${line}: ${JSON.stringify(body)}`);
    assert.ok(body.access_token);
  }
});

test("with the printed environment @azure/identity gets a token: it reads the documents of the printed address", async () => {
  const env = exported();
  assert.equal(env.AZURE_AUTHORITY_HOST, `https://127.0.0.1:${port}`);
  const script = `
    import { EnvironmentCredential, ManagedIdentityCredential } from "@azure/identity";
    const byAuthority = new EnvironmentCredential({ disableInstanceDiscovery: true });
    for (const credential of [byAuthority, new ManagedIdentityCredential()]) {
      const { token } = await credential.getToken("https://graph.microsoft.com/.default");
      console.log(token);
    }`;
  const settings = { cwd: directory, env };
  const run = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", script], settings);
  const { access_token: token } = (await paste(curls[0])).body;
  assert.deepEqual(run.stdout.trim().split("\n"), [token, token]);
});

test("the authority stays over a restart, and its key is its user's own", async () => {
  const authority = await readFile(local("ca.pem"), "utf8");
  const leaf = await readFile(local(`${port}.certificate.pem`), "utf8");
  await npm.stop();
  await chmod(local(`${port}.key.pem`), 0o644);
  await started();
  assert.equal(await readFile(local("ca.pem"), "utf8"), authority);
  assert.notEqual(await readFile(local(`${port}.certificate.pem`), "utf8"), leaf);
  assert.equal((await paste(curls[0])).status, 200);

  for (const name of ["ca.json", `${port}.key.pem`]) assert.equal((await stat(local(name))).mode & 0o077, 0, name);
  const { key } = JSON.parse(await readFile(local("ca.json"), "utf8"));
  assert.ok(key && !npm.output.includes(key.split("\n")[1]), "the authority's key was printed");
});
