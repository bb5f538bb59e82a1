// What `npm ci` and rust-toolchain.toml do not pin. The npm packages' versions are in package.json.

/**
 * Major version of Node.js → the oldest minor version of it that can run these scripts (they need `zlib.crc32`); newer
 * major versions can. wrangler needs a newer one than these, which the npm package `node` brings.
 * @type {Record<string, number>}
 */
export const oldestNode = { 20: 15, 22: 2 };

/** @typedef {{ crate: string, version: string, binary: string, minutes: number, optimised?: boolean }} CargoTool */

/** Built from source by cargo, once for each version on a machine; `minutes` was measured on two cores. */
export const cargoTools = {
  // Equals the wasm-bindgen of Cargo.lock: the two sides of the glue have to be of one version.
  wasmBindgen: { crate: "wasm-bindgen-cli", version: "0.2.129", binary: "wasm-bindgen", minutes: 3 },
};

/** The same, but only for who runs `npm run supply-chain`. Unoptimised: it runs for a second, and takes half as long to build. */
export const cargoDeny = { crate: "cargo-deny", version: "0.20.2", binary: "cargo-deny", minutes: 3, optimised: false };

/** The most that the Worker may weigh, wasm and JavaScript, compressed as it is uploaded. It was 160 KiB before JWTs, the registry and revocation. */
export const budgetGzipBytes = 184 * 1024;
