// `doctor --url` against real brokers: a good one, broken ones, servers that are none, and no server.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { after, before, test } from "node:test";

import { newClientKey } from "../../cli/lib/client-key.mjs";
import { cached } from "../../cli/lib/doctor/cached.mjs";
import { adviceOn } from "../../cli/lib/doctor/advice.mjs";
import { isColoured, lineOf, summaryOf } from "../../cli/lib/doctor/page.mjs";
import { isLoopback } from "../../cli/lib/doctor/url.mjs";
import { freePort } from "../workerd/harness/free_port.mjs";
import { AUDIT, DEFAULT_APP, REPORTS, SINGLE } from "../workerd/harness/fixtures.mjs";
import { openWorld, withWorld } from "../workerd/harness/world.mjs";
import { doctor, folderWith, parts, printed, toml, wranglerIn } from "./doctor.mjs";

/** Cloudflare adds `Date`, and workerd does not. */
const dated = (seconds) => `export default {
  async fetch(request, { BROKER }) {
    const answer = await BROKER.fetch(request);
    const headers = new Headers(answer.headers);
    headers.set("date", new Date(Date.now() + ${seconds * 1000}).toUTCString());
    return new Response(answer.body, { status: answer.status, headers });
  },
};`;

let world;
before(async () => {
  world = await openWorld({ front: dated(0) });
});
after(() => world?.close());

/** Nothing of these tests may be in what is printed. */
function assertClean({ stdout, stderr }, tokens = world.authority.issued) {
  const secrets = [REPORTS, AUDIT, SINGLE].map(({ key }) => key).concat(DEFAULT_APP.secrets, tokens);
  for (const secret of secrets) assert.ok(!(stdout + stderr).includes(secret), "a secret is printed");
}

/** From a folder that is no broker's. */
async function at(context, url, args = [], { key = "", input = "" } = {}) {
  const folder = await folderWith(context, { "wrangler.toml": undefined });
  const said = await doctor(folder, ["--url", url, ...args], { BROKER_KEY: key }, input);
  assertClean(said);
  return said;
}

/** A server that is no broker. */
async function serverOf(context, answer) {
  const server = createServer(answer).listen(0, "127.0.0.1");
  await once(server, "listening");
  context.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${server.address().port}`;
}

test("a good broker: ready, the clocks agree, a token, and the cache", async (context) => {
  const { code, said } = await at(context, `${world.broker.url}/`, ["--scope", world.newScope()], REPORTS);
  assert.equal(code, 0);
  assert.match(said("broker")[0], /^ok: an edge-token-broker answers at http:\/\/127\.0\.0\.1:\d+ \(\d+ ms\)$/);
  assert.deepEqual(said("ready"), ["ok: it is ready: its configuration has no fault"]);
  assert.match(said("clock")[0], /^ok: the clocks agree: /);
  assert.match(said("token")[0], /^ok: a token comes for https:\/\/api-\d+\.example\/\.default, with 35\d\d s left$/);
  assert.deepEqual(said("cache"), [
    "ok: Cache-Status: the first token is from the authorization server, the second from the memory of the isolate: the cache works",
  ]);
});

test("docs/operations.md shows what it prints", async (context) => {
  const document = readFileSync(new URL("../../docs/operations.md", import.meta.url), "utf8");
  const [, shown] = /\$ BROKER_KEY=etb_… [^\n]* doctor [^\n]*\n([\s\S]*?)```/.exec(document);
  const head = parts.head.replace(/^compatibility_flags.*\n/m, "");
  const folder = await folderWith(context, { "wrangler.toml": toml({ head }), ".gitignore": ".dev.vars\n" });
  spawnSync("git", ["init", "--quiet"], { cwd: folder });
  const env = { EDGE_TOKEN_BROKER_WRANGLER: await wranglerIn(folder), BROKER_KEY: SINGLE.key };
  const { stdout } = await printed(folder, ["--url", world.broker.url], env);
  // Numbers are those of a machine and of a moment. One machine has a Node.js for wrangler of its own.
  const bare = (text) =>
    text
      .replaceAll(/; wrangler runs on .*/g, "")
      .replaceAll(/https?:\/\/[\w.:-]+/g, "URL")
      .replace("from Workers KV", "from the memory of the isolate")
      .replaceAll(/\d+(\.\d+)*/g, "N");
  assert.equal(bare(stdout), bare(shown));
});

