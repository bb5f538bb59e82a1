// The types of the tarball, in Workers that a user would write: with @cloudflare/workers-types, and with what `wrangler types` makes.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { tarball } from "./harness/tarball.mjs";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const NODE = join(ROOT, "node_modules", ".bin", "node");

/** A Worker that mounts the broker. Its `Env` is that of the page docs/own-worker.md. */
const MOUNTS = `
import broker from "edge-token-broker";
import type { Broker, BrokerError, BrokerToken } from "edge-token-broker";
import { brokerAs } from "edge-token-broker/mount";

export { AssertionLedger, TokenCoordinator } from "edge-token-broker";

async function users(env: Env, ctx: ExecutionContext): Promise<Response> {
  const mine: Broker = brokerAs("app", env, ctx);
  const got: BrokerToken = await mine.getToken({ scope: "s", minTtl: 300, credential: undefined });
  const ms: number = got.expiresOnTimestamp - got.refreshAfterTimestamp;
  const url: unknown = got.instance_url;
  const none: Record<string, never> = await mine.revoke({ token: got.token, claims: "{}" });
  return fetch("https://graph.example", { headers: { authorization: \`\${got.tokenType} \${got.token} \${ms} \${url} \${none}\` } });
}

export default {
  async fetch(request, env, ctx) {
    if (new URL(request.url).pathname.startsWith("/auth/")) return broker.fetch(request, env, ctx);
    try {
      return await users(env, ctx);
    } catch (error) {
      const { name, status, retryAfter = 0, errorCodes = [] } = error as BrokerError;
      if (name === "slow_down") return new Response(null, { status, headers: { "retry-after": String(retryAfter) } });
      return Response.json({ name, errorCodes });
    }
  },
  scheduled: broker.scheduled,
  getToken: broker.getToken,
  revoke: broker.revoke,
} satisfies ExportedHandler<Env> & Record<"getToken" | "revoke", unknown>;
`;

const ENV = `
import type { AssertionLedger, TokenCoordinator } from "edge-token-broker";
declare global {
  interface Env {
    TOKENS: KVNamespace;
    COORDINATOR: DurableObjectNamespace<TokenCoordinator>;
    ASSERTIONS: DurableObjectNamespace<AssertionLedger>;
    CLIENT_RATE_LIMIT: RateLimit;
    METRICS: AnalyticsEngineDataset;
    BASE_PATH: "/auth";
    AZ_TENANT: string;
    AZ_CLIENT_SECRET: SecretsStoreSecret;
    CLIENTS: { app: { service_binding: true; allow: { credential: string; scope: string }[] } };
    GRAPH: string;
  }
}
`;

/** A second Worker, and what its author gets wrong. */
const CALLS = `
import type { BrokerBinding, BrokerErrorCode, TokenRequest } from "edge-token-broker";

interface Bindings {
  BROKER: BrokerBinding;
  BY_WRANGLER: Fetcher;
}

export default {
  async fetch(request, env) {
    const asked: TokenRequest = { scope: "s" };
    const { token } = await env.BROKER.getToken(asked);
    const typed = env.BY_WRANGLER as unknown as BrokerBinding;
    await typed.revoke({ token });
    const response: Response = await env.BROKER.fetch("https://broker/healthz");
    const code: BrokerErrorCode = "invalid_token";

    // @ts-expect-error The binding says who calls.
    await env.BROKER.getToken({ scope: "s", clientId: "other" });
    // @ts-expect-error Seconds.
    await env.BROKER.getToken({ scope: "s", minTtl: "300" });
    // @ts-expect-error As the runtime: one argument.
    await env.BROKER.getToken();
    // @ts-expect-error There is no token without one.
    await env.BROKER.revoke({});
    // @ts-expect-error Another name of the member.
    const { access_token }: { access_token: string } = await env.BROKER.getToken(asked);
    // @ts-expect-error No code of the broker.
    const other: BrokerErrorCode = "invalid_grant";
    // @ts-expect-error The runtime calls it.
    await env.BROKER.scheduled({});
    return Response.json([response.ok, code, other, access_token, request.url]);
  },
} satisfies ExportedHandler<Bindings>;
`;

const TSCONFIG = {
  compilerOptions: {
    target: "es2024",
    lib: ["es2024"],
    module: "esnext",
    moduleResolution: "bundler",
    strict: true,
    exactOptionalPropertyTypes: true,
    noUnusedLocals: true,
    noEmit: true,
  },
};

