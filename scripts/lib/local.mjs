// Adds to the configuration what `npm start` needs for a first token: a client of its own, and the stand-in for Entra
// if no real credential is configured.

/** @import { Client, Vars } from "./configured.mjs" */

import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { startAuthority } from "../../stand-in/authority.mjs";
import { keyDigest, newClientKey } from "./client-key.mjs";
import { clientsOf, readConfigured } from "./configured.mjs";
import { codeOf, root, say } from "./run.mjs";

const credentialVars = ["AZ_TENANT", "AZ_CLIENT_ID", "AZ_CLIENT_SECRET"];
const standInApp = { tenant: "stand-in.example", clientId: "11111111-2222-4333-8444-555555555555" };
export const localScope = "https://graph.microsoft.com/.default";

/** @typedef {Awaited<ReturnType<typeof prepareLocal>>} Local */

/** @typedef {{ clientKey: string, clientSecret: string, authorityPort?: number }} State */

/**
 * Prepares a start on `port`: the arguments of `wrangler dev`, and what a caller needs. `close` ends the stand-in.
 * @param {number} port
 */
export async function prepareLocal(port) {
  const configured = await readConfigured({ local: true });
  const state = readState(port);
  const { clientId, clients } = withLocalClient(clientsOf(configured), state.clientKey);
  // Digests and not keys: the list of processes shows them.
  // If wrangler.toml has a route, wrangler shows the Worker the http URL of that host. It listens on loopback only.
  const wranglerArgs = ["--var", `CLIENTS:${JSON.stringify(clients)}`, "--var", "ALLOW_HTTP:true"];
  const caller = { clientId, clientKey: state.clientKey };
  if (hasCredential(configured)) {
    return {
      wranglerArgs,
      ...caller,
      tenant: configured.AZ_TENANT,
      authority: "Microsoft Entra ID",
      close: async () => {},
    };
  }
  const standIn = await startStandIn(state.clientSecret, state.authorityPort);
  writeState(port, { ...state, authorityPort: standIn.port });
  return {
    wranglerArgs: [...wranglerArgs, ...envFiles(writeStandInVars(port, standIn.url, state))],
    ...caller,
    tenant: standInApp.tenant,
    authority: `a stand-in for Entra at ${standIn.url}, whose tokens open nothing`,
    close: () => standIn.close(),
  };
}

/** @param {Vars} configured */
function hasCredential(configured) {
  const empty = credentialVars.filter((name) => !configured[name]);
  if (empty.length > 0 && empty.length < credentialVars.length) {
    say(
      `start: the credential is not whole, so a stand-in takes Entra's place (missing or empty: ${empty.join(", ")})`,
    );
  }
  return empty.length === 0;
}

/**
 * The configured clients, and one more with an unused name.
 * @param {Record<string, Client>} clients
 * @param {string} key
 */
function withLocalClient(clients, key) {
  let clientId = "local";
  for (let number = 2; clientId in clients; number += 1) clientId = `local-${number}`;
  const local = { key_sha256: [keyDigest(key)], allow: [{ credential: "default", scope: localScope }] };
  return { clientId, clients: { ...clients, [clientId]: local } };
}

/**
 * On its last port if that is free, because the authority is part of the token key.
 * @param {string} secret
 */
async function startStandIn(secret, lastPort = 0) {
  const apps = [{ ...standInApp, secrets: [secret] }];
  try {
    return await startAuthority({ port: lastPort, apps });
  } catch (error) {
    if (codeOf(error) !== "EADDRINUSE") throw error;
    return startAuthority({ port: 0, apps });
  }
}

/**
 * Kept between starts, so that tokens in the local KV outlive a restart and a pasted curl line stays good.
 * @param {number} port
 * @returns {State}
 */
function readState(port) {
  try {
    return JSON.parse(readFileSync(statePath(port), "utf8"));
  } catch {
    const state = { clientKey: newClientKey(), clientSecret: randomBytes(32).toString("base64url") };
    writeState(port, state);
    return state;
  }
}

/**
 * @param {number} port
 * @param {State} state
 */
function writeState(port, state) {
  writePrivate(statePath(port), `${JSON.stringify(state, null, 2)}\n`);
}

/**
 * @param {number} port
 * @param {string} url
 * @param {State} state
 */
function writeStandInVars(port, url, { clientSecret }) {
  const path = localPath(`${port}.stand-in.env`);
  const { tenant, clientId } = standInApp;
  const vars = { AZ_TENANT: tenant, AZ_CLIENT_ID: clientId, AZ_CLIENT_SECRET: clientSecret, AZ_AUTHORITY_HOST: url };
  writePrivate(
    path,
    Object.entries(vars)
      .map(([name, value]) => `${name}=${value}\n`)
      .join(""),
  );
  return path;
}

/**
 * If wrangler gets any file, it does not read .dev.vars by itself; a later file wins. Each file has to exist, because
 * Node.js takes `--env-file` for its own option, even behind the name of a script.
 * @param {string} standInVars
 */
function envFiles(standInVars) {
  const files = [join(root, ".dev.vars"), standInVars].filter((path) => existsSync(path));
  return files.flatMap((path) => ["--env-file", path]);
}

/** @param {number} port */
function statePath(port) {
  return localPath(`${port}.json`);
}

/**
 * Each port has its own files, so that two brokers can run side by side.
 * @param {string} name
 */
function localPath(name) {
  return join(root, ".wrangler", "local", name);
}

/**
 * @param {string} path
 * @param {string} text
 */
function writePrivate(path, text) {
  mkdirSync(localPath("."), { recursive: true, mode: 0o700 });
  writeFileSync(path, text, { mode: 0o600 });
}
