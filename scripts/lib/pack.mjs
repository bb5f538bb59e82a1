// Makes dist/, the upload of `wrangler deploy`, without a login or a network. The tests and the bench run it.

import { rmSync } from "node:fs";
import { join } from "node:path";

import { projectEnv, root, run, say } from "./run.mjs";

/** Packs build/. It has to exist, and wrangler brings it up to date. */
export async function pack() {
  rmSync(join(root, "dist"), { recursive: true, force: true });
  say("pack: wrangler deploy --dry-run");
  const env = projectEnv({ WRANGLER_SEND_METRICS: "false" });
  await run("wrangler", ["deploy", "--dry-run", "--outdir", "dist"], { env, show: true });
}
