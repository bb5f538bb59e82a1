// Bare workerd with one Worker in it: no dev server, no proxy. The tests' harness starts it in much the same way; here
// the process id is needed, and what the Worker prints must cost the reader nothing.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

import { root } from "../../scripts/lib/run.mjs";

const START_DEADLINE_MS = 20_000;

/** The npm package's own launcher resolves to the native binary of this platform. */
export const workerdBinary = createRequire(import.meta.url)("workerd").default;

/**
 * Starts workerd on one Worker:
 * `modules`: `[{ name, kind, content }]`, the main one first;
 * `bindings`: name → text;
 * `kvPort`: where the server behind the KV namespace `TOKENS` listens, if there is to be one;
 * `registryPort`: the same for `REGISTRY`;
 * `objects`: `{ binding, className }` of a Durable Object class, stored in memory;
 * `flags`: compatibility flags; `inspected`: whether V8's inspector is to listen.
 */
export async function startWorkerd(worker) {
  const directory = await mkdtemp(join(tmpdir(), "edge-token-broker-bench-"));
  for (const { name, content } of worker.modules) await writeFile(join(directory, name), content);
  const file = join(directory, "config.capnp");
  await writeFile(file, await config(worker), { mode: 0o600 });

  const args = ["serve", "--control-fd=3", ...(worker.inspected ? ["--inspector-addr=127.0.0.1:0"] : []), file];
  const child = spawn(workerdBinary, args, { stdio: ["ignore", worker.stdout ?? "ignore", "pipe", "pipe"] });
  const kill = () => child.kill("SIGKILL");
  process.once("exit", kill);
  const complaints = [];
  createInterface({ input: child.stderr }).on("line", (line) => complaints.push(line));
  const exited = once(child, "close");
  const stop = async () => {
    process.removeListener("exit", kill);
    kill();
    await exited;
    await rm(directory, { recursive: true, force: true });
  };
  try {
    const ports = await listening(child, complaints, worker.inspected);
    const { listen: port, "listen-inspector": inspectorPort } = ports;
    return { pid: child.pid, port, inspectorPort, url: `http://127.0.0.1:${port}`, complaints, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** workerd picks its ports itself and reports them on a control descriptor, so nothing can race for them. */
async function listening(child, complaints, inspected) {
  const ports = {};
  const messages = createInterface({ input: child.stdio[3] });
  const wanted = inspected ? ["listen", "listen-inspector"] : ["listen"];
  const all = new Promise((resolve, reject) => {
    messages.on("line", (line) => {
      const { event, port } = JSON.parse(line);
      ports[event] = port;
      if (wanted.every((name) => name in ports)) resolve(ports);
    });
    child.once("close", () => reject(new Error(`workerd did not start:\n${complaints.join("\n")}`)));
    setTimeout(reject, START_DEADLINE_MS, new Error("workerd did not start in time")).unref();
  });
  return all;
}

/** Evicted after ten idle seconds, an object that is stored in memory would have forgotten everything. */
const OBJECTS = `uniqueKey = "bench", enableSql = true, preventEviction = true`;

async function config({ modules, bindings = {}, kvPort, registryPort, objects, flags = [] }) {
  const services = [
    `(name = "worker", worker = .worker)`,
    `(name = "internet", network = (allow = ["private", "local"]))`,
  ];
  const declared = Object.entries(bindings).map(([name, value]) => `(name = ${text(name)}, text = ${text(value)})`);
  for (const [name, port] of [
    ["TOKENS", kvPort],
    ["REGISTRY", registryPort],
  ]) {
    if (port === undefined) continue;
    services.push(`(name = "${name}", external = (address = "127.0.0.1:${port}", http = ()))`);
    declared.push(`(name = "${name}", kvNamespace = "${name}")`);
  }
  if (objects) declared.push(`(name = ${text(objects.binding)}, durableObjectNamespace = ${text(objects.className)})`);
  const storage = objects && [
    `durableObjectNamespaces = [(className = ${text(objects.className)}, ${OBJECTS})],`,
    `durableObjectStorage = (inMemory = void),`,
  ];
  const embedded = modules.map(({ name, kind }) => `(name = ${text(name)}, ${kind} = embed ${text(name)})`);
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [${services.join(", ")}],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "worker")],
);
const worker :Workerd.Worker = (
  modules = [${embedded.join(", ")}],
  compatibilityDate = ${text(await compatibilityDate())},
  compatibilityFlags = [${flags.map(text).join(", ")}],
  globalOutbound = "internet",
  bindings = [${declared.join(", ")}],
  ${storage?.join("\n  ") ?? ""}
);`;
}

/** The one that would be deployed. */
async function compatibilityDate() {
  return /^compatibility_date\s*=\s*"([^"]+)"/m.exec(await readFile(join(root, "wrangler.toml"), "utf8"))[1];
}

/** A Cap'n Proto string literal of printable text: what is bound here is JSON, names and keys. */
const text = (value) => `"${value.replace(/[\\"]/g, "\\$&")}"`;
