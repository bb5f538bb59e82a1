// dist/: what `wrangler deploy` would upload. Made without a login or a network; the tests and the measurements run it.

import { rmSync } from "node:fs";
import { join } from "node:path";

import { projectEnv, root, run, say } from "./run.mjs";

/** Packs build/, which has to be there and is brought up to date by wrangler. */
export async function pack() {
  rmSync(join(root, "dist"), { recursive: true, force: true });
  say("pack: wrangler deploy --dry-run");
  const env = projectEnv({ WRANGLER_SEND_METRICS: "false" });
  await run("wrangler", ["deploy", "--dry-run", "--outdir", "dist"], { env, show: true });
}
