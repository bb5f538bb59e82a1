// Runs the broker on this machine, in real workerd with a local KV, and prints curl lines that get a token.
//
//   npm start [-- --port 8787] [--https]

/** @import { Place } from "./lib/local.mjs" */

import { once } from "node:events";
import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

import { build } from "./build.mjs";
import { get } from "./lib/get.mjs";
import { codeOf, Failure, main, parseArguments, projectEnv, say, start, stopping } from "./lib/run.mjs";
import { welcome } from "./lib/welcome.mjs";

const usage = "Usage: npm start [-- [--port PORT] [--https]]";
const options = /** @type {const} */ ({
  port: { type: "string", default: "8787" },
  https: { type: "boolean", default: false },
});
const START_MS = 60_000;
// A faulty configuration stays faulty. There is one more request, in case the Worker was still starting.
const UNREADY_MS = 500;

main(async () => {
  const place = readPlace();
  const { origin } = place;
  await checkPort(place.port);
  await build();
  // After the set-up of the build, because it reads npm packages.
  const { localScope, prepareLocal } = await import("./lib/local.mjs");
  const local = await prepareLocal(place);
  try {
    const worker = startWorker(place, local.wranglerArgs);
    const died = worker.finished.then((code) => {
      stopping.signal.throwIfAborted();
      throw new Failure(`wrangler stopped by itself (exit code ${code}), see its lines above.`);
    });
    await Promise.race([ready(`${origin}/readyz`, local.tls?.certificate), died]);
    say(welcome(origin, local, localScope));
    await died;
  } catch (error) {
    // Ctrl-C ends this command.
    if (stopping.signal.aborted) return 0;
    throw error;
  } finally {
    await local.close();
  }
});

function readPlace() {
  const { port: text, https } = parseArguments(options, usage).values;
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1 || port > 65_535)
    throw new Failure(`--port ${text} is not a port (1 to 65535).`);
  return { port, https, origin: `${https ? "https" : "http"}://127.0.0.1:${port}` };
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
 * The Worker sees `origin` in every request. Without `--local-upstream`, wrangler shows it the host of a route in
 * wrangler.toml.
 * @param {Place} place
 * @param {string[]} more
 */
function startWorker({ origin, port, https }, more) {
  const env = projectEnv({
    WRANGLER_SEND_METRICS: "false",
    WRANGLER_HIDE_BANNER: "true",
    // Made-up `request.cf` instead of a download.
    CLOUDFLARE_CF_FETCH_ENABLED: "false",
  });
  const address = ["--ip", "127.0.0.1", "--port", String(port)];
  const scheme = https ? "https" : "http";
  const seen = ["--local-upstream", new URL(origin).host, "--upstream-protocol", scheme];
  const args = [
    "dev",
    ...address,
    "--local-protocol",
    scheme,
    ...seen,
    "--show-interactive-dev-session=false",
    ...more,
  ];
  return start("wrangler", args, { env, stdio: ["ignore", "inherit", "inherit"] });
}

/**
 * Waits until /readyz answers 200.
 * @param {string} url
 * @param {string | undefined} ca
 */
async function ready(url, ca) {
  const deadline = Date.now() + START_MS;
  let unreadySince = null;
  for (;;) {
    const status = await readyStatus(url, ca);
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

/**
 * @param {string} url
 * @param {string | undefined} ca
 */
async function readyStatus(url, ca) {
  try {
    return (await get(url, ca)).status;
  } catch {
    return null;
  }
}
