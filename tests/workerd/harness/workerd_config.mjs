// The Cap'n Proto configuration of one broker: the built bundle as its modules, the test's values as its bindings.

/** @import { Pair } from "../../../stand-in/ca.mjs" */

import { readFileSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

import { parse } from "smol-toml";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

/** `wrangler deploy --dry-run --outdir dist` writes the upload here. */
const BUNDLE = resolve(process.env.BROKER_BUNDLE ?? join(ROOT, "dist"));

const MAIN_MODULE = "index.js";

const deployed = parse(readFileSync(join(ROOT, "wrangler.toml"), "utf8"));

/** The deployed compatibility date. */
export const COMPATIBILITY_DATE = String(deployed.compatibility_date);

/** The deployed compatibility flags. */
export const COMPATIBILITY_FLAGS = /** @type {string[]} */ (deployed.compatibility_flags);

/** @typedef {{ name: string, kind: "esModule" | "wasm", path: string }} Module */

/**
 * The deployed modules: the main one, and the wasm that it imports.
 * @param {string} folder
 * @returns {Module[]}
 */
function bundleModules(folder) {
  const main = readFileSync(join(folder, MAIN_MODULE), "utf8");
  const wasm = readdirSync(folder).filter((name) => name.endsWith(".wasm") && main.includes(`"./${name}"`));
  /** @type {(name: string, kind: Module["kind"]) => Module} */
  const named = (name, kind) => ({ name, kind, path: join(folder, name) });
  return [named(MAIN_MODULE, "esModule"), ...wasm.map((name) => named(name, "wasm"))];
}

/** The Durable Object classes that would be deployed: binding → class. */
const CLASSES = { COORDINATOR: "TokenCoordinator", ASSERTIONS: "AssertionLedger" };

/**
 * @typedef {object} BrokerConfig
 * @property {Record<string, unknown>} bindings Name → string (a variable or secret), or any other JSON value (a table in
 *   wrangler.toml).
 * @property {number | undefined} [kvPort] The KV server behind `TOKENS`; left out, there is no such binding.
 * @property {number | undefined} [registryPort] The KV server behind `REGISTRY`, likewise.
 * @property {string | undefined} [front] Source of another Worker that takes the requests, with the broker behind its
 *   binding `BROKER`, and a second isolate of it, with the same coordinators, behind `OTHER`. As any Worker of the
 *   account can be, it is bound to the classes of the broker's Durable Objects.
 * @property {string | undefined} [frontDate] Its compatibility date, in place of the broker's.
 * @property {string[] | undefined} [foreign] The paths at which `front` or `main` answers by itself, or calls another route of the
 *   broker. openapi.yaml does not have these answers.
 * @property {Record<string, string> | undefined} [beside] More Workers: the broker's binding to each → its source.
 * @property {Record<string, string> | undefined} [wrapped] Bindings that are objects of the runtime itself: name → source
 *   of a module whose default export makes one.
 * @property {Record<string, unknown> | undefined} [bound] More bindings of `front` to the broker: name → their `props`.
 * @property {ConfiguredCoordinator | false} [coordinator] `false` for no bindings `COORDINATOR` and `ASSERTIONS`.
 * @property {Pair | undefined} [tls] Its key and certificate; left out, it listens for plain http.
 * @property {string | undefined} [trusted] The certificate of the authority whose servers the broker trusts.
 * @property {string | undefined} [bundle] The folder of another bundle than the built one.
 * @property {string | undefined} [main] Source of a module in place of the bundle's main one, which is its `./index.js`.
 */

/**
 * @typedef {object} ConfiguredCoordinator
 * @property {string | undefined} [storage] The directory that its objects are stored in; left out, in memory.
 * @property {string | undefined} [source] Source of a module whose `TokenCoordinator` takes the bundle's place.
 */

/** What a module with a coordinator of its own takes over. */
const REST = `export { default, AssertionLedger } from "./index.js";`;

/** @param {BrokerConfig} config */
export function brokerConfig({
  bindings,
  kvPort,
  registryPort,
  front,
  frontDate,
  bound = {},
  beside = {},
  wrapped = {},
  coordinator,
  tls,
  trusted,
  main,
  bundle = BUNDLE,
}) {
  const services = [
    `(name = "broker", worker = .broker)`,
    `(name = "internet", network = (allow = ["private", "local"]${trusted ? trusting(trusted) : ""}))`,
  ];
  if (coordinator && coordinator.storage)
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

  /** @param {(className: string) => string} at */
  const coordinated = (at) => (coordinator ? [...declared, ...namespaces(at)] : declared);
  const modules = bundleModules(bundle).map(module);
  const source = coordinator && coordinator.source ? `${REST}\n${coordinator.source}` : main;
  if (source) modules.unshift(`(name = "main.mjs", esModule = ${text(source)})`);

  return [
    `using Workerd = import "/workerd/workerd.capnp";`,
    `const config :Workerd.Config = (`,
    `  services = [${services.join(", ")}],`,
    `  sockets = [(name = "http", address = "127.0.0.1:0", ${protocol(tls)}, service = "${front === undefined ? "broker" : "front"}")],`,
    `  extensions = [(modules = [${Object.entries(wrapped)
      .map(([name, source]) => `(name = ${text(`wrapped:${name}`)}, internal = true, esModule = ${text(source)})`)
      .join(", ")}])],`,
    `);`,
    worker("broker", modules, coordinated(text), coordinator ? objects(coordinator.storage) : []),
    front === undefined
      ? ""
      : worker(
          "other",
          modules,
          coordinated((name) => `(className = "${name}", serviceName = "broker")`),
        ),
    front === undefined
      ? ""
      : worker(
          "front",
          [`(name = "front.mjs", esModule = ${text(front)})`, ...bundleModules(bundle).map(module)],
          [
            `(name = "BROKER", service = "broker")`,
            `(name = "OTHER", service = "other")`,
            ...(coordinator ? namespaces((name) => `(className = "${name}", serviceName = "broker")`) : []),
            ...Object.entries(bound).map(
              ([name, props]) =>
                `(name = ${text(name)}, service = (name = "broker", props = (json = ${text(JSON.stringify(props))})))`,
            ),
          ],
          [],
          frontDate,
        ),
    ...Object.values(beside).map((source, n) =>
      worker(`beside${n}`, [`(name = "main.mjs", esModule = ${text(source)})`], []),
    ),
  ].join("\n");
}

/** @param {string} certificate */
const trusting = (certificate) => `, tlsOptions = (trustedCertificates = [${text(certificate)}])`;

/** @param {Pair | undefined} tls */
function protocol(tls) {
  const http = `(cfBlobHeader = "CF-Blob")`;
  if (!tls) return `http = ${http}`;
  const keypair = `(privateKey = ${text(tls.key)}, certificateChain = ${text(tls.certificate)})`;
  return `https = (options = ${http}, tlsOptions = (keypair = ${keypair}))`;
}

/** @type {(name: string, modules: string[], bindings: string[], more?: string[], date?: string) => string} */
const worker = (name, modules, bindings, more = [], date = COMPATIBILITY_DATE) => `
const ${name} :Workerd.Worker = (
  modules = [${modules.join(", ")}],
  compatibilityDate = "${date}",
  compatibilityFlags = [${COMPATIBILITY_FLAGS.map(text).join(", ")}],
  globalOutbound = "internet",
  bindings = [${bindings.join(", ")}],
  ${more.join(", ")}
);`;

/** @param {(className: string) => string} at */
const namespaces = (at) =>
  Object.entries(CLASSES).map(([name, className]) => `(name = "${name}", durableObjectNamespace = ${at(className)})`);

/** @param {string | undefined} storage */
const objects = (storage) => [
  `durableObjectNamespaces = [${Object.values(CLASSES)
    .map((name) => `(className = "${name}", uniqueKey = "edge-token-broker-${name}", enableSql = true)`)
    .join(", ")}]`,
  `durableObjectStorage = ${storage ? `(localDisk = "do-storage")` : "(inMemory = void)"}`,
];

/** @param {Module} module */
const module = ({ name, kind, path }) => `(name = ${text(name)}, ${kind} = embed ${text(path)})`;

/** @type {(name: string, value: unknown) => string} */
const binding = (name, value) =>
  typeof value === "string"
    ? `(name = ${text(name)}, text = ${text(value)})`
    : `(name = ${text(name)}, json = ${text(JSON.stringify(value))})`;

/**
 * A Cap'n Proto string literal: like JSON's, but with bytes escaped as \xHH.
 * @param {string} value
 */
const text = (value) =>
  `"${value
    .replace(/[\\"]/g, "\\$&")
    .replace(/\n/g, "\\n")
    .replace(/[\x00-\x1f\x7f]/g, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, "0")}`)}"`;
