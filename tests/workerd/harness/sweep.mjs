// Searches for secrets in places where none may be: log lines, error bodies, response headers, KV keys and values.

/** A search finds shorter values by accident. */
const SHORTEST_SECRET = 16;

export class Sweep {
  /** @type {Map<string, string>} Secret → what it is. */
  #secrets = new Map();
  /** @type {{ where: string, content: string }[]} */
  #records = [];

  /**
   * From now on `value` must not appear. `what` names it in a finding, which never has the value.
   * @param {string} what
   * @param {string} value
   */
  secret(what, value) {
    if (value.length < SHORTEST_SECRET || this.#secrets.has(value)) return;
    this.#secrets.set(value, what);
  }

  /**
   * The claims alone, or the signature alone, disclose an access token as well.
   * @param {string} value
   */
  token(value) {
    this.secret("access token", value);
    for (const part of value.split(".").slice(1)) this.secret("part of an access token", part);
  }

  /**
   * A text that came out, and its place.
   * @param {string} where
   * @param {string | Buffer} content
   */
  record(where, content) {
    this.#records.push({ where, content: Buffer.isBuffer(content) ? content.toString("latin1") : content });
  }

  /** Every secret that was found, as `what in where`. */
  findings() {
    const found = new Set();
    for (const [value, what] of this.#secrets) {
      const spellings = [...spellingsOf(value)];
      for (const { where, content } of this.#records) {
        if (spellings.some((spelling) => content.includes(spelling))) found.add(`${what} in ${where}`);
      }
    }
    return [...found];
  }
}

/**
 * The encodings in which a value may appear.
 * @param {string} value
 */
function spellingsOf(value) {
  const bytes = Buffer.from(value);
  return new Set([
    value,
    JSON.stringify(value).slice(1, -1),
    encodeURIComponent(value),
    new URLSearchParams([["", value]]).toString().slice(1),
    bytes.toString("hex"),
    bytes.toString("hex").toUpperCase(),
    ...base64Inside(bytes, "base64"),
    ...base64Inside(bytes, "base64url"),
  ]);
}

/**
 * How `bytes` look inside the base64 of something longer (`id:secret`), at each of the three alignments.
 * @param {Buffer} bytes
 * @param {"base64" | "base64url"} encoding
 */
function base64Inside(bytes, encoding) {
  return [0, 1, 2].map((offset) => {
    const encoded = Buffer.concat([Buffer.alloc(offset), bytes])
      .toString(encoding)
      .replace(/=+$/, "");
    const firstWhole = Math.ceil((offset * 8) / 6);
    const lastWhole = Math.floor(((offset + bytes.length) * 8) / 6);
    return encoded.slice(firstWhole, lastWhole);
  });
}
