// The exports of the wasm, as wasm-bindgen's glue has them (entry.rs, scheduled.rs, coordinator_do.rs).

import type { Reading } from "./kv.mjs";

/** The bindings. Only Rust looks into them. */
type Env = unknown;

/** Where there is a record, `record` is set; where KV has none, `noRecord` says why in a word. */
export function fetch(
  method: string,
  url: string,
  authorization: string | undefined,
  clientRequestId: string | undefined,
  requestId: string | undefined,
  contentType: string | undefined,
  body: string | undefined,
  request: Request,
  env: Env,
  context: ExecutionContext,
  record?: Uint8Array,
  noRecord?: string,
): Response | Promise<Response> | Reading;

export function scheduled(event: ScheduledController, env: Env, context: ExecutionContext): Promise<void>;

export class TokenCoordinator {
  constructor(state: DurableObjectState, env: Env);
  /** Takes a message and resolves to its answer, both as CBOR. */
  acquire(message: Uint8Array): Promise<Uint8Array<ArrayBuffer>>;
  alarm(): Promise<void>;
}

/**
 * The state of the `worker` crate's panic hook, the same object for every memory. `criticalError`: a panic was noticed;
 * `instanceId`: the number of the wasm's memory.
 */
export function __worker_init_state(): { criticalError: boolean; readonly instanceId: number };

/** Gives the wasm a new memory. */
export function __wbg_reset_state(): void;

declare global {
  /** The runtime has this event; `@cloudflare/workers-types` leaves it out. */
  function addEventListener(type: "error", listener: (event: ErrorEvent) => void): void;
}
