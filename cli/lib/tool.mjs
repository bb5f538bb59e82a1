// The programs of tools/, which are the Worker's own code, compiled for WASI.

import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { Failure, run } from "./run.mjs";

const runner = fileURLToPath(new URL("wasi.mjs", import.meta.url));

/**
 * Runs a program to its end. Its input goes to standard input, so that the list of processes shows nothing of it.
 * @param {"explain" | "registry"} name
 * @param {unknown} input
 * @param {number} [timeoutMs]
 */
export async function runTool(name, input, timeoutMs) {
  const program = fileURLToPath(new URL(`../../build/tools/${name}.wasm`, import.meta.url));
  if (!existsSync(program))
    throw new Failure(
      `build/tools/${name}.wasm is missing: the package is not whole. Install it again, or run \`node scripts/tools.mjs\` in a checkout.`,
    );
  // The warning says that WASI is experimental in Node.js.
  const args = ["--disable-warning=ExperimentalWarning", runner, program];
  const { code, stdout } = await run(process.execPath, args, {
    input: JSON.stringify(input),
    mayFail: true,
    ...(timeoutMs && { timeoutMs }),
  });
  return { code, stdout };
}
