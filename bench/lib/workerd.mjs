// Bare workerd with one Worker in it: no dev server, no proxy. The tests' harness starts it in a similar way. Here
// the measurements need the process id, and the Worker's output must cost its reader nothing.

/** @import { ChildProcess } from "node:child_process" */
/** @import { Readable } from "node:stream" */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

import { COMPATIBILITY_DATE, COMPATIBILITY_FLAGS } from "../../tests/workerd/harness/workerd_config.mjs";

const START_DEADLINE_MS = 20_000;

/** @typedef {{ name: string, kind: "esModule" | "wasm", content: string | Buffer }} Module */

/** @typedef {{ binding: string, className: string }} Objects */

/** @typedef {{ source: string, props: object }} Front `props` are those of its service binding. */

/**
 * @typedef {object} Worker
 * @property {Module[]} modules The main one first.
 * @property {Record<string, string>} [bindings] Name → text.
 * @property {number | undefined} [kvPort] Where the server behind the KV namespace `TOKENS` listens, if there is to be one.
 * @property {number | undefined} [registryPort] The same for `REGISTRY`.
 * @property {Objects | undefined} [objects] A Durable Object class, stored in memory.
 * @property {string[] | undefined} [flags] Compatibility flags, on top of the deployed ones.
 * @property {Front | undefined} [front] Another Worker that takes the requests, with this one behind its binding `BROKER`.
 * @property {boolean | undefined} [inspected] Whether V8's inspector is to listen.
 */

/**
 * @typedef {{ listen: number, "listen-inspector": number }} Ports The second one only where the Worker is inspected.
 */

/** @typedef {Awaited<ReturnType<typeof startWorkerd>>} Workerd */

/**
 * The npm package's own launcher resolves to the native binary of this platform.
 * @type {string}
 */
const workerdBinary = createRequire(import.meta.url)("workerd").default;

/**
 * Starts workerd on one Worker.
 * @param {Worker} worker
 */
export async function startWorkerd(worker) {
  const directory = await mkdtemp(join(tmpdir(), "edge-token-broker-bench-"));
  for (const { name, content } of worker.modules) await writeFile(join(directory, name), content);
  const file = join(directory, "config.capnp");
  await writeFile(file, config(worker), { mode: 0o600 });

  const args = ["serve", "--control-fd=3", ...(worker.inspected ? ["--inspector-addr=127.0.0.1:0"] : []), file];
  const child = spawn(workerdBinary, args, { stdio: ["ignore", "ignore", "pipe", "pipe"] });
  const kill = () => child.kill("SIGKILL");
  process.once("exit", kill);
  /** @type {string[]} */
  const complaints = [];
  createInterface({ input: outputOf(child, 2) }).on("line", (line) => complaints.push(line));
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
    return { pid: Number(child.pid), port, inspectorPort, url: `http://127.0.0.1:${port}`, complaints, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** @param {ChildProcess} child @param {number} descriptor */
const outputOf = (child, descriptor) => /** @type {Readable} */ (child.stdio[descriptor]);

/**
 * workerd picks its ports itself and reports them on a control descriptor, so no other program can take them first.
 * @param {ChildProcess} child
 * @param {string[]} complaints
 * @param {boolean} inspected
 * @returns {Promise<Ports>}
 */
async function listening(child, complaints, inspected = false) {
  /** @type {Record<string, number>} */
  const ports = {};
  const messages = createInterface({ input: outputOf(child, 3) });
  const wanted = inspected ? ["listen", "listen-inspector"] : ["listen"];
  return new Promise((resolve, reject) => {
    messages.on("line", (line) => {
      const { event, port } = JSON.parse(line);
      ports[event] = port;
      if (wanted.every((name) => name in ports)) resolve(/** @type {Ports} */ (ports));
    });
    child.once("close", () => reject(new Error(`workerd did not start:\n${complaints.join("\n")}`)));
    setTimeout(reject, START_DEADLINE_MS, new Error("workerd did not start in time")).unref();
  });
}

/** An object with its storage in memory forgets everything when it is evicted, after ten idle seconds. */
const OBJECTS = `uniqueKey = "bench", enableSql = true, preventEviction = true`;

/** @param {Worker} worker */
function config({ modules, bindings = {}, kvPort, registryPort, objects, flags = [], front }) {
  const services = [
    `(name = "worker", worker = .worker)`,
    `(name = "internet", network = (allow = ["private", "local"]))`,
  ];
  if (front) services.push(`(name = "front", worker = .front)`);
  const declared = Object.entries(bindings).map(([name, value]) => `(name = ${text(name)}, text = ${text(value)})`);
  for (const [name, port] of Object.entries({ TOKENS: kvPort, REGISTRY: registryPort })) {
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
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "${front ? "front" : "worker"}")],
);
const worker :Workerd.Worker = (
  modules = [${embedded.join(", ")}],
  compatibilityDate = ${text(COMPATIBILITY_DATE)},
  compatibilityFlags = [${[...COMPATIBILITY_FLAGS, ...flags].map(text).join(", ")}],
  globalOutbound = "internet",
  bindings = [${declared.join(", ")}],
  ${storage?.join("\n  ") ?? ""}
);
${front ? frontOf(front) : ""}`;
}

/** @param {Front} front */
const frontOf = ({ source, props }) => `const front :Workerd.Worker = (
  modules = [(name = "front.js", esModule = ${lines(source)})],
  compatibilityDate = ${text(COMPATIBILITY_DATE)},
  bindings = [(name = "BROKER", service = (name = "worker", props = (json = ${text(JSON.stringify(props))})))],
);`;

/**
 * The same of a text with line breaks.
 * @param {string} value
 */
const lines = (value) => text(value).replaceAll("\n", "\\n");

/**
 * A Cap'n Proto string literal of printable text. The bindings here are JSON, names and keys.
 * @param {string} value
 */
const text = (value) => `"${value.replace(/[\\"]/g, "\\$&")}"`;
