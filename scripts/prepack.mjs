// Makes what the npm package has and the repository has not. npm runs it before it packs (`npm pack`, `npm publish`),
// from a clean checkout as well.

import { copyFileSync } from "node:fs";
import { join } from "node:path";

import { build } from "./build.mjs";
import { main, root } from "./lib/run.mjs";
import { writeNotices } from "./notices.mjs";
import { buildTools } from "./tools.mjs";

main(async () => {
  // npm hands its own options on to the npm that installs the packages: one `--dry-run`, and it would install nothing.
  for (const name of Object.keys(process.env)) if (/^npm_config_(dry_run|json)$/i.test(name)) delete process.env[name];
  await build();
  await buildTools();
  await writeNotices();
  // npm packs no file of the name .gitignore. `init` gives it its name back.
  copyFileSync(join(root, "template", ".gitignore"), join(root, "template", "gitignore"));
});
