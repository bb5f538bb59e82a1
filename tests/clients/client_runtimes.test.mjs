// The broker's own client in other runtimes, with the real broker over TLS: in a Worker, in the oldest Node.js that the package
// names, and, where this machine has them, in Deno and Bun.

import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";

import { NODES, nodeBinary } from "../package/harness/machine.mjs";
import { REPORTS } from "../workerd/harness/fixtures.mjs";
import { localCa } from "../workerd/harness/tls.mjs";
import { openWorld } from "../workerd/harness/world.mjs";
import { Api } from "./harness/api.mjs";
import { runProgram } from "./harness/child.mjs";
import { block } from "./harness/docs.mjs";
import { ClientWorker, bundle } from "./harness/worker.mjs";

const GRAPH = "https://graph.microsoft.com";

let world;
let api;
let redirects;
before(async () => {
  world = await openWorld({ tls: localCa().pair });
  api = await Api.start();
  redirects = await startRedirects();
});
after(() => world?.close());

/** Two origins. The first one wants a token and leads to the second one, which tells whether it got that as well. */
async function startRedirects() {
  const start = async (answer) => {
    const server = createServer(answer).listen(0, "127.0.0.1").unref();
    await once(server, "listening");
    return `http://127.0.0.1:${server.address().port}`;
  };
  const end = await start(({ url, headers: { authorization } }, response) =>
    response.end(JSON.stringify({ path: url, authorization })),
  );
  const url = await start(({ headers }, response) => {
    const status = headers.authorization?.startsWith("Bearer ") ? 307 : 403;
    response.writeHead(status, { Location: `${end}/end` }).end();
  });
  return { url };
}

const issued = () => world.authority.issued.at(-1);

/** The program of a block, for the API of the test, with a token of its own: the broker renews none twice in a minute. */
const program = (name, scope = world.newScope()) =>
  block(name).text.replaceAll(`${GRAPH}/v1.0`, `${api.url}/v1.0`).replaceAll(`${GRAPH}/.default`, scope);

const env = (more) => ({ BROKER: world.broker.url, BROKER_KEY: REPORTS.key, ...more });

