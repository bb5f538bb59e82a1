// The exports of the wasm through wasm-bindgen's glue. They are in entry.rs, cron.rs, coordinator.rs and ledger.rs.

import type { PendingRead } from "../../src/adapters/kv.mjs";
import type { OnwardRequest } from "../../src/adapters/proxy.mjs";

/** The bindings. Only Rust reads them. */
type Env = unknown;

/** A Response or the answer to a call, or what has to be waited for. A promise of nothing: it has to begin anew. */
export type Answer<T> = T | Promise<T | OnwardRequest | undefined> | PendingRead<T> | OnwardRequest;

/** What a call comes to: its result, or an error that is not thrown yet. */
export type CallAnswer = object | Error;

/** A proxied request on its way. */
export class Onward {
  /** Promises the value of the API's header for a repetition. */
  rejected(challenge: string | undefined, isRepeatable: boolean): Promise<string | undefined>;
  /** What is done to the headers of the answer. */
  answered(status: number, names: string, connection: string | undefined): string | undefined;
  /** `answered` and `ended` in one call. */
  passed(
    status: number,
    names: string,
    connection: string | undefined,
    requestBytes: number | undefined,
    responseBytes: number,
  ): string | undefined;
  ended(requestBytes: number | undefined, responseBytes: number | undefined, isCutOff: boolean): void;
  abandoned(requestBytes: number | undefined): void;
  /** The answer of the broker in place of the API's. */
  failed(reason: string): Response | undefined;
}

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
): Answer<Response>;

export function call(
  isRevocation: boolean,
  argument: string,
  clientId: string | undefined,
  request: { headers: Map<string, string> },
  env: Env,
  context: ExecutionContext,
): Answer<CallAnswer>;

/** A half-done exchange. */
export class Pending<T> {
  /** Goes on with the value of KV, or with the word for the reason why there is none. */
  resume(value: Uint8Array | undefined, word: string | undefined): T | Promise<T | undefined>;
}

export function scheduled(event: ScheduledController, env: Env, context: ExecutionContext): Promise<void>;

/** Takes a message and resolves to its answer, both as CBOR. */
interface Called {
  call(message: Uint8Array): Promise<Uint8Array<ArrayBuffer>>;
}

export class TokenCoordinator implements Called {
  constructor(state: DurableObjectState, env: Env);
  call(message: Uint8Array): Promise<Uint8Array<ArrayBuffer>>;
  alarm(): Promise<void>;
}

export class AssertionLedger implements Called {
  constructor(state: DurableObjectState, env: Env);
  call(message: Uint8Array): Promise<Uint8Array<ArrayBuffer>>;
}

/** Gives the wasm a new memory. */
export function __wbg_reset_state(): void;

declare global {
  /** The runtime has this event; `@cloudflare/workers-types` leaves it out. */
  function addEventListener(type: "error", listener: (event: ErrorEvent) => void): void;
}
