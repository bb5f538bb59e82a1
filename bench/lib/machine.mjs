// On what was measured: the machine, the versions, the sizes of what would be uploaded.

import { readFileSync } from "node:fs";
import { cpus, release, totalmem } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

import { root } from "../../scripts/lib/run.mjs";
import { brokerModules, peerModules } from "./workers.mjs";

const PACKAGES = ["workerd", "wrangler", "autocannon", "@azure/msal-node"];

export function machine() {
  const installed = (name) =>
    JSON.parse(readFileSync(join(root, "node_modules", name, "package.json"), "utf8")).version;
  const [{ model }] = cpus();
  return {
    cpu: `${cpus().length} × ${model}`,
    memory: `${Math.round(totalmem() / 2 ** 30)} GB`,
    system: `Linux ${release().split("-")[0]}`,
    node: process.versions.node,
    rust: /^channel = "(.+)"/m.exec(readFileSync(join(root, "rust-toolchain.toml"), "utf8"))[1],
    packages: Object.fromEntries(PACKAGES.map((name) => [name, installed(name)])),
  };
}

/** Compressed bytes of what would be uploaded, by kind of module. */
export async function sizes() {
  const peers = await Promise.all(["careful", "msal"].map(async (name) => [name, compressed(await peerModules(name))]));
  return { broker: compressed(brokerModules()), ...Object.fromEntries(peers) };
}

function compressed(modules) {
  const of = (kind) =>
    modules.filter((module) => module.kind === kind).reduce((sum, { content }) => sum + gzipBytes(content), 0);
  return { script: of("esModule"), wasm: of("wasm"), all: of("esModule") + of("wasm") };
}

const gzipBytes = (content) => gzipSync(content, { level: 9 }).length;