describe("in Workers", () => {
  /** Runs a Worker, which has not broken at its end. */
  async function running(source, body, more) {
    const worker = await ClientWorker.start(source, env(more));
    try {
      await body(worker);
    } finally {
      await worker.stop();
    }
    world.sweep.record("output of a Worker", worker.output.join("\n"));
    assert.deepEqual(worker.output, []);
  }

  test("the Worker of the page, in several requests at once and one after the other", () =>
    running(program("client-worker"), async (worker) => {
      const tokenOf = async () => (await (await worker.fetch("/")).json()).value;
      const tokens = await Promise.all([tokenOf(), tokenOf(), tokenOf()]);
      assert.deepEqual(new Set(tokens), new Set([issued()]));
      assert.equal(await tokenOf(), issued());
      const rejected = issued();
      api.rejected.add(rejected);
      const newer = await Promise.all(Array.from({ length: 20 }, tokenOf));
      assert.deepEqual(new Set(newer), new Set([issued()]));
      assert.notEqual(issued(), rejected);
      assert.equal(world.broker.log.filter(({ route }) => route === "revoke").length, 1);
    }));

  test("a caller that goes away takes nothing from the next one", () =>
    running(program("client-worker"), async (worker) => {
      const controller = new AbortController();
      const first = worker.fetch("/", { signal: controller.signal }).catch(() => {});
      controller.abort();
      await first;
      assert.equal((await (await worker.fetch("/")).json()).value, issued());
    }));

  const WORKER = `
import { BrokerCredential, BrokerError, brokerFetch } from "edge-token-broker/client";
const call = {
  token: (env) => new BrokerCredential({ endpoint: env.BROKER, key: () => env.BROKER_KEY }).getToken(env.SCOPE),
  refusal: (env) => new BrokerCredential({ endpoint: env.BROKER, key: "etb_wrong" }).getToken([]),
  unreachable: (env) => new BrokerCredential({ endpoint: "https://127.0.0.1:1", key: "k" }).getToken([]),
};
export default {
  async fetch(request, env) {
    const { pathname } = new URL(request.url);
    const send = brokerFetch({ endpoint: env.BROKER, key: env.BROKER_KEY, scope: env.SCOPE });
    if (pathname === "/stream") return send(env.API + "/x", { method: "POST", body: request.body });
    if (pathname === "/redirect") return send(env.REDIRECTS);
    if (pathname === "/request") return send(new Request(env.API + "/x", { method: "POST", body: "x" }));
    try {
      return Response.json(await call[pathname.slice(1)](env));
    } catch (error) {
      return Response.json({ shown: String(error), isOne: error instanceof BrokerError, ...error });
    }
  },
};`;

  test("tokens, errors, streams", () =>
    running(
      WORKER,
      async (worker) => {
        const shown = async (path) => (await worker.fetch(path)).json();
        const { token, tokenType, expiresOnTimestamp, refreshAfterTimestamp } = await shown("/token");
        assert.deepEqual([token, tokenType], [issued(), "Bearer"]);
        assert.ok(refreshAfterTimestamp > Date.now() && expiresOnTimestamp > refreshAfterTimestamp);

        const refusal = await shown("/refusal");
        assert.deepEqual([refusal.isOne, refusal.status], [true, 401]);
        assert.match(refusal.shown, /^invalid_token: client authentication failed/);
        assert.match((await shown("/unreachable")).shown, /^broker_unreachable: the broker cannot be reached/);

        api.rejected.add(token);
        const stream = () => worker.fetch("/stream", { method: "POST", body: "x".repeat(100_000) });
        const before = api.presented.length;
        assert.deepEqual([(await stream()).status, api.presented.length], [401, before + 1]);
        assert.deepEqual([(await stream()).status, issued() === token], [200, false]);
        assert.equal((await worker.fetch("/request")).status, 200);

        assert.deepEqual(await shown("/redirect"), { path: "/end" });
      },
      { API: api.url, SCOPE: world.newScope(), REDIRECTS: redirects.url },
    ));

  test("a bundle for any platform has no module of Node.js in it", async () => {
    const text = await bundle('export * from "edge-token-broker/client";');
    assert.doesNotMatch(text, /\b(?:process|Buffer|require|node:)\b/);
  });
});

const REDIRECT = `
const redirected = await graph(process.env.REDIRECTS, { method: "POST", body: "x" });
if ((await redirected.text()) !== '{"path":"/end"}') throw new Error("the token went to another origin");
`;

/** Runs the block of `brokerFetch` in a file of its own, with the client as one file beside it. */
async function run(command, args, scope) {
  const folder = await mkdtemp(join(tmpdir(), "edge-token-broker-runtime-"));
  try {
    const source = program("client-fetch", scope).replace("edge-token-broker/client", "./client.mjs");
    await writeFile(join(folder, "client.mjs"), await bundle('export * from "edge-token-broker/client";'));
    await writeFile(join(folder, "main.mjs"), `${source}\nconsole.log(await users());\n${REDIRECT}`);
    return await runProgram(command, [...args, join(folder, "main.mjs")], {
      env: env({ REDIRECTS: redirects.url, ...localCa().env }),
    });
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Two processes get the token that the broker has, and one gets another token after the API has rejected it. */
async function works(command, args = []) {
  const scope = world.newScope();
  await world.getToken({ scope });
  for (const isRejected of [false, true]) {
    const token = issued();
    if (isRejected) api.rejected.add(token);
    const { code, stdout, stderr } = await run(command, args, scope);
    assert.equal(code, 0, stderr);
    assert.equal(stdout.trim(), issued());
    assert.equal(issued() === token, !isRejected);
  }
}

describe("in other runtimes", () => {
  for (const version of NODES) test(`Node.js ${version}`, async () => works(await nodeBinary(version)));

  for (const [name, args] of [
    ["deno", ["run", "--allow-env", "--allow-net"]],
    ["bun", ["run"]],
  ]) {
    test(name, async (t) => {
      const { code } = await runProgram(name, ["--version"]).catch(() => ({ code: "none" }));
      if (code !== 0) return t.skip(`this machine has no ${name}`);
      await works(name, args);
    });
  }
});
