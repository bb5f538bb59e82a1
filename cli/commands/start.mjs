// Runs the broker on this machine, in real workerd with a local KV, and prints curl lines that get a token.

/** @import { Local, Place } from "../lib/local.mjs" */

import { once } from "node:events";
import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

import { called, command, misused } from "../lib/command.mjs";
import { get } from "../lib/get.mjs";
import { localScope, prepareLocal } from "../lib/local.mjs";
import { startWrangler, wranglerEnv } from "../lib/project.mjs";
import { codeOf, ExitCode, Failure, say, stopping } from "../lib/run.mjs";
import { welcome } from "../lib/welcome.mjs";

const START_MS = 60_000;
// A faulty configuration stays faulty. There is one more request, in case the Worker was still starting.
const UNREADY_MS = 500;

const startCommand = command({
  name: "start",
  usage: "[--port PORT] [--https] [--json]",
  help: `
Runs the broker of this folder on this machine, in workerd with a local KV, until Ctrl-C. It prints curl lines that get
a token. While AZ_TENANT, AZ_CLIENT_ID or AZ_CLIENT_SECRET is missing (wrangler.toml, .dev.vars), a stand-in for Entra
gives tokens that open nothing.

  --port PORT  default: 8787
  --https      with a certificate of an authority that stays on this machine: MSAL and the Azure SDKs refuse http
  --json       prints one line of JSON on standard output once the broker answers: its URL, and the client and the scope
               that get a token

Exit codes: 0 stopped by Ctrl-C; 1 failed; 2 the arguments or the configuration are wrong; 143 stopped by SIGTERM.`,
  options: {
    port: { type: "string", default: "8787" },
    https: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
  },
  async run({ json, ...values }) {
    const place = placeOf(values);
    await checkPort(place.port);
    const local = await prepareLocal(place);
    const failed = new AbortController();
    try {
      const worker = startWorker(place, local.wranglerArgs, json ? 2 : "inherit");
      const died = worker.finished.then((code) => {
        stopping.signal.throwIfAborted();
        throw new Failure(`wrangler stopped by itself (exit code ${code}), see its lines above.`);
      });
      await Promise.race([ready(`${local.url}/readyz`, local.tls?.certificate, failed.signal), died]);
      if (json) console.log(JSON.stringify(summary(local.url, local)));
      else say(welcome(local.url, local, localScope));
      return await died;
    } catch (error) {
      // Ctrl-C is how a person ends this command.
      if (stopping.signal.reason === "SIGINT") return ExitCode.done;
      throw error;
    } finally {
      // Nobody waits for the broker any more.
      failed.abort();
      await local.close();
    }
  },
});
export default startCommand;

/** @param {{ port: string, https: boolean }} values */
function placeOf({ port: text, https }) {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1 || port > 65_535)
    throw misused(startCommand, `--port ${text} is not a port (1 to 65535).`);
  return { port, https, origin: `${https ? "https" : "http"}://127.0.0.1:${port}` };
}

/**
 * @param {string} url
 * @param {Local} local
 */
function summary(url, { authority, clientId, clientKey, credentials, tls }) {
  return { url, authority, client: { id: clientId, key: clientKey }, scope: localScope, credentials, ca: tls?.file };
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
    throw new Failure(`Port ${port} ${reason}: choose another with \`${called("start")} --port PORT\`.`);
  }
  probe.close();
  await once(probe, "close");
}

/**
 * The Worker sees `origin` in every request. Without `--local-upstream`, wrangler shows it the host of a route in
 * wrangler.toml.
 * @param {Place} place
 * @param {string[]} more
 * @param {"inherit" | number} stdout
 */
function startWorker({ origin, port, https }, more, stdout) {
  const env = {
    ...wranglerEnv(),
    WRANGLER_SEND_METRICS: "false",
    WRANGLER_HIDE_BANNER: "true",
    // Made-up `request.cf` instead of a download.
    CLOUDFLARE_CF_FETCH_ENABLED: "false",
  };
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
  return startWrangler(args, { env, stdio: ["ignore", stdout, "inherit"] });
}

/**
 * Waits until /readyz answers 200. wrangler keeps a request waiting while it cannot start the Worker.
 * @param {string} url
 * @param {string | undefined} ca
 * @param {AbortSignal} failed
 */
async function ready(url, ca, failed) {
  const limit = AbortSignal.timeout(START_MS);
  const signal = AbortSignal.any([stopping.signal, failed, limit]);
  let unreadySince = null;
  for (;;) {
    const status = await readyStatus(url, ca, signal);
    if (status === 200) return settle();
    if (status !== null) unreadySince ??= Date.now();
    if (unreadySince !== null && Date.now() - unreadySince > UNREADY_MS) {
      throw new Failure(`The broker is not ready (/readyz says ${status}): its log lines above say what to correct.`);
    }
    if (limit.aborted)
      throw new Failure("The broker did not answer within a minute: wrangler's lines above may say why.");
    signal.throwIfAborted();
    await sleep(unreadySince === null ? 100 : 1_000);
  }
}

/** Waits until wrangler has printed its line about our own request. */
function settle() {
  return sleep(300, undefined, { signal: stopping.signal });
}

/**
 * @param {string} url
 * @param {string | undefined} ca
 * @param {AbortSignal} signal
 */
async function readyStatus(url, ca, signal) {
  try {
    return (await get(url, ca, signal)).status;
  } catch {
    return null;
  }
}
