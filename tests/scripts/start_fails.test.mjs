// `start` ends when wrangler does.

import assert from "node:assert/strict";
import { dirname } from "node:path";
import { test } from "node:test";

import { freePort } from "../workerd/harness/free_port.mjs";
import { command, configuration, withPackages } from "./command.mjs";

test("a Worker that is not there ends it, and not a minute later", { timeout: 45_000 }, async (context) => {
  const folder = dirname(await configuration(context, 'main = "no-such-file.js"\n'));
  await withPackages(folder);
  const { code, stderr } = await command("start", ["--port", String(await freePort())], "", { cwd: folder });
  assert.match(stderr, /^wrangler stopped by itself \(exit code \d+\), see its lines above\.$/m);
  assert.equal(code, 1);
});
