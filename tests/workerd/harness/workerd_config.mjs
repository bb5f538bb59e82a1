// The Cap'n Proto configuration of one broker: the built bundle as its modules, the test's values as its bindings.

import { readFileSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

/** Where `wrangler deploy --dry-run --outdir dist` leaves what it would upload. */
const BUNDLE = resolve(process.env.BROKER_BUNDLE ?? join(ROOT, "dist"));

const MAIN_MODULE = "index.js";

/** The compatibility date that would be deployed. */
const COMPATIBILITY_DATE = /^compatibility_date\s*=\s*"([^"]+)"/m.exec(
  readFileSync(join(ROOT, "wrangler.toml"), "utf8"),
)[1];

/** The modules that would be deployed, as `{ name, kind, path }`: the main one, and the wasm that it imports. */
function bundleModules() {
  const main = readFileSync(join(BUNDLE, MAIN_MODULE), "utf8");
  const wasm = readdirSync(BUNDLE).filter((name) => name.endsWith(".wasm") && main.includes(`"./${name}"`));
  const named = (name, kind) => ({ name, kind, path: join(BUNDLE, name) });
  return [named(MAIN_MODULE, "esModule"), ...wasm.map((name) => named(name, "wasm"))];
}

/** The Durable Object class that would be deployed, and under which name its objects are stored. */
const COORDINATOR_CLASS = `className = "TokenCoordinator", uniqueKey = "edge-token-broker-TokenCoordinator", enableSql = true`;

/**
 * `bindings`: name → string (a variable or secret), or any other JSON value (a table in wrangler.toml).
 * `kvPort`: the KV server behind `TOKENS`; left out, there is no such binding.
 * `registryPort`: the KV server behind `REGISTRY`, likewise.
 * `front`: source of another Worker that takes the requests, with the broker behind its binding `BROKER`, and a second
 * isolate of it, with the same coordinators, behind `OTHER`.
 * `beside`: more Workers: the broker's binding to each → its source.
 * `wrapped`: bindings that are objects of the runtime itself: name → source of a module whose default export makes one.
 * `bound`: more bindings of `front` to the broker: name → their `props`.
 * `coordinator`: `null` for no binding `COORDINATOR`; else `{ storage, source }`: the directory that its objects are
 * stored in (left out: in memory), and the source of a module whose `TokenCoordinator` takes the bundle's place.
 */
export function brokerConfig({
  bindings,
  kvPort,
  registryPort,
  front,
  bound = {},
  beside = {},
  wrapped = {},
  coordinator,
}) {
  const services = [
    `(name = "broker", worker = .broker)`,
    `(name = "internet", network = (allow = ["private", "local"]))`,
  ];
  if (coordinator?.storage)
    services.push(`(name = "do-storage", disk = (path = ${text(coordinator.storage)}, writable = true))`);
  if (kvPort !== undefined) services.push(`(name = "kv", external = (address = "127.0.0.1:${kvPort}", http = ()))`);
  if (registryPort !== undefined)
    services.push(`(name = "registry", external = (address = "127.0.0.1:${registryPort}", http = ()))`);
  if (front !== undefined) services.push(`(name = "front", worker = .front)`, `(name = "other", worker = .other)`);

  Object.keys(beside).forEach((name, n) => services.push(`(name = ${text(name)}, worker = .beside${n})`));

  const declared = Object.entries(bindings).map(([name, value]) => binding(name, value));
  if (kvPort !== undefined) declared.push(`(name = "TOKENS", kvNamespace = "kv")`);

  if (registryPort !== undefined) declared.push(`(name = "REGISTRY", kvNamespace = "registry")`);

  for (const name of Object.keys(beside)) declared.push(`(name = ${text(name)}, service = ${text(name)})`);

  for (const name of Object.keys(wrapped))
    declared.push(`(name = ${text(name)}, wrapped = (moduleName = ${text(`wrapped:${name}`)}))`);

  const coordinated = (at) =>
    coordinator ? [...declared, `(name = "COORDINATOR", durableObjectNamespace = ${at})`] : declared;
  const modules = bundleModules().map(module);
  if (coordinator?.source)
    modules.unshift(
      `(name = "main.mjs", esModule = ${text(`export { default } from "./index.js";\n${coordinator.source}`)})`,
    );

  return [
    `using Workerd = import "/workerd/workerd.capnp";`,
    `const config :Workerd.Config = (`,
    `  services = [${services.join(", ")}],`,
    `  sockets = [(name = "http", address = "127.0.0.1:0", http = (cfBlobHeader = "CF-Blob"), service = "${front === undefined ? "broker" : "front"}")],`,
    `  extensions = [(modules = [${Object.entries(wrapped)
      .map(([name, source]) => `(name = ${text(`wrapped:${name}`)}, internal = true, esModule = ${text(source)})`)
      .join(", ")}])],`,
    `);`,
    worker("broker", modules, coordinated(`"TokenCoordinator"`), coordinator ? objects(coordinator.storage) : []),
    front === undefined
      ? ""
      : worker("other", modules, coordinated(`(className = "TokenCoordinator", serviceName = "broker")`)),
    front === undefined
      ? ""
      : worker(
          "front",
          [`(name = "front.mjs", esModule = ${text(front)})`, ...bundleModules().map(module)],
          [
            `(name = "BROKER", service = "broker")`,
            `(name = "OTHER", service = "other")`,
            ...Object.entries(bound).map(
              ([name, props]) =>
                `(name = ${text(name)}, service = (name = "broker", props = (json = ${text(JSON.stringify(props))})))`,
            ),
          ],
        ),
    ...Object.values(beside).map((source, n) =>
      worker(`beside${n}`, [`(name = "main.mjs", esModule = ${text(source)})`], []),
    ),
  ].join("\n");
}

const worker = (name, modules, bindings, more = []) => `
const ${name} :Workerd.Worker = (
  modules = [${modules.join(", ")}],
  compatibilityDate = "${COMPATIBILITY_DATE}",
  globalOutbound = "internet",
  bindings = [${bindings.join(", ")}],
  ${more.join(", ")}
);`;

const objects = (storage) => [
  `durableObjectNamespaces = [(${COORDINATOR_CLASS})]`,
  `durableObjectStorage = ${storage ? `(localDisk = "do-storage")` : "(inMemory = void)"}`,
];

const module = ({ name, kind, path }) => `(name = ${text(name)}, ${kind} = embed ${text(path)})`;

const binding = (name, value) =>
  typeof value === "string"
    ? `(name = ${text(name)}, text = ${text(value)})`
    : `(name = ${text(name)}, json = ${text(JSON.stringify(value))})`;

/** A Cap'n Proto string literal: like JSON's, but bytes are escaped as \xHH. */
const text = (value) =>
  `"${value
    .replace(/[\\"]/g, "\\$&")
    .replace(/\n/g, "\\n")
    .replace(/[\x00-\x1f\x7f]/g, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, "0")}`)}"`;
