// docs/own-worker.md as it is: a Worker that mounts the broker and calls it in the same isolate, and a second Worker that calls
// it by RPC. The files of the page, the package from its tarball, and wrangler's own development server, without Rust.

import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";

import { newClientKey } from "../../cli/lib/client-key.mjs";
import { startAuthority } from "../../stand-in/authority.mjs";
import { newMachine, NODES } from "./harness/machine.mjs";
import { tarball } from "./harness/tarball.mjs";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const APP = { tenant: "62c7baea-80bd-4e6c-8f27-066f93d3eda1", clientId: "app-of-the-test", secrets: [newClientKey()] };
const READY = /Ready on (http:\/\/\S+)/;

/** The files of the page, by name. */
const page = await readFile(join(ROOT, "docs", "own-worker.md"), "utf8");
const files = new Map(
  [...page.matchAll(/<!-- file: (\S+) -->\n```\w+\n(.*?)```/gs)].map(([, name, text]) => [name, text]),
);

const get = async (url) => {
  const response = await fetch(url);
  const text = await response.text();
  return { status: response.status, text, json: () => JSON.parse(text) };
};

for (const version of NODES) {
  describe(`Node.js ${version}`, () => {
    let machine;
    let authority;
    let graph;
    /** What the API got as `Authorization`. */
    const seen = [];
    /** Worker → its URL. */
    const urls = {};

    before(async () => {
      authority = await startAuthority({ apps: [APP] });
      graph = createServer((request, response) => {
        seen.push(request.headers.authorization);
        response.end(JSON.stringify({ value: [request.url] }));
      });
      await once(graph.listen(0, "127.0.0.1"), "listening");
      machine = await newMachine(version);
      await install();
      for (const [name, text] of files) await write(name, text);
      await write("app/.dev.vars", devVars());
      urls.app = await dev("app", "-c app/wrangler.toml");
      urls.caller = await dev("caller", "-c caller/wrangler.toml -c app/wrangler.toml");
    });

    after(async () => {
      await machine?.close();
      await authority?.close();
      graph?.close();
    });

    /** The tarball, and beside it what a new broker's folder has. */
    async function install() {
      const template = JSON.parse(await readFile(join(ROOT, "template", "package.json"), "utf8"));
      const { type, devDependencies, allowScripts } = template;
      const dependencies = { "edge-token-broker": `file:${await tarball()}` };
      await write("package.json", JSON.stringify({ type, dependencies, devDependencies, allowScripts }));
      const { code, stderr } = await machine.shell("npm install --no-audit --no-fund --loglevel=error");
      assert.equal(code, 0, stderr);
    }

    async function write(name, text) {
      const path = join(machine.folder, name);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, text);
    }

    function devVars() {
      const vars = {
        AZ_TENANT: APP.tenant,
        AZ_CLIENT_ID: APP.clientId,
        AZ_CLIENT_SECRET: APP.secrets[0],
        AZ_AUTHORITY_HOST: authority.url,
        GRAPH: `http://127.0.0.1:${graph.address().port}`,
      };
      return Object.entries(vars)
        .map(([name, value]) => `${name}="${value}"\n`)
        .join("");
    }

    /** `wrangler dev`; resolves to its URL. */
    async function dev(name, configs) {
      const line = `npx wrangler dev --port 0 --inspector-port 0 --persist-to state/${name} ${configs}`;
      const { output } = await machine.start(line, READY, { env: { CI: "1" } });
      return READY.exec(output)[1];
    }

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
  });
}