let folder;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "edge-token-broker-types-"));
  await mkdir(join(folder, "node_modules", "@cloudflare"), { recursive: true });
  for (const name of ["wrangler", "@cloudflare/workers-types"])
    await symlink(join(ROOT, "node_modules", name), join(folder, "node_modules", name));
  const installed = join(folder, "node_modules", "edge-token-broker");
  await mkdir(installed);
  await promisify(execFile)("tar", ["-xzf", await tarball(), "-C", installed, "--strip-components=1"]);
});
after(() => rm(folder, { recursive: true, force: true }));

async function write(name, text) {
  await mkdir(join(folder, dirname(name)), { recursive: true });
  await writeFile(join(folder, name), text);
}

/** Runs a program of the repository, and resolves to its output if it fails. */
const faultsOf = (args, cwd) =>
  new Promise((resolve) =>
    execFile(
      NODE,
      args,
      { cwd: join(folder, cwd), env: { ...process.env, CI: "1", WRANGLER_SEND_METRICS: "false" } },
      (error, stdout, stderr) => resolve(error ? stdout + stderr : ""),
    ),
  );

const tsc = (cwd, more = []) =>
  faultsOf([join(ROOT, "node_modules", "typescript", "bin", "tsc"), "-p", ".", ...more], cwd);

test("with @cloudflare/workers-types, strictly and with the libraries checked", async () => {
  await write("plain/tsconfig.json", JSON.stringify({ ...TSCONFIG, include: ["*.ts"] }));
  await write("plain/env.d.ts", `/// <reference types="@cloudflare/workers-types" />\n${ENV}`);
  await write("plain/mounts.ts", MOUNTS);
  await write("plain/calls.ts", CALLS);
  assert.equal(await tsc("plain", ["--types", "@cloudflare/workers-types"]), "");
});

test("as an ES module of Node's resolution", async () => {
  const compilerOptions = { ...TSCONFIG.compilerOptions, module: "nodenext", moduleResolution: "nodenext" };
  await write("node/package.json", JSON.stringify({ type: "module" }));
  await write("node/tsconfig.json", JSON.stringify({ compilerOptions, include: ["*.ts"] }));
  await write("node/env.d.ts", ENV);
  await write("node/mounts.ts", MOUNTS);
  await write("node/calls.ts", CALLS);
  assert.equal(await tsc("node", ["--types", "@cloudflare/workers-types"]), "");
});

test("with what wrangler types makes of the configuration in docs/own-worker.md", async () => {
  const page = await readFile(join(ROOT, "docs", "own-worker.md"), "utf8");
  const [, toml] = /<!-- file: app\/wrangler.toml -->\n```toml\n(.*?)```/s.exec(page) ?? [];
  await write("made/wrangler.toml", toml.replace("index.js", "index.ts"));
  await write("made/src/index.ts", MOUNTS);
  await write("made/tsconfig.json", JSON.stringify({ ...TSCONFIG, include: ["src", "worker-configuration.d.ts"] }));
  assert.equal(await faultsOf([join(ROOT, "node_modules", "wrangler", "bin", "wrangler.js"), "types"], "made"), "");
  const made = await readFile(join(folder, "made", "worker-configuration.d.ts"), "utf8");
  assert.match(made, /COORDINATOR: DurableObjectNamespace<import\("\.\/src\/index"\)\.TokenCoordinator>/);
  assert.equal(await tsc("made", ["--types", ""]), "");
});

test("the type of the bindings has each that the README names, and no other", async () => {
  const readme = await readFile(join(ROOT, "README.md"), "utf8");
  const [, configuration] = /\n## Configuration\n(.*?)\n## /s.exec(readme) ?? [];
  const rows = configuration.matchAll(/^\| (`[A-Z_`, ]+`) \|/gm);
  const named = [...rows].flatMap(([, cell]) => [...cell.matchAll(/[A-Z_]+/g)].map(String));
  const types = await readFile(join(ROOT, "package", "index.d.ts"), "utf8");
  const [, members] = /interface BrokerEnv \{(.*?)\n\}/s.exec(types) ?? [];
  const typed = [...members.matchAll(/^ {2}([A-Z_]+)\?:/gm)].map(([, name]) => name);
  assert.deepEqual(typed.sort(), [...new Set(named)].sort());
});
