// Short names for what the wasm imports and exports. wasm-bindgen's have hashes, which gzip cannot compress, and the
// wasm and the JavaScript both have them: 4 kB.

/**
 * wasm-bindgen's glue with the names that `wasm-opt --minify-imports-and-exports-and-modules` has given, and printed.
 *
 * @param {string} glue
 * @param {string} printed
 */
export function withShortNames(glue, printed) {
  /** @type {Map<string, string>} */
  const imports = new Map();
  /** @type {Map<string, string>} */
  const exports = new Map();
  for (const [, , long = "", short = ""] of printed.matchAll(/\["([^"]+)", "([^"]+)", "([^"]+)"\]/g))
    imports.set(long, short);
  for (const [, long = "", short = ""] of printed.matchAll(/\["([^"]+)", "([^"]+)"\]/g)) exports.set(long, short);

  const renamed = glue
    .replace(`"${MODULE}": import0`, `"${SHORT_MODULE}": import0`)
    .replaceAll(/\bwasm\.(\w+)/g, (text, name) => (exports.has(name) ? `wasm.${exports.get(name)}` : text))
    .replaceAll(/^ {8}(\w+):/gm, (text, name) => {
      const short = imports.get(name);
      imports.delete(name);
      return short === undefined ? text : `${short}:`;
    });
  if (imports.size > 0 || exports.size === 0 || !renamed.includes(`"${SHORT_MODULE}": import0`))
    throw new Error("wasm-bindgen or wasm-opt writes names in another way than before");
  return renamed;
}

/** Of all imports, as wasm-bindgen and as wasm-opt call it. */
const MODULE = "./index_bg.js";
const SHORT_MODULE = "a";
