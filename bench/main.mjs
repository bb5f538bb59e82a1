// What is measured on the broker in bare workerd: builds the bundle, then runs bench/<name>.mjs on it.
//
//   npm run bench [-- --quick] [-- --record]     its cost, against what people would run instead (run.mjs)
//   npm run abuse [-- --quick]                   attacks, and what a good client notices of them (abuse.mjs)
//   npm run timing [-- --quick]                  whether answers give clients away by their time (timing.mjs)
//   npm run profile -- [--worker NAME]           where the time of a hit goes (profile.mjs)
//
// Of `bench`: `--quick` takes a minute and a half instead of seven, and is good for nothing but to see that it runs. `--record` puts
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
