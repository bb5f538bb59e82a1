// docs/own-worker.md as it is: a Worker that mounts the broker and calls it in the same isolate, and a second Worker that calls
// it by RPC. The files of the page, the package's files, and wrangler's own development server.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";

import { newClientKey } from "../../cli/lib/client-key.mjs";
import { startAuthority } from "../../stand-in/authority.mjs";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const APP = { tenant: "62c7baea-80bd-4e6c-8f27-066f93d3eda1", clientId: "app-of-the-test", secrets: [newClientKey()] };
const DEADLINE_MS = 60_000;

let folder;
let authority;
let graph;
/** What the API got as `Authorization`. */
const seen = [];
/** Worker → its URL. */
const urls = {};
const running = [];

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "edge-token-broker-own-worker-"));
  authority = await startAuthority({ apps: [APP] });
  graph = createServer((request, response) => {
    seen.push(request.headers.authorization);
    response.end(JSON.stringify({ value: [request.url] }));
  });
  await once(graph.listen(0, "127.0.0.1"), "listening");
  const page = await readFile(join(ROOT, "docs", "own-worker.md"), "utf8");
  for (const [, name, text] of page.matchAll(/<!-- file: (\S+) -->\n```\w+\n(.*?)```/gs)) await write(name, text);
  await write(
    "app/.dev.vars",
    Object.entries({
      AZ_TENANT: APP.tenant,
      AZ_CLIENT_ID: APP.clientId,
      AZ_CLIENT_SECRET: APP.secrets[0],
      AZ_AUTHORITY_HOST: authority.url,
      GRAPH: `http://127.0.0.1:${graph.address().port}`,
    })
      .map(([name, value]) => `${name}="${value}"\n`)
      .join(""),
  );
  // As npm installs it: a folder with the files of the package.
  const installed = join(folder, "node_modules", "edge-token-broker");
  for (const part of ["package.json", "package", "build/index.js", "build/index_bg.wasm"])
    await cp(join(ROOT, part), join(installed, part), { recursive: true });
  await symlink(join(ROOT, "node_modules", "wrangler"), join(folder, "node_modules", "wrangler"));
  urls.app = await dev("app", ["-c", "app/wrangler.toml"]);
  urls.caller = await dev("caller", ["-c", "caller/wrangler.toml", "-c", "app/wrangler.toml"]);
});

after(async () => {
  await Promise.all(running.map(stop));
  await authority?.close();
  graph?.close();
  await rm(folder, { recursive: true, force: true });
});

async function write(name, text) {
  const path = join(folder, name);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
}

/** `wrangler dev`; resolves to its URL. */
async function dev(name, configs) {
  const wrangler = join(ROOT, "node_modules", "wrangler", "bin", "wrangler.js");
  const state = ["--persist-to", join(folder, "state", name)];
  const args = [wrangler, "dev", "--port", "0", "--inspector-port", "0", ...state, ...configs];
  const env = { ...process.env, WRANGLER_SEND_METRICS: "false", NO_COLOR: "1", CI: "1" };
  const child = spawn(join(ROOT, "node_modules", ".bin", "node"), args, { cwd: folder, env, detached: true });
  running.push(child);
  let output = "";
  return new Promise((resolve, reject) => {
    const fail = () => reject(new Error(`wrangler dev does not say where it is:\n${output}`));
    const timer = setTimeout(fail, DEADLINE_MS);
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text) => {
        output += text;
        const url = /Ready on (http:\/\/\S+)/.exec(output)?.[1];
        if (!url) return;
        clearTimeout(timer);
        resolve(url);
      });
    }
    child.once("close", fail);
  });
}

/** wrangler and the workerd that it has started. */
async function stop(child) {
  if (child.exitCode !== null) return;
  const closed = once(child, "close");
  process.kill(-child.pid, "SIGTERM");
  await closed;
}

const get = async (url) => {
  const response = await fetch(url);
  const text = await response.text();
  return { status: response.status, text, json: () => JSON.parse(text) };
};

test("the Worker answers its own paths, and calls the API with a token from the same isolate", async () => {
  assert.equal((await get(urls.app)).text, "Hello\n");
  const users = await get(`${urls.app}/users`);
  assert.deepEqual([users.status, users.json()], [200, { value: ["/users?$top=5"] }], users.text);
  assert.match(seen.at(-1), /^Bearer ey/);
  await get(`${urls.app}/users`);
  assert.equal(seen.at(-1), seen.at(-2));
  assert.equal(authority.requests.filter(({ params }) => params.grant_type).length, 1);
});

test("the broker answers below its path, and its documents say so", async () => {
  const { host } = new URL(urls.app);
  assert.equal((await get(`${urls.app}/auth/readyz`)).status, 200);
  assert.equal((await get(`${urls.app}/auth/token`)).status, 401);
  for (const path of ["/auth/.well-known/openid-configuration", "/.well-known/oauth-authorization-server/auth"]) {
    const { issuer, token_endpoint } = (await get(urls.app + path)).json();
    assert.deepEqual([issuer, token_endpoint], [`http://${host}/auth`, `http://${host}/auth/oauth2/v2.0/token`]);
  }
});

test("a second Worker gets a token by RPC, with its own name", async () => {
  const { status, text, json } = await get(urls.caller);
  assert.equal(status, 200, text);
  const { tokenType, seconds, length } = json();
  assert.equal(tokenType, "Bearer");
  assert.ok(seconds > 3000 && length > 100, text);
});
