// A stand-in for Cloudflare's API, as far as `wrangler deploy`, `whoami` and `secret list` call it. It has one account,
// keeps what is uploaded, and refuses what Cloudflare refuses: a secret or a namespace to inherit that is not there.

import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";

const ACCOUNT = "0123456789abcdef0123456789abcdef";
const VERSION = "3b0c4d8a-0000-4000-8000-000000000001";

/**
 * @typedef {object} Deployed A Worker.
 * @property {string | undefined} tag Of its last migration.
 * @property {Map<string, any>} bindings
 * @property {any[]} uploads The metadata of each upload, the last one last.
 *
 * @typedef {{ method: string, type: string, body: Buffer }} Ask
 * @typedef {{ result?: any, error?: { status: number, code: number, message: string } }} Answer
 */

export class Cloudflare {
  /** @type {Map<string, Deployed>} */
  workers = new Map();
  /** @type {{ id: string, title: string }[]} */
  namespaces = [];
  /** @type {string[]} The path of each request. */
  asked = [];
  /** @type {string[]} What it was asked and does not know. */
  unknown = [];
  #server = createServer((request, response) => this.#answer(request, response));

  static async start() {
    const api = new Cloudflare();
    api.#server.listen(0, "127.0.0.1");
    await once(api.#server, "listening");
    return api;
  }

  /** Environment variables with which wrangler talks to it, as in CI. */
  get env() {
    const { port } = /** @type {import("node:net").AddressInfo} */ (this.#server.address());
    return {
      CI: "true",
      CLOUDFLARE_API_BASE_URL: `http://127.0.0.1:${port}/client/v4`,
      CLOUDFLARE_API_TOKEN: "api-token",
      CLOUDFLARE_ACCOUNT_ID: ACCOUNT,
    };
  }

  async close() {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }

  /**
   * The Worker is deleted, with its namespace.
   * @param {string} name
   */
  remove(name) {
    const id = this.workers.get(name)?.bindings.get("TOKENS").namespace_id;
    this.workers.delete(name);
    this.namespaces = this.namespaces.filter((namespace) => namespace.id !== id);
  }

  /**
   * @param {import("node:http").IncomingMessage} request
   * @param {import("node:http").ServerResponse} response
   */
  async #answer(request, response) {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const { pathname } = new URL(String(request.url), "http://api");
    const path = pathname.replace("/client/v4", "").replace(`/accounts/${ACCOUNT}`, "");
    this.asked.push(path);
    const type = String(request.headers["content-type"]);
    const ask = { method: String(request.method), type, body: Buffer.concat(chunks) };
    const { result, error } = await this.#result(path, ask);
    const list = Array.isArray(result) ? { page: 1, per_page: 100, total_count: result.length } : undefined;
    const body = { success: !error, errors: error ? [error] : [], messages: [], result, result_info: list };
    response.writeHead(error?.status ?? 200, { "content-type": "application/json" }).end(JSON.stringify(body));
  }

  /**
   * @param {string} path
   * @param {Ask} ask
   * @returns {Promise<Answer>}
   */
  async #result(path, ask) {
    const { method } = ask;
    if (path === "/user") return { result: { id: "user", email: "user@example.com" } };
    if (path === "/user/tokens/verify") return { result: { id: "token", status: "active" } };
    if (path === "/memberships" || path === "/accounts")
      return { result: [{ id: ACCOUNT, name: "account", account: { id: ACCOUNT, name: "account" } }] };
    if (path === "/workers/subdomain") return { result: { subdomain: "example" } };
    if (path === "/storage/kv/namespaces") return method === "POST" ? this.#newNamespace(ask) : this.#namespaceList();
    const [, kind, name, rest] = /^\/workers\/(services|scripts|workers)\/([^/]+)(\/.+)?$/.exec(path) ?? [];
    if (name === undefined) return this.#notKnown(path, method);
    if (kind === "scripts" && (rest === undefined || rest === "/versions")) return this.#upload(name, ask);
    const worker = this.workers.get(name);
    if (worker === undefined) return missing(10007, "This Worker does not exist on your account.");
    if (kind === "services") return { result: { id: name, default_environment: { script: script(name, worker) } } };
    if (kind === "workers") return { result: { subdomain: { enabled: true, previews_enabled: true } } };
    return this.#ofWorker(worker, rest, method);
  }

  /**
   * @param {Deployed} worker
   * @param {string | undefined} rest
   * @param {string} method
   * @returns {Answer}
   */
  #ofWorker(worker, rest, method) {
    const bindings = [...worker.bindings.values()];
    switch (rest) {
      case "/secrets":
        return {
          result: bindings.filter(({ type }) => type === "secret_text").map(({ name, type }) => ({ name, type })),
        };
      case "/settings":
        return { result: { bindings, migration_tag: worker.tag } };
      case "/deployments":
        return { result: method === "GET" ? { deployments: [] } : { id: VERSION } };
      case "/script-settings":
      case "/schedules":
        return { result: {} };
      case "/subdomain":
        return { result: { enabled: true, previews_enabled: true } };
      default:
        return this.#notKnown(String(rest), method);
    }
  }

  #namespaceList() {
    return { result: this.namespaces };
  }

  /**
   * @param {Ask} ask
   * @returns {Answer}
   */
  #newNamespace({ body }) {
    const { title } = JSON.parse(String(body));
    if (this.namespaces.some((one) => one.title === title))
      return {
        error: { status: 400, code: 10014, message: "a namespace with this account ID and title already exists" },
      };
    const namespace = { id: randomBytes(16).toString("hex"), title };
    this.namespaces.push(namespace);
    return { result: namespace };
  }

  /**
   * @param {string} name
   * @param {Ask} ask
   * @returns {Promise<Answer>}
   */
  async #upload(name, { type, body }) {
    const form = await new Response(body, { headers: { "content-type": type } }).formData();
    const metadata = JSON.parse(String(form.get("metadata")));
    const worker = this.workers.get(name) ?? { tag: undefined, bindings: new Map(), uploads: [] };
    const before = metadata.migrations?.old_tag;
    if (metadata.migrations && before !== worker.tag)
      return { error: { status: 412, code: 10079, message: "Migration tag precondition failed" } };
    const kept = [...worker.bindings.values()].filter((one) => metadata.keep_bindings?.includes(one.type));
    const bindings = new Map(kept.map((one) => [one.name, one]));
    for (const binding of metadata.bindings) {
      const one = binding.type === "inherit" ? worker.bindings.get(binding.name) : binding;
      if (one === undefined) return missing(10057, `there is no binding ${binding.name} to inherit`);
      bindings.set(one.name, one);
    }
    this.workers.set(name, {
      tag: metadata.migrations?.new_tag ?? worker.tag,
      bindings,
      uploads: [...worker.uploads, metadata],
    });
    const id = { id: VERSION, deployment_id: VERSION.replaceAll("-", ""), startup_time_ms: 4 };
    return { result: { ...id, etag: "etag", resources: { script: { etag: "etag" } }, metadata: {} } };
  }

  /**
   * @param {string} path
   * @param {string} method
   */
  #notKnown(path, method) {
    this.unknown.push(`${method} ${path}`);
    return missing(7003, "No route for that URI");
  }
}

/**
 * @param {number} code
 * @param {string} message
 * @returns {Answer}
 */
const missing = (code, message) => ({ error: { status: 404, code, message } });

/**
 * @param {string} name
 * @param {Deployed} worker
 */
const script = (name, { tag }) => ({ id: name, tag: "tag", last_deployed_from: "wrangler", migration_tag: tag });
