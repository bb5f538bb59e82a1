// Makes a folder with a broker that is ready to run and to deploy.

/** @import { NewBroker } from "../lib/template.mjs" */

import { basename, resolve } from "node:path";

import { keyDigest, newClientKey } from "../lib/client-key.mjs";
import { command, misused } from "../lib/command.mjs";
import { shown, writeNew } from "../lib/new-files.mjs";
import { isSourceKnown, npmInstall, ownPackage, ownSource } from "../lib/npm.mjs";
import { ask } from "../lib/questions.mjs";
import { ExitCode, say } from "../lib/run.mjs";
import { filesOf } from "../lib/template.mjs";

// Cloudflare: the name is a label of a host name.
const workerName = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
// What an id, a domain or a scope may have: nothing that ends a string of TOML.
const plainText = /^[\x21\x23-\x5b\x5d-\x7e]*$/;
const clientName = /^[A-Za-z0-9_-]+$/;
const GRAPH = "https://graph.microsoft.com/.default";

const init = command({
  name: "init",
  usage: "NAME [--tenant TENANT] [--client-id ID] [--client NAME] [--scope SCOPE] [--yes] [--no-install] [--json]",
  help: `
Makes the folder NAME with a broker that is ready to run and to deploy: wrangler.toml, .dev.vars.example, package.json,
.gitignore, README.md and a Worker of two lines. It makes a first client, and shows its key once. It overwrites nothing.
On a terminal and without options it asks for the tenant and the client id; Enter leaves them for later.

  --tenant TENANT  tenant id or domain at Microsoft Entra ID (AZ_TENANT)
  --client-id ID   the application (client) id (AZ_CLIENT_ID)
  --client NAME    the first client; default: my-app
  --scope SCOPE    the token that it may get; default: Microsoft Graph
  --yes            asks nothing
  --no-install     does not run npm install
  --json           prints the outcome as JSON, with the key in it

Exit codes: 0 made; 1 failed, for example because a file exists already; 2 the arguments are wrong.`,
  options: {
    tenant: { type: "string" },
    "client-id": { type: "string" },
    client: { type: "string" },
    scope: { type: "string" },
    yes: { type: "boolean" },
    "no-install": { type: "boolean" },
    json: { type: "boolean" },
  },
  takesName: true,
  async run(given, names) {
    const { folder, worker } = placeOf(names);
    const isTold = Object.keys(given).length > 0;
    const answers = isTold ? given : await asked();
    const { tenant = "", "client-id": clientId = "" } = answers;
    const { client = "my-app", scope = GRAPH, json = false, "no-install": noInstall = false } = given;
    check({ "--tenant": tenant, "--client-id": clientId, "--scope": scope });
    checkClient(client);
    if (scope === "") throw misused(init, "--scope is empty: leave it out for Microsoft Graph.");
    const key = newClientKey();
    const broker = { worker, tenant, clientId, client, digest: keyDigest(key), scope };
    const files = filesOf(folder, broker);
    writeNew(folder, files);
    const written = Object.keys(files);
    if (json) console.log(JSON.stringify({ folder, worker, files: written, client: { id: client, key } }));
    else console.log(made(folder, written, client, key));
    if (!isSourceKnown()) say(unknownSource);
    // The key is on the screen first, so that a failure here does not lose it.
    const installed = noInstall || (await npmInstall(folder));
    if (!installed) return ExitCode.failed;
    if (!json) console.log(next(folder, broker, noInstall));
    return ExitCode.done;
  },
});
export default init;

/** @param {string[]} names */
function placeOf([name, ...more]) {
  if (name === undefined || more.length > 0) throw misused(init, "Exactly one NAME is needed.");
  if (name === "") throw misused(init, "NAME is empty. For the folder that you are in, it is a dot.");
  const folder = resolve(name);
  const worker = basename(folder);
  if (!workerName.test(worker))
    throw misused(
      init,
      "NAME becomes the Worker's name: lower-case letters, digits and dashes, with no dash at an end, at most 63.",
    );
  return { folder, worker };
}

/** @param {Record<string, string>} values */
function check(values) {
  for (const [name, value] of Object.entries(values))
    if (!plainText.test(value))
      throw misused(init, `${name} may only have visible ASCII characters, without " and \\.`);
}

/** @param {string} client */
function checkClient(client) {
  if (!clientName.test(client)) throw misused(init, "--client may only have letters, digits, '-' and '_'.");
  if (client === "__proto__")
    throw misused(init, "--client may not be __proto__, which is no name for a JavaScript object.");
}

/** From a person at a terminal. */
async function asked() {
  const [tenant, clientId] = await ask([
    "Tenant id or domain at Microsoft Entra ID (Enter: later): ",
    "Application (client) id (Enter: later): ",
  ]);
  return { tenant, "client-id": clientId };
}

/**
 * @param {string} folder
 * @param {string[]} files
 * @param {string} client
 * @param {string} key
 */
function made(folder, files, client, key) {
  return `Made ${shown(folder)}: ${files.join(", ")}.

The key of its first client, ${client}. It is shown once and kept nowhere, wrangler.toml has its digest:

${key}
`;
}

/**
 * @param {string} folder
 * @param {NewBroker} broker
 * @param {boolean} noInstall
 */
function next(folder, { tenant, clientId }, noInstall) {
  const cd = shown(folder) === "." ? "" : `  cd ${shown(folder)}\n`;
  const fill = tenant && clientId ? "" : "  # in wrangler.toml: AZ_TENANT and AZ_CLIENT_ID\n";
  return `
On this machine, with a stand-in for Entra until there is a credential:

${cd}${noInstall ? "  npm install\n" : ""}  npx edge-token-broker start

To deploy it:

${fill}  npx wrangler login
  npx wrangler deploy
  npx wrangler secret put AZ_CLIENT_SECRET
  npx edge-token-broker doctor --url https://… --key -    # the URL that the deploy printed; it asks for the key above
${fileHint(folder)}`;
}

const unknownSource =
  `init: it is not known where this package is from, so package.json has its version, ${ownPackage.version}. ` +
  "If it is from a file, copy that into the new folder, and run there: npm install ./FILE.tgz";

/**
 * A file beside the folder is not there on another machine.
 * @param {string} folder
 */
function fileHint(folder) {
  const source = ownSource(folder);
  return source.startsWith("file:../")
    ? `
package.json names the package as ${source}. For another machine or CI, copy that file into the folder and install it
from there: npm install ./${basename(source)}
`
    : "";
}
