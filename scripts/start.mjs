// Runs the broker on this machine, in real workerd with a local KV, and prints curl lines that get a token.
//
//   npm start [-- --port 8787]

/** @import { Local } from "./lib/local.mjs" */

import { once } from "node:events";
import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

import { build } from "./build.mjs";
import { codeOf, Failure, main, parseArguments, projectEnv, say, start, stopping } from "./lib/run.mjs";

const usage = "Usage: npm start [-- --port PORT]";
const options = /** @type {const} */ ({ port: { type: "string", default: "8787" } });
const START_MS = 60_000;
// A faulty configuration stays faulty. There is one more request, in case the Worker was still starting.
const UNREADY_MS = 500;

main(async () => {
  const port = readPort();
  await checkPort(port);
  await build();
  // After the set-up of the build, because it reads npm packages.
  const { localScope, prepareLocal } = await import("./lib/local.mjs");
  const local = await prepareLocal(port);
  try {
    const worker = startWorker(port, local.wranglerArgs);
    const died = worker.finished.then((code) => {
      stopping.signal.throwIfAborted();
      throw new Failure(`wrangler stopped by itself (exit code ${code}), see its lines above.`);
    });
    await Promise.race([ready(port), died]);
    say(welcome(`http://127.0.0.1:${port}`, local, localScope));
    await died;
  } catch (error) {
    // Ctrl-C ends this command.
    if (stopping.signal.aborted) return 0;
    throw error;
  } finally {
    await local.close();
  }
});

function readPort() {
  const { port: text } = parseArguments(options, usage).values;
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1 || port > 65_535)
    throw new Failure(`--port ${text} is not a port (1 to 65535).`);
  return port;
}

/**
 * Checked before any slow step.
 * @param {number} port
 */
async function checkPort(port) {
  const probe = createServer();
  try {
    probe.listen(port, "127.0.0.1");
    await once(probe, "listening");
  } catch (error) {
    const reason = codeOf(error) === "EADDRINUSE" ? "is taken" : `cannot be used (${codeOf(error)})`;
    throw new Failure(`Port ${port} ${reason}: choose another with \`npm start -- --port PORT\`.`);
  }
  probe.close();
  await once(probe, "close");
}

/**
 * @param {number} port
 * @param {string[]} more
 */
function startWorker(port, more) {
  const env = projectEnv({
    WRANGLER_SEND_METRICS: "false",
    WRANGLER_HIDE_BANNER: "true",
    // Made-up `request.cf` instead of a download.
    CLOUDFLARE_CF_FETCH_ENABLED: "false",
  });
  const address = ["--ip", "127.0.0.1", "--port", String(port)];
  const args = ["dev", ...address, "--show-interactive-dev-session=false", ...more];
  return start("wrangler", args, { env, stdio: ["ignore", "inherit", "inherit"] });
}

/**
 * Waits until /readyz answers 200.
 * @param {number} port
 */
async function ready(port) {
  const deadline = Date.now() + START_MS;
  let unreadySince = null;
  for (;;) {
    const status = await readyStatus(port);
    if (status === 200) return settle();
    if (status !== null) unreadySince ??= Date.now();
    if (unreadySince !== null && Date.now() - unreadySince > UNREADY_MS) {
      throw new Failure(`The broker is not ready (/readyz says ${status}): its log lines above say what to correct.`);
    }
    if (Date.now() > deadline) {
      throw new Failure("The broker did not answer within a minute: wrangler's lines above may say why.");
    }
    await sleep(unreadySince === null ? 100 : 1_000, undefined, { signal: stopping.signal });
  }
}

/** Waits until wrangler has printed its line about our own request. */
function settle() {
  return sleep(300, undefined, { signal: stopping.signal });
}

/** @param {number} port */
async function readyStatus(port) {
  try {
    const response = await fetch(`http://127.0.0.1:${port}/readyz`, { signal: stopping.signal });
    await response.arrayBuffer();
    return response.status;
  } catch {
    return null;
  }
}

/**
 * @param {string} origin
 * @param {Local} local
 * @param {string} scope
 */
function welcome(origin, { authority, clientId, clientKey, tenant, credentials }, scope) {
  return `
The broker answers at ${origin}. Its tokens come from ${authority}.
Ctrl-C stops it. Paste one of these into another terminal, twice: Cache-Status says where the token came from.

curl -i -G '${origin}/token' --header 'Authorization: Bearer ${clientKey}' --data-urlencode 'scope=${scope}'

curl -i --location --request POST '${origin}/${tenant}/oauth2/v2.0/token' \\
--header 'Content-Type: application/x-www-form-urlencoded' \\
--data-urlencode 'client_id=${clientId}' \\
--data-urlencode 'client_secret=${clientKey}' \\
--data-urlencode 'scope=${scope}' \\
--data-urlencode 'grant_type=client_credentials'
${others(origin, clientKey, credentials)}`;
}

/**
 * One line for each other kind of credential.
 * @param {string} origin
 * @param {string} key
 * @param {string[]} credentials
 */
function others(origin, key, credentials) {
  if (credentials.length === 0) return "";
  const lines = credentials.map(
    (name) => `curl -G ${origin}/token -H 'Authorization: Bearer ${key}' --data-urlencode credential=${name}\n`,
  );
  return `\nThe same for other kinds of credentials and of authorization servers:\n\n${lines.join("")}`;
}
