// What is measured on the broker in bare workerd: builds the bundle, then runs bench/<name>.mjs on it.
//
//   npm run bench [-- --quick] [-- --record]     its cost, against what people would run instead (run.mjs)
//   npm run abuse [-- --quick]                   attacks, and what a good client notices of them (abuse.mjs)
//   npm run timing [-- --quick]                  whether answers give clients away by their time (timing.mjs)
//
// Of `bench`: `--quick` takes a minute and a half instead of seven, and is good for nothing but to see that it runs. `--record` puts
// the results into docs/performance.md. `BROKER_BUNDLE=directory` measures another bundle than this tree's.

import { rmSync } from "node:fs";
import { join } from "node:path";

import { build } from "../scripts/build.mjs";
import { Failure, main, projectEnv, projectNode, root, run, say, start, stopping } from "../scripts/lib/run.mjs";
import { requireLinux } from "./lib/process.mjs";

main(async () => {
  requireLinux();
  if (!process.env.BROKER_BUNDLE) await bundle();
  const [name, ...more] = process.argv.slice(2);
  const args = [join("bench", `${name}.mjs`), ...more];
  const code = await start(projectNode, args, { stdio: ["ignore", "inherit", "inherit"] }).finished;
  stopping.signal.throwIfAborted();
  if (code !== 0) throw new Failure(`${name}: failed, see above.`);
});

/** What `wrangler deploy` would upload, without a login or a network. */
async function bundle() {
  await build();
  rmSync(join(root, "dist"), { recursive: true, force: true });
  say("bench: wrangler deploy --dry-run");
  await run("wrangler", ["deploy", "--dry-run", "--outdir", "dist"], {
    env: projectEnv({ WRANGLER_SEND_METRICS: "false" }),
  });
}
