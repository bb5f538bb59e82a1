// The versions that `npm ci` and rust-toolchain.toml do not pin. package.json has those of the npm packages.

/** @typedef {{ crate: string, version: string, binary: string, minutes: number, optimised?: boolean }} CargoTool */

/** Built from source by cargo, once for each version on a machine; `minutes` was measured on two cores. */
export const cargoTools = {
  // The same version as wasm-bindgen in Cargo.lock, because the two sides of the glue have to match.
  wasmBindgen: { crate: "wasm-bindgen-cli", version: "0.2.129", binary: "wasm-bindgen", minutes: 3 },
};

/** The same, but only for `npm run supply-chain`. Unoptimised, which halves the build; it runs for a second. */
export const cargoDeny = { crate: "cargo-deny", version: "0.20.2", binary: "cargo-deny", minutes: 3, optimised: false };

/**
 * Size limit of the Worker in bytes, wasm and JavaScript, compressed as for the upload
 * (docs/adr/0014-the-worker-crate.md says what weighs much).
 */
export const budgetGzipBytes = 258_000;

/** Size limits of the npm package in bytes: of the tarball, and of its files. Two thirds are the Worker. */
export const budgetPackage = { packed: 570_000, unpacked: 1_500_000 };