test("the key on standard input, a credential, and the only grant", async (context) => {
  const { code, said } = await at(context, world.broker.url, ["--key", "-"], { input: `${SINGLE.key}\n` });
  assert.equal(code, 0);
  assert.match(said("token")[0], /^ok: a token comes, with /);
  const refused = await at(context, world.broker.url, ["--credential", "billing"], SINGLE);
  assert.equal(refused.code, 1);
  assert.match(refused.said("token")[0], /^fail: no token: 403 insufficient_scope: /);
});

test("without a key the token is not checked, and a line says how to give one", async (context) => {
  const { code, all } = await at(context, world.broker.url);
  assert.equal(code, 0);
  assert.equal(all("token")[0].level, "skip");
  assert.match(all("token")[0].toDo, /BROKER_KEY=.*--key -/);
});

test("wrong keys and wrong scopes: what to do, and the request's id in the log", async (context) => {
  const wrong = await at(context, world.broker.url, [], { key: newClientKey() });
  assert.equal(wrong.code, 1);
  const [token] = wrong.all("token");
  assert.match(token.message, /^no token: 401 invalid_token: /);
  assert.match(token.toDo, /new-client NAME --verify/);
  const id = /request_id ([0-9a-f-]{36})\./.exec(token.toDo)[1];
  assert.equal((await world.broker.logOf({ requestId: id })).outcome, "invalid_client");

  const mistyped = await at(context, world.broker.url, [], { key: `${SINGLE.key.slice(0, -1)}_` });
  assert.match(mistyped.said("token")[0], /^fail: the client key is (mistyped|malformed)/);
  const jwt = await at(context, world.broker.url, [], { key: "a.b.c" });
  assert.match(jwt.all("token")[0].toDo, /The proof is a JWT/);
  const unnamed = await at(context, world.broker.url, [], REPORTS);
  assert.match(unnamed.all("token")[0].toDo, /^Name one: --scope SCOPE/);
  const other = await at(context, world.broker.url, ["--scope", "it's mine"], REPORTS);
  assert.match(other.all("token")[0].toDo, /explain --scope 'it'\\''s mine'$/m);
});

test("a broker with a faulty configuration is not ready", async (context) => {
  await withWorld({ bindings: { AZ_CLIENT_SECRET: undefined } }, async ({ broker }) => {
    const { code, ok, said, all } = await at(context, broker.url, [], SINGLE);
    assert.deepEqual([code, ok], [1, false]);
    assert.match(said("ready")[0], /^fail: it is not ready \(503\): the broker's configuration has a fault/);
    assert.match(all("ready")[0].toDo, /npx wrangler tail[\s\S]*explain/);
    assert.equal(all("token")[0].level, "skip");
  });
});

test("the credential is refused, or the authorization server is down", async (context) => {
  await withWorld({ bindings: { AZ_CLIENT_SECRET: "wrong" } }, async ({ broker }) => {
    const { code, all } = await at(context, broker.url, [], SINGLE);
    assert.equal(code, 1);
    assert.match(all("token")[0].message, /^no token: 502 server_error: .*AADSTS7000215/);
    assert.match(all("token")[0].toDo, /wrangler secret put AZ_CLIENT_SECRET` with its value, not its id/);
  });
  await withWorld({ bindings: { AZ_AUTHORITY_HOST: `http://127.0.0.1:${await freePort()}` } }, async ({ broker }) => {
    const { code, all } = await at(context, broker.url, [], SINGLE);
    assert.equal(code, 1);
    assert.match(all("token")[0].message, /^no token: 503 temporarily_unavailable: /);
    assert.match(all("token")[0].toDo, /^Run this again in \d+ s/);
  });
});

test("a clock that is wrong is a warning, and one that is not shown is skipped", async (context) => {
  for (const [seconds, words] of [
    [120, "behind"],
    [-120, "ahead of"],
  ]) {
    await withWorld({ front: dated(seconds) }, async ({ broker }) => {
      const { code, said } = await at(context, broker.url);
      assert.equal(code, 0);
      assert.match(said("clock")[0], new RegExp(`^warn: this machine's clock is 1(19|20|21)\\.\\d s .* ${words} the`));
    });
  }
  await withWorld({}, async ({ broker }) => {
    assert.match((await at(context, broker.url)).said("clock")[0], /^skip: .* has no Date/);
  });
});

test("servers that are no broker get no key", async (context) => {
  const keys = [];
  /** @type {[number, Record<string, string>, string, RegExp][]} */
  const strangers = [
    [200, { "content-type": "text/html" }, "<p>Hello", /is no edge-token-broker: \/healthz answers 200, text\/html$/],
    [200, { "content-type": "application/json" }, `{"status":"ok"}`, /is no edge-token-broker/],
    [302, { location: "https://a.cloudflareaccess.com/login?x" }, "", /Cloudflare Access asks for a sign-in first$/],
    [301, { location: "/elsewhere" }, "", /it redirects to 127\.0\.0\.1:\d+$/],
    [500, {}, "error code: 1101", /the Worker there throws an exception$/],
    [404, {}, "error code: 1042", /Cloudflare answers with error 1042$/],
  ];
  for (const [status, headers, body, words] of strangers) {
    const url = await serverOf(context, (request, response) => {
      keys.push(request.headers.authorization);
      response.writeHead(status, headers).end(body);
    });
    const { code, all } = await at(context, url, [], SINGLE);
    assert.equal(code, 1);
    assert.match(all("broker")[0].message, words);
    assert.ok(all("broker")[0].toDo);
    assert.deepEqual(
      ["ready", "clock", "token"].map((name) => all(name)[0].level),
      ["skip", "skip", "skip"],
    );
  }
  assert.deepEqual([...new Set(keys)], [undefined]);
  const mounted = await at(context, `${world.broker.url}/auth`);
  assert.match(mounted.said("broker")[0], /answers at 127\.0\.0\.1:\d+, but not under this path$/);
});

test("no server, no such host, no answer, no TLS", async (context) => {
  const gone = await at(context, `http://127.0.0.1:${await freePort()}`);
  assert.deepEqual(
    [gone.code, gone.said("broker")[0].replace(/\d{4,}/, "PORT")],
    [1, "fail: nothing listens at 127.0.0.1:PORT"],
  );
  const unknown = await at(context, "https://broker.invalid");
  assert.match(unknown.said("broker")[0], /^fail: (the name broker\.invalid is not found|no answer within)/);
  const silent = await serverOf(context, () => {});
  const started = Date.now();
  const hung = await at(context, silent, ["--timeout", "0.5"]);
  assert.equal(hung.said("broker")[0], "fail: no answer within 0.5 s");
  assert.ok(Date.now() - started < 10_000);
  const plain = await at(context, world.broker.url.replace("http:", "https:"));
  assert.match(plain.said("broker")[0], /^fail: .*TLS|^fail: no connection/);
});

test("plain http to another machine is refused before anything is sent", async (context) => {
  const { code, said } = await at(context, "http://broker.example", [], SINGLE);
  assert.equal(code, 1);
  assert.match(said("broker")[0], /^fail: plain http to another machine: .* Nothing was sent$/);
  for (const [url, isLocal] of [
    ["http://localhost:8787", true],
    ["http://a.localhost", true],
    ["http://127.8.0.1", true],
    ["http://[::1]:80", true],
    ["http://10.0.0.1", false],
    ["http://127.0.0.1.example", false],
  ])
    assert.equal(isLoopback(url), isLocal, url);
});

test("faulty arguments have exit code 2, and a key in them is not repeated", async (context) => {
  const folder = await folderWith(context);
  for (const args of [
    ["--url", "broker.example"],
    ["--url", "ftp://broker.example"],
    ["--url", `https://user:${SINGLE.key}@broker.example`],
    ["--url", "https://broker.example?x=1"],
    ["--url", world.broker.url, "--key", SINGLE.key],
    ["--scope", "x"],
    ["--timeout", "soon"],
    ["--nonsense"],
    [SINGLE.key],
  ]) {
    const said = await printed(folder, args);
    assert.equal(said.code, 2, args.join(" "));
    assert.equal(said.stdout, "");
    assert.match(said.stderr, /Usage: /);
    assertClean(said);
  }
  assert.match((await printed(folder, ["--help"])).stdout, /^Usage: npx edge-token-broker doctor[\s\S]*Exit codes: 0 /);
});

test("what Cache-Status says in words", () => {
  const name = "edge-token-broker";
  const level = (first, second) => cached(first && `${name}; ${first}`, second && `${name}; ${second}`);
  assert.match(
    level("fwd=miss; collapsed", "hit; ttl=9; detail=kv").message,
    /from the authorization server \(another request had just asked for it\), the second from Workers KV: the cache works$/,
  );
  assert.match(
    level("hit; ttl=9; detail=coordinator", "hit; ttl=8; detail=isolate").message,
    /the token's coordinator/,
  );
  assert.equal(level("fwd=miss; stored", "fwd=miss; stored").level, "warn");
  assert.match(level("fwd=miss; stored", "fwd=miss; stored").toDo, /TOKENS and COORDINATOR/);
  assert.match(level("hit", "hit; ttl=9; detail=stale-if-error").message, /an earlier one/);
  assert.equal(level("fwd=miss; stored", null).level, "warn");
});

test("what to do about each error of the README", () => {
  const advice = (status, error, { headers = {}, json = {}, description = "" } = {}, wanted = {}) =>
    adviceOn({ status, error, headers: new Headers(headers), json, description }, { key: "etb_", ...wanted });
  const numbers = (...error_codes) => ({ json: { error_codes } });
  assert.match(advice(400, "invalid_scope", numbers(1002012)), /\/\.default.*error\?code=1002012/);
  assert.match(advice(502, "server_error", numbers(7000222)), /has expired/);
  assert.match(advice(502, "server_error", numbers(7000222), { credential: "other" }), /use those of yours/);
  assert.match(advice(502, "server_error", numbers(42)), /error\?code=42/);
  assert.match(advice(502, "server_error", { headers: { "retry-after": "4" } }), /in 4 s.*AZ_AUTHORITY_HOST/);
  assert.match(advice(429, "slow_down", { headers: { "retry-after": "9" } }), /in 9 s/);
  assert.match(advice(503, "temporarily_unavailable"), /later.*wrangler tail/);
});

test("colours are for a terminal, and NO_COLOR turns them off", () => {
  const terminal = /** @type {any} */ ({ isTTY: true });
  assert.ok(isColoured(terminal, {}));
  assert.ok(!isColoured(terminal, { NO_COLOR: "1" }));
  assert.ok(!isColoured(terminal, { TERM: "dumb" }));
  assert.ok(!isColoured(/** @type {any} */ ({}), {}));
  const check = { name: "x", level: /** @type {const} */ ("fail"), message: "m", toDo: "a\nb" };
  assert.equal(lineOf(check, false), "FAIL m\n     a\n     b");
  assert.equal(summaryOf([check]), "1 failed: 0 good.");
});
