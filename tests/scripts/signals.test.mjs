// A signal ends a command that waits, with the exit code that shells give to it.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { test } from "node:test";

import { configuration } from "./command.mjs";

const MAIN = fileURLToPath(new URL("../../cli/main.mjs", import.meta.url));
const ENTRY = `[vars.CLIENTS.reports]\nkey_sha256 = ["${"a".repeat(64)}"]\nallow = []\n`;

for (const [signal, expected] of [
  ["SIGTERM", 143],
  ["SIGINT", 130],
]) {
  test(`${signal} ends a command that waits for a key`, async (context) => {
    const toml = await configuration(context, ENTRY);
    const args = [
      "--import",
      "data:text/javascript,process.stdin.on('newListener',(name)=>name==='readable'&&console.error('waits'))",
      MAIN,
    ];
    const child = spawn(process.execPath, [...args, "new-client", "reports", "--verify", "--config", toml]);
    context.after(() => child.kill("SIGKILL"));
    const errors = child.stderr.setEncoding("utf8")[Symbol.asyncIterator]();
    // Nobody writes to its standard input.
    const { value } = await errors.next();
    assert.equal(value, "waits\n");
    child.kill(signal);
    const [code] = await once(child, "close");
    assert.equal(code, expected);
  });
}
