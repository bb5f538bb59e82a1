// Runs a WASI program with this process's standard input and output. It is a process of its own, because a program
// reads its input without waiting for anything else.
//
//   node cli/lib/wasi.mjs PROGRAM

import { readFile } from "node:fs/promises";
import { WASI } from "node:wasi";

const [, , program = ""] = process.argv;
// Node.js has it, and its types do not.
const { WebAssembly } = /** @type {any} */ (globalThis);
const wasi = new WASI({ version: "preview1", returnOnExit: true });
const module = await WebAssembly.compile(await readFile(program));
const instance = await WebAssembly.instantiate(module, wasi.getImportObject());
process.exitCode = wasi.start(instance);
