// One running broker, over real HTTP: requests, replies, log lines.

/** @import { Sweep } from "./sweep.mjs" */
/** @import { BrokerConfig } from "./workerd_config.mjs" */
/** @import { WorkerdProcess } from "./workerd_process.mjs" */

import { once } from "node:events";

import { assertDocumented } from "./openapi.mjs";
import { brokerConfig } from "./workerd_config.mjs";
import { serve } from "./workerd_process.mjs";

const LOG_DEADLINE_MS = 5_000;

/** The route in a coordinator's own log lines. */
const COORDINATOR = "coordinator";

/** The words of workerd if the Worker panicked, hung, or threw. */
const BROKEN = /panicked|Uncaught|Reinitializing|had hung|never generate a response|RuntimeError/;

/**
 * @typedef {object} Body The JSON of an answer: of a token, or of an error.
 * @property {string} [access_token]
 * @property {string} [token_type]
 * @property {number} [expires_in]
 * @property {number} [ext_expires_in]
 * @property {string} [scope]
 * @property {string} [error]
 * @property {string} [error_description]
 */

/**
 * @typedef {object} Reply
 * @property {number} status
 * @property {Headers} headers
 * @property {string} text
 * @property {Body} body Empty where the answer is no JSON.
 * @property {string} requestId
 */

/** @typedef {Record<string, unknown> & { request_id: string }} LogLine */

/** @typedef {BrokerConfig & { sweep: Sweep, breaks?: boolean | undefined }} Started `breaks`: the test makes the Worker break. */

export class Broker {
  #workerd;
  #scheme;
  #sweep;
  #breaks;
  #foreign;

  /**
   * @param {WorkerdProcess} workerd
   * @param {Started} config
   */
  constructor(workerd, { tls, sweep, breaks = false, foreign = [] }) {
    this.#workerd = workerd;
    this.#scheme = tls ? "https" : "http";
    this.#sweep = sweep;
    this.#breaks = breaks;
    this.#foreign = foreign;
  }

  /** @param {Started} config */
  static async start(config) {
    return new Broker(await serve(brokerConfig(config)), config);
  }

  get url() {
    return `${this.#scheme}://127.0.0.1:${this.port}`;
  }

  get port() {
    return this.#workerd.port;
  }

  /** The number of the process. */
  get pid() {
    return this.#workerd.pid;
  }

  /** Resolves when no more output can come. Rejects if a line says that the Worker broke. */
  async stop() {
    await this.#workerd.stop();
    this.#sweep.record("log", this.#workerd.output.join("\n"));
    const broken = this.printed(BROKEN);
    if (broken.length > 0 && !this.#breaks) throw new Error(`the Worker broke:\n${broken.join("\n")}`);
  }

  /**
   * Every line so far that workerd or the Worker printed and that matches.
   * @param {RegExp} pattern
   */
  printed(pattern) {
    return this.#workerd.output.filter((line) => pattern.test(line));
  }

  /**
   * Sends a request. The answer has to be one that openapi.yaml has.
   * @param {string} path
   * @param {RequestInit} init
   * @returns {Promise<Reply>}
   */
  async fetch(path, init = {}) {
    this.#notePresentedSecrets(init);
    const response = await fetch(this.url + path, { redirect: "manual", ...init });
    const text = await response.text();
    /** @type {Body} */
    const body = parseJson(text) ?? {};
    if (body.access_token) this.#sweep.token(body.access_token);

    // A token may be only in the one field of a successful reply.
    const rest = response.ok && body.access_token ? JSON.stringify({ ...body, access_token: "" }) : text;
    this.#sweep.record(`reply with status ${response.status} to ${path.split("?")[0]}`, rest);
    this.#sweep.record("response headers", JSON.stringify([...response.headers]));
    this.#assertDocumented(path, init, response, text);
    return {
      status: response.status,
      headers: response.headers,
      text,
      body,
      requestId: response.headers.get("x-request-id") ?? "",
    };
  }

  /**
   * @param {string} path
   * @param {RequestInit} init
   * @param {Response} response
   * @param {string} text
   */
  #assertDocumented(path, { method = "GET", body }, { status, headers }, text) {
    const { pathname, searchParams: query } = new URL(this.url + path);
    const form = body instanceof URLSearchParams ? body : undefined;
    if (this.#foreign.includes(pathname)) return;
    assertDocumented({ method, path: pathname, query, form, status, headers, text });
  }

  /**
   * The request log so far: one parsed line for each finished request.
   * @returns {LogLine[]}
   */
  get log() {
    return this.#workerd.output.map(parseJson).filter((line) => line?.request_id !== undefined);
  }

  /**
   * Waits for the log line of a request. It comes when all work of the request has ended.
   * @param {{ requestId: string }} reply
   */
  logOf({ requestId }) {
    return this.logLine(requestId, (line) => line.request_id === requestId && line.route !== COORDINATOR);
  }

  /** A coordinator's own log lines. Its work for a request is in the line of that request. */
  get coordinatorLog() {
    return this.log.filter(({ route }) => route === COORDINATOR);
  }

  /**
   * Waits for the first log line that `matches`.
   * @param {string} what
   * @param {(line: LogLine) => boolean} matches
   */
  async logLine(what, matches, deadlineMs = LOG_DEADLINE_MS) {
    const signal = AbortSignal.timeout(deadlineMs);
    for (let line = this.log.find(matches); ; line = this.log.find(matches)) {
      if (line) return line;
      try {
        await once(this.#workerd.lines, "line", { signal });
      } catch {
        throw new Error(`no log line for ${what}; printed:\n${this.#workerd.output.slice(-20).join("\n")}`);
      }
    }
  }

  /**
   * All log lines of a request, after the line of a later request.
   * @param {{ requestId: string }} reply
   */
  async logLinesOf({ requestId }) {
    await this.logOf(await this.fetch("/healthz"));
    return this.log.filter((line) => line.request_id === requestId);
  }

  /** @param {RequestInit} init */
  #notePresentedSecrets({ headers, body }) {
    const given = new Headers(headers);
    const authorization = given.get("authorization")?.split(" ")[1] ?? "";
    this.#sweep.secret("credentials of the caller", authorization);
    this.#sweep.secret(
      "credentials of the caller",
      Buffer.from(authorization, "base64").toString().split(":").slice(1).join(":"),
    );
    this.#noteJwt(authorization);
    this.#noteJwt(given.get("cf-access-jwt-assertion"));
    this.#sweep.secret("credentials of the caller", given.get("x-identity-header") ?? "");
    if (body instanceof URLSearchParams) {
      for (const secret of body.getAll("client_secret")) this.#sweep.secret("credentials of the caller", secret);
      for (const jwt of body.getAll("client_assertion")) this.#noteJwt(jwt);
    }
  }

  /**
   * The claims alone, or the signature alone, disclose a JWT as well.
   * @param {string | null} jwt
   */
  #noteJwt(jwt) {
    if (!jwt?.includes(".")) return;
    this.#sweep.secret("JWT of the caller", jwt);
    for (const part of jwt.split(".").slice(1)) this.#sweep.secret("part of the caller's JWT", part);
  }
}

/** @param {string} text */
function parseJson(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
