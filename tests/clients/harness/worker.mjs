// A Worker that uses the client, bundled as its user would bundle it, in the real runtime.

/** @import { WorkerdProcess } from "../../workerd/harness/workerd_process.mjs" */

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { build } from "esbuild";

import { localCa } from "../../workerd/harness/tls.mjs";
import { COMPATIBILITY_DATE } from "../../workerd/harness/workerd_config.mjs";
import { serve } from "../../workerd/harness/workerd_process.mjs";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

/**
 * One file for a platform that has no modules of Node.js.
 * @param {string} source
 */
export async function bundle(source) {
  const { outputFiles } = await build({
    stdin: { contents: source, resolveDir: ROOT },
    bundle: true,
    format: "esm",
    platform: "neutral",
    write: false,
  });
  return outputFiles[0]?.text ?? "";
}

export class ClientWorker {
  #workerd;
  #folder;

  /**
   * @param {WorkerdProcess} workerd
   * @param {string} folder
   */
  constructor(workerd, folder) {
    this.#workerd = workerd;
    this.#folder = folder;
  }

  /**
   * @param {string} source
   * @param {Record<string, string>} env
   */
  static async start(source, env) {
    const folder = await mkdtemp(join(tmpdir(), "edge-token-broker-worker-"));
    const file = join(folder, "worker.mjs");
    await writeFile(file, await bundle(source));
    return new ClientWorker(await serve(config(file, env)), folder);
  }

  get output() {
    return this.#workerd.output;
  }

  /**
   * @param {string} path
   * @param {RequestInit & { duplex?: string }} [init]
   */
  fetch(path, init) {
    return fetch(`http://127.0.0.1:${this.#workerd.port}${path}`, init);
  }

  async stop() {
    await this.#workerd.stop();
    await rm(this.#folder, { recursive: true });
  }
}

/** A text of Cap'n Proto, for texts of letters and line breaks. */
const text = (/** @type {string} */ value) => JSON.stringify(value);

/**
 * @param {string} file
 * @param {Record<string, string>} env
 */
const config = (file, env) => `
using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = .worker),
    (name = "internet", network = (
      allow = ["private", "local"],
      tlsOptions = (trustedCertificates = [${text(localCa().certificate)}])
    )),
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);
const worker :Workerd.Worker = (
  modules = [(name = "worker.mjs", esModule = embed ${text(file)})],
  compatibilityDate = "${COMPATIBILITY_DATE}",
  globalOutbound = "internet",
  bindings = [${Object.entries(env).map(([name, value]) => `(name = ${text(name)}, text = ${text(value)})`)}],
);`;
