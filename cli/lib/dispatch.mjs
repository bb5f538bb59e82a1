// Which command is meant.

import { readFileSync } from "node:fs";

import { called, runCommand } from "./command.mjs";
import { checkNode } from "./node.mjs";
import { Faulty } from "./run.mjs";

const help = `A Cloudflare Worker that holds OAuth 2.0 client credentials, and serves access tokens to those who may have them.

Usage: npx edge-token-broker COMMAND [OPTIONS]

Begin:
  init NAME         make the folder NAME with a broker that is ready to run and to deploy
  start             run the broker on this machine; without a credential, with a stand-in for Entra

Configure:
  new-client NAME   make, rotate or verify the key of a client
  explain           say who may get which token and who may send what, and why not
  issuer-key        make the key that signs where a credential is federated

Operate:
  doctor            check this folder and, with --url, the deployed broker; say what to do

COMMAND --help has the options of a command. --version is the version of this package. With --json, standard output has
the JSON or nothing, and messages go to standard error.

Exit codes: 0 done, or yes; 1 failed, or no; 2 the arguments or the configuration are wrong; 128 and more: stopped by a signal.`;

/** @type {Record<string, () => Promise<{ default: import("./command.mjs").Command<any> }>>} */
const commands = {
  init: () => import("../commands/init.mjs"),
  start: () => import("../commands/start.mjs"),
  "new-client": () => import("../commands/new-client.mjs"),
  explain: () => import("../commands/explain.mjs"),
  "issuer-key": () => import("../commands/issuer-key.mjs"),
  doctor: () => import("../commands/doctor.mjs"),
};

/**
 * Runs a command: its name and its arguments. Returns the exit code.
 * @param {string[]} given
 */
export async function dispatch([name, ...args]) {
  checkNode();
  if (name === undefined || name === "help" || name === "--help" || name === "-h") return console.log(help);
  if (name === "--version" || name === "-v") return console.log(version());
  const load = Object.hasOwn(commands, name) ? commands[name] : undefined;
  // The text is not repeated: it may be a key.
  if (load === undefined)
    throw new Faulty(`There is no such command: ${Object.keys(commands).join(", ")}. See ${called("--help")}`);
  return runCommand((await load()).default, args);
}

function version() {
  return JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")).version;
}
