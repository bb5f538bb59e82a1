// Runs the project's own wrangler with any arguments, and first installs what is missing: `npm run deploy` is
// `node scripts/wrangler.mjs deploy`.

import { main, start } from "./lib/run.mjs";
import { setUp } from "./setup.mjs";

main(async () => {
  await setUp();
  // wrangler prompts (log in, provision the KV namespace), so it gets the terminal.
  return start("wrangler", process.argv.slice(2), { stdio: "inherit", interactive: true }).finished;
});
