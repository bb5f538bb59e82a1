// tools/explain.rs, built for this machine.

import { existsSync } from "node:fs";
import { join } from "node:path";

import { root, run, say } from "./run.mjs";

/** The path of the host binary; cargo knows whether it is up to date. */
export async function explainBinary() {
  const targets = process.env.CARGO_TARGET_DIR ?? join(root, "target");
  const path = join(targets, "debug", process.platform === "win32" ? "explain.exe" : "explain");
  if (!existsSync(path)) say("explain: compiling (half a minute, once)");
  await run("cargo", ["build", "--quiet", "--locked", "--bin", "explain", "--target-dir", targets]);
  return path;
}
