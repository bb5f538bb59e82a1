// Prints, as JSON, the variables that the Worker would get from wrangler.toml and .dev.vars, by wrangler's own
// reading of them. A program of its own because wrangler needs a newer Node.js than the scripts do.

import { unstable_getVarsForDev, unstable_readConfig } from "wrangler";

try {
  const config = unstable_readConfig({ config: "wrangler.toml" }, { hideWarnings: true });
  const bindings = unstable_getVarsForDev(config.userConfigPath, undefined, config.vars, undefined, true);
  console.log(JSON.stringify(Object.fromEntries(Object.entries(bindings).map(([name, { value }]) => [name, value]))));
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
