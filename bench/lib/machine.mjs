// The machine, the versions, and the sizes of the uploads.

/** @import { Toolchain } from "../../scripts/setup.mjs" */
/** @import { Module } from "./workerd.mjs" */

import { readFileSync } from "node:fs";
import { cpus, release, totalmem } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

import { parse } from "smol-toml";

import { root } from "../../scripts/lib/run.mjs";
import { brokerModules, peerModules } from "./workers.mjs";

const PACKAGES = ["workerd", "wrangler", "autocannon", "@azure/msal-node"];

/** @typedef {ReturnType<typeof machine>} Machine */

export function machine() {
  /** @param {string} name */
  const installed = (name) =>
    JSON.parse(readFileSync(join(root, "node_modules", name, "package.json"), "utf8")).version;
  const { toolchain } = parse(readFileSync(join(root, "rust-toolchain.toml"), "utf8"));
  return {
    cpu: `${cpus().length} × ${cpus()[0]?.model}`,
    memory: `${Math.round(totalmem() / 2 ** 30)} GB`,
    system: `Linux ${release().split("-")[0]}`,
    node: process.versions.node,
    rust: /** @type {Toolchain} */ (toolchain).channel,
    packages: Object.fromEntries(PACKAGES.map((name) => [name, installed(name)])),
  };
}

/**
 * Compressed bytes of the upload, by Worker and kind of module.
 * @returns {Promise<Record<string, ReturnType<typeof compressed>>>}
 */
export async function sizes() {
  const [careful, msal] = await Promise.all([peerModules("careful"), peerModules("msal")]);
  return { broker: compressed(brokerModules()), careful: compressed(careful), msal: compressed(msal) };
}

/** @param {Module[]} modules */
function compressed(modules) {
  /** @param {Module["kind"]} kind */
  const of = (kind) =>
    modules.filter((module) => module.kind === kind).reduce((sum, { content }) => sum + gzipBytes(content), 0);
  return { script: of("esModule"), wasm: of("wasm"), all: of("esModule") + of("wasm") };
}

/** @param {string | Buffer} content */
const gzipBytes = (content) => gzipSync(content, { level: 9 }).length;
