// What an isolate of the careful Worker keeps between requests: clients, and tokens in memory and in KV.

/** @import { Grant } from "./common.mjs" */

/** @typedef {Grant & { key: string }} KeyedGrant `key` is under which its token is kept. */

/** @typedef {{ id: string, keys: Uint8Array[], grants: Map<string | undefined, KeyedGrant> }} Client */

/** @typedef {{ quoted: string, expiresAt: number, renewing?: boolean }} Held A token, as it stands in a response. */

/** @typedef {Record<string, { key_sha256: string[], allow: { scope?: string }[] }>} Clients */

/**
 * @typedef {object} Env
 * @property {string} CLIENTS
 * @property {string} LOG_HITS
 * @property {string} AZ_AUTHORITY_HOST
 * @property {string} AZ_TENANT
 * @property {string} AZ_CLIENT_ID
 * @property {string} AZ_CLIENT_SECRET
 * @property {KVNamespace} [TOKENS]
 */

const MEMORY_MAX = 1000;
const KV_CACHE_TTL_SECS = 30;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export class Refusal extends Error {
  /**
   * @param {number} status
   * @param {string} code
   * @param {string} [challenge]
   */
  constructor(status, code, challenge) {
    super(code);
    this.status = status;
    this.code = code;
    this.challenge = challenge;
  }
}

export class Isolate {
  /** @type {Map<string, Client>} */
  clients = new Map();
  #env;
  /** @type {Map<number, { key: Uint8Array, client: Client }>} */
  #byKey = new Map();
  /** @type {Map<string, Held>} Oldest use first: a Map keeps the order of insertion. */
  #memory = new Map();
  #sealingKey;

  /** @param {Env} env */
  constructor(env) {
    this.#env = env;
    this.logHits = env.LOG_HITS !== "false";
    /** @type {Clients} */
    const clients = JSON.parse(env.CLIENTS);
    for (const [id, { key_sha256, allow }] of Object.entries(clients)) this.#addClient(id, key_sha256, allow);
    this.#sealingKey = crypto.subtle
      .digest("SHA-256", encoder.encode(env.AZ_CLIENT_SECRET))
      .then((key) => crypto.subtle.importKey("raw", key, "AES-GCM", false, ["encrypt", "decrypt"]));
  }

  /**
   * @param {string} id
   * @param {string[]} digests
   * @param {{ scope?: string }[]} allow The entries without a scope are those of the proxy.
   */
  #addClient(id, digests, allow) {
    const keys = digests.map((hex) => Uint8Array.from(hex.match(/../g) ?? [], (byte) => parseInt(byte, 16)));
    /** @type {Client["grants"]} */
    const grants = new Map();
    for (const { scope } of allow) {
      if (scope) grants.set(scope, { scope, credential: "default", key: `token:default:${scope}` });
    }
    const client = { id, keys, grants };
    this.clients.set(id, client);
    for (const key of keys) this.#byKey.set(prefix(key), { key, client });
  }

  /**
   * Found by a prefix of the digest, then compared as a whole in constant time.
   * @param {Uint8Array} presented
   */
  byKey(presented) {
    const found = this.#byKey.get(prefix(presented));
    return found && crypto.subtle.timingSafeEqual(found.key, presented) ? found.client : undefined;
  }

  /** @param {string} key */
  recall(key) {
    const held = this.#memory.get(key);
    if (held === undefined) return undefined;
    this.#memory.delete(key);
    this.#memory.set(key, held);
    return held;
  }

  /**
   * @param {string} key
   * @param {Held} held
   */
  #remember(key, held) {
    this.#memory.delete(key);
    if (this.#memory.size >= MEMORY_MAX) this.#memory.delete(this.#memory.keys().next().value ?? "");
    this.#memory.set(key, held);
    return held;
  }

  /**
   * Opens a value of `store`: 12 bytes of nonce, then the ciphertext, bound to its KV key.
   * @param {KeyedGrant} grant
   * @returns {Promise<Held | undefined>}
   */
  async load({ key }) {
    const sealed = await this.#env.TOKENS?.get(key, { type: "arrayBuffer", cacheTtl: KV_CACHE_TTL_SECS });
    if (!sealed) return undefined;
    const algorithm = { name: "AES-GCM", iv: new Uint8Array(sealed, 0, 12), additionalData: encoder.encode(key) };
    try {
      const plain = await crypto.subtle.decrypt(algorithm, await this.#sealingKey, new Uint8Array(sealed, 12));
      return this.#remember(key, JSON.parse(decoder.decode(plain)));
    } catch {
      return undefined;
    }
  }

  /**
   * @param {KeyedGrant} grant
   * @param {Held} held
   */
  async store({ key }, { quoted, expiresAt }) {
    const iv = crypto.getRandomValues(new Uint8Array(12));
    const algorithm = { name: "AES-GCM", iv, additionalData: encoder.encode(key) };
    const plain = encoder.encode(JSON.stringify({ quoted, expiresAt }));
    const cipher = new Uint8Array(await crypto.subtle.encrypt(algorithm, await this.#sealingKey, plain));
    const sealed = new Uint8Array(12 + cipher.length);
    sealed.set(iv);
    sealed.set(cipher, 12);
    await this.#env.TOKENS?.put(key, sealed, { expirationTtl: Math.floor((expiresAt - Date.now()) / 1000) });
  }

  /** @param {KeyedGrant} grant */
  async ask({ key, scope }) {
    const { AZ_AUTHORITY_HOST: host, AZ_TENANT: tenant, AZ_CLIENT_ID, AZ_CLIENT_SECRET } = this.#env;
    const asked = Date.now();
    const form = { grant_type: "client_credentials", client_id: AZ_CLIENT_ID, client_secret: AZ_CLIENT_SECRET, scope };
    const response = await fetch(`${host}/${tenant}/oauth2/v2.0/token`, {
      method: "POST",
      redirect: "manual",
      body: new URLSearchParams(form),
    });
    /** @type {{ access_token?: string, expires_in: number }} */
    const { access_token, expires_in } = await response.json();
    if (!access_token) throw new Refusal(502, "server_error");
    return this.#remember(key, { quoted: JSON.stringify(access_token), expiresAt: asked + expires_in * 1000 });
  }
}

/** @param {Uint8Array} bytes */
const prefix = (bytes) => new DataView(bytes.buffer, bytes.byteOffset).getInt32(0);
