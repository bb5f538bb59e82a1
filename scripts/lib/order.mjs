// The order of the functions in a wasm file. gzip finds what repeats only within 32 kB, and the linker's order has
// nothing to do with likeness. With functions that are alike next to each other, the compressed wasm is 7 kB smaller.

/** Two functions are alike if they share runs of this many bytes. */
const RUN = 4;
/** A run that more functions have says nothing of likeness, and costs most of the time. */
const COMMON = 1 / 4;

// The format of wasm.
const HEADER = 8;
const CUSTOM = 0;
const IMPORT = 2;
const CODE = 10;
/** In the custom section `name`: the names of functions. */
const FUNCTION_NAMES = 1;
/** Kinds of imports. */
const FUNCTION = 0;
const TAG = 4;

/**
 * The same wasm with names by which `wasm-opt --reorder-functions-by-name` puts functions that are alike together.
 *
 * @param {Uint8Array} wasm
 */
export function withNamesInOrder(wasm) {
  const { bodies, imported } = functionsOf(wasm);
  /** @type {number[]} */
  const names = [];
  for (const [rank, place] of chain(bodies).entries()) {
    const name = String(rank).padStart(6, "0");
    names.push(...leb(imported + place), ...text(name));
  }
  const subsection = [...leb(bodies.length), ...names];
  const section = [...text("name"), FUNCTION_NAMES, ...leb(subsection.length), ...subsection];
  return Buffer.concat([wasm, Uint8Array.from([CUSTOM, ...leb(section.length), ...section])]);
}

/**
 * The places of `bodies`, each behind the one that it has most runs in common with.
 *
 * @param {Uint8Array[]} bodies
 */
function chain(bodies) {
  const { runs, holders } = commonRuns(bodies);
  const left = new Set(bodies.keys());
  const order = [];
  for (let next = largest(left, (place) => bodies[place]?.length ?? 0); next !== undefined;) {
    order.push(next);
    left.delete(next);
    const likeness = new Map();
    for (const run of runs[next] ?? []) {
      for (const place of holders.get(run) ?? [])
        if (left.has(place)) likeness.set(place, (likeness.get(place) ?? 0) + 1);
    }
    next = largest(left, (place) => likeness.get(place) ?? 0);
  }
  return order;
}

/**
 * The runs of each body that another body has as well, and which bodies have a run.
 *
 * @param {Uint8Array[]} bodies
 */
function commonRuns(bodies) {
  const all = bodies.map(runsOf);
  /** @type {Map<number, number[]>} */
  const holders = new Map();
  for (const [place, runs] of all.entries()) {
    for (const run of runs) {
      const places = holders.get(run);
      if (places) places.push(place);
      else holders.set(run, [place]);
    }
  }
  for (const [run, { length }] of holders) if (length < 2 || length > bodies.length * COMMON) holders.delete(run);
  return { holders, runs: all.map((runs) => [...runs].filter((run) => holders.has(run))) };
}

/** @param {Uint8Array} body */
function runsOf(body) {
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  return new Set(Array.from({ length: Math.max(0, body.length - RUN + 1) }, (_, at) => view.getUint32(at)));
}

/**
 * @param {Iterable<number>} places
 * @param {(place: number) => number} value
 */
function largest(places, value) {
  /** @type {number | undefined} */
  let best;
  let most = -1;
  for (const place of places) {
    const found = value(place);
    if (found > most) [best, most] = [place, found];
  }
  return best;
}

/**
 * The bodies of the functions, and how many functions are imported, which the numbers of the others follow.
 *
 * @param {Uint8Array} wasm
 */
function functionsOf(wasm) {
  const reader = new Reader(wasm, HEADER);
  /** @type {Map<number, Uint8Array>} */
  const sections = new Map();
  while (!reader.isAtEnd()) sections.set(reader.byte(), reader.bytes());
  const code = new Reader(sections.get(CODE));
  return {
    bodies: Array.from({ length: code.number() }, () => code.bytes()),
    imported: importedFunctions(new Reader(sections.get(IMPORT))),
  };
}

/** @param {Reader} imports */
function importedFunctions(imports) {
  let functions = 0;
  for (let count = imports.number(); count > 0; count -= 1) {
    imports.bytes();
    imports.bytes();
    const kind = imports.byte();
    if (kind === TAG) imports.byte();
    else if (kind === FUNCTION) functions += 1;
    else throw new Error("wasm-bindgen imports other things than before");
    imports.number();
  }
  return functions;
}

class Reader {
  #bytes;
  #at;

  /**
   * @param {Uint8Array} [bytes]
   * @param {number} [at]
   */
  constructor(bytes = new Uint8Array(), at = 0) {
    this.#bytes = bytes;
    this.#at = at;
  }

  isAtEnd() {
    return this.#at >= this.#bytes.length;
  }

  byte() {
    const byte = this.#bytes[this.#at];
    if (byte === undefined) throw new Error("the wasm ends too early");
    this.#at += 1;
    return byte;
  }

  /** An unsigned LEB128. */
  number() {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.byte();
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  }

  /** With their length before them. */
  bytes() {
    const length = this.number();
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }
}

/**
 * @param {number} value
 * @returns {number[]}
 */
function leb(value) {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...leb(value >>> 7)];
}

/** @param {string} value */
function text(value) {
  return [...leb(value.length), ...Buffer.from(value)];
}
