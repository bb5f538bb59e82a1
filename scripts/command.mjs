// Runs a command of the package in this repository, and first installs and builds what it needs.
//
//   node scripts/command.mjs COMMAND [OPTIONS]

import { dispatch } from "../cli/lib/dispatch.mjs";
import { build } from "./build.mjs";
import { main } from "./lib/run.mjs";
import { setUpPackages } from "./setup.mjs";
import { buildTools } from "./tools.mjs";

/** @type {Record<string, () => Promise<void>>} */
const needed = {
  start: build,
  explain: buildTools,
  doctor: buildTools,
  "new-client": buildTools,
};

main(async () => {
  const [name = "", ...args] = process.argv.slice(2);
  await (needed[name] ?? setUpPackages)();
  return dispatch([name, ...args]);
});
