// Measures the broker in bare workerd: builds the bundle, then runs bench/<name>.mjs on it.
//
//   npm run bench [-- --quick] [-- --record]     its cost, beside other Workers with the same duties (run.mjs)
//   npm run abuse [-- --quick]                   attacks, and their effect on a good client (abuse.mjs)
//   npm run timing [-- --quick]                  whether the time of an answer discloses clients (timing.mjs)
//   node bench/main.mjs rpc [--quick]            calls by RPC, beside HTTP's (rpc.mjs)
//   npm run profile -- [--worker NAME]           the functions that take the time of a hit (profile.mjs)
//
// `bench -- --quick` takes two minutes instead of nine, and only shows that the bench runs. `--record` writes
// the results into docs/performance.md. `BROKER_BUNDLE=directory` measures another bundle than this tree's.

import { join } from "node:path";

import { build } from "../scripts/build.mjs";
import { pack } from "../scripts/lib/pack.mjs";
import { Failure, main, projectNode, start, stopping } from "../scripts/lib/run.mjs";
import { setUp } from "../scripts/setup.mjs";
import { requireLinux } from "./lib/process.mjs";

main(async () => {
  requireLinux();
  await setUp();
  if (!process.env.BROKER_BUNDLE) {
    await build();
    await pack();
  }
  const [name, ...more] = process.argv.slice(2);
  const args = [join("bench", `${name}.mjs`), ...more];
  const code = await start(projectNode, args, { stdio: ["ignore", "inherit", "inherit"] }).finished;
  stopping.signal.throwIfAborted();
  if (code !== 0) throw new Failure(`${name}: failed, see above.`);
});
