// The Worker, and what other Workers of the account see of it.
//
// `Request`, `Response` and `fetch` are those of your project: of `@cloudflare/workers-types`, or of `wrangler types`.

/**
 * The codes of a refusal or a failure, as in `error` on `GET /token` (RFC 6749 §5.2, RFC 6750 §3.1):
 *
 * - `invalid_request` (400): the argument has a fault; `message` names the member.
 * - `invalid_target` (400): `resource`, `audience` or `organization` names nothing that the client is granted.
 * - `invalid_token` (401): the binding says no client, or one that may not call by service binding.
 * - `insufficient_scope` (403): the client is not granted the scope or the credential.
 * - `slow_down` (429): the client is over its rate limit; `retryAfter` says for how long.
 * - `server_error` (500, 502): the broker failed, or the authorization server refuses the broker's own credential.
 * - `temporarily_unavailable` (503): upstream or the configuration; `retryAfter` says when to try again.
 */
export type BrokerErrorCode =
  | "invalid_request"
  | "invalid_target"
  | "invalid_token"
  | "insufficient_scope"
  | "slow_down"
  | "server_error"
  | "temporarily_unavailable";

/**
 * What `getToken` and `revoke` reject with. It never has a token or a secret.
 *
 * Over a service binding, `name` and the fields beside it arrive if the calling Worker has a compatibility date of
 * 2026-04-21 or later, or the flag `enhanced_error_serialization`. Without it, it is an `Error` whose `message` is
 * `code: description`.
 */
export interface BrokerError extends Error {
  /** The code. */
  name: BrokerErrorCode;
  /** What happened and what to do, in words for people. */
  message: string;
  /** The HTTP status that `GET /token` would have. */
  status: number;
  /** `X-Request-Id`: the id of the call in the broker's log. */
  requestId: string;
  /** `Retry-After`, in seconds. */
  retryAfter?: number;
  /** The numbers of Entra's error (AADSTS), if it is the cause. */
  errorCodes?: number[];
  /** When the authorization server answered, in its own format. */
  timestamp?: string;
  /** Identifies the request in Entra's support tools. */
  traceId?: string;
  /** The request id as Entra saw it. */
  correlationId?: string;
}

/** Which token. Who asks is said by the service binding, and nowhere here. */
export interface TokenRequest {
  /** The scope of a grant. May be missing if the client has one grant of the credential. */
  scope?: string | undefined;
  /** A credential's name, or its tenant. Without it the credential is `default`. */
  credential?: string | undefined;
  /** Whole seconds that the token has left at least, if upstream gives such a token. */
  minTtl?: number | undefined;
  /** The claims of a challenge of continuous access evaluation, as JSON text. */
  claims?: string | undefined;
  /** In place of `scope`, the grant for this resource with `/.default` (RFC 8707). */
  resource?: string | undefined;
  /** The same by its other name. */
  audience?: string | undefined;
  /** A parameter that the credential sends. */
  organization?: string | undefined;
  /** The id of the call in both logs: up to 64 visible ASCII characters. Without it the broker makes one. */
  requestId?: string | undefined;
}

/** A token. The members that the credential lists in `response_fields` come along. */
export interface BrokerToken {
  /** The access token. */
  token: string;
  /** When it expires: milliseconds since 1970. */
  expiresOnTimestamp: number;
  /** When the broker has a newer one: milliseconds since 1970. Ask again from then on, if you keep tokens at all. */
  refreshAfterTimestamp: number;
  /** How it is sent. */
  tokenType: "Bearer";
  /** Its scope. Missing if the server knows no scopes. */
  scope?: string;
  /** A member of the authorization server's response. */
  [field: string]: unknown;
}

/** Which token an API has rejected. */
export interface RevokeRequest {
  /** The token. */
  token: string;
  /** The claims of the API's challenge, as JSON text. */
  claims?: string | undefined;
  /** The scope of the token: faster, and needed by a client with many grants. */
  scope?: string | undefined;
  /** The credential of the token, likewise. */
  credential?: string | undefined;
  /** As in {@link TokenRequest.requestId}. */
  requestId?: string | undefined;
}

/** What another Worker calls: over a service binding, or by `brokerAs` of `edge-token-broker/mount`. */
export interface Broker {
  /**
   * A token. Ask for each use, because the broker is the cache.
   *
   * @throws {BrokerError}
   */
  getToken(request: TokenRequest): Promise<BrokerToken>;
  /**
   * Reports a token that an API has rejected, so that the broker replaces it early. It resolves as well for a text that is no
   * token (RFC 7009 §2.2).
   *
   * @throws {BrokerError}
   */
  revoke(request: RevokeRequest): Promise<Record<string, never>>;
}

/** The type of a service binding to the broker, for the `Env` of the calling Worker. `fetch` takes the HTTP routes. */
export interface BrokerBinding extends Broker {
  fetch: typeof fetch;
}

/** The bindings of the broker. README, "Configuration", says what each means. */
export interface BrokerEnv {
  /** KV namespace: the shared token cache. */
  TOKENS?: object;
  /** Durable Object namespace of {@link TokenCoordinator}. */
  COORDINATOR?: object;
  /** Durable Object namespace of {@link AssertionLedger}. */
  ASSERTIONS?: object;
  /** KV namespace: clients that are not in `CLIENTS`. */
  REGISTRY?: object;
  /** Rate limits. */
  CLIENT_RATE_LIMIT?: object;
  API_RATE_LIMIT?: object;
  FAILED_AUTH_RATE_LIMIT?: object;
  /** Analytics Engine dataset. */
  METRICS?: object;
  /** The path below which the broker answers, such as `/auth`. */
  BASE_PATH?: string;
  AZ_TENANT?: string;
  AZ_CLIENT_ID?: string;
  AZ_CLIENT_SECRET?: string | object;
  AZ_CLIENT_SECRET_SECONDARY?: string | object;
  AZ_CLIENT_CERTIFICATE?: string | object;
  AZ_CLIENT_CERTIFICATE_SECONDARY?: string | object;
  AZ_AUTHORITY_HOST?: string;
  /** Tables, or their JSON text. */
  CREDENTIALS?: object | string;
  CLIENTS?: object | string;
  APIS?: object | string;
  ISSUER?: string;
  ISSUER_KEY?: string | object;
  ISSUER_KEY_NEXT?: string | object;
  ISSUER_KEY_PREVIOUS?: string | object;
  CACHE_KEY?: string | object;
  REGISTRY_KEY?: string | object;
  LOG_HITS?: boolean | string;
  ALLOW_HTTP?: boolean | string;
}

/** What the broker uses of the context of an event. An `ExecutionContext` is one. */
export interface BrokerContext {
  waitUntil(promise: Promise<unknown>): void;
  /** `props.client_id` is who calls. Only the deployer of the calling Worker writes it. */
  readonly props?: unknown;
}

/** The Worker's handlers. None of them uses `this`. */
export interface BrokerWorker {
  /** Answers a request. In a Worker of your own, call it for the paths below `BASE_PATH`. */
  fetch(request: Request, env: BrokerEnv, ctx: BrokerContext): Response | Promise<Response>;
  /** Fetches the tokens that are kept warm. Only a Worker with a cron trigger needs it. */
  scheduled(controller: unknown, env: BrokerEnv, ctx: BrokerContext): Promise<void>;
  /**
   * {@link Broker.getToken} as the runtime calls it: `request` is of the calling Worker, the rest is not.
   *
   * @throws {BrokerError}
   */
  getToken(request: TokenRequest, env: BrokerEnv, ctx: BrokerContext): Promise<BrokerToken>;
  /**
   * {@link Broker.revoke}, likewise.
   *
   * @throws {BrokerError}
   */
  revoke(request: RevokeRequest, env: BrokerEnv, ctx: BrokerContext): Promise<Record<string, never>>;
}

/** The Durable Object class behind the binding `COORDINATOR`: one object for each token. */
export declare class TokenCoordinator {
  /** Makes it fit `DurableObjectNamespace<TokenCoordinator>`. */
  readonly __DURABLE_OBJECT_BRAND: never;
  constructor(state: object, env: BrokerEnv);
  fetch(request: Request): Promise<Response>;
  alarm(): Promise<void>;
}

/** The Durable Object class behind the binding `ASSERTIONS`: one object for each client that uses client assertions. */
export declare class AssertionLedger {
  /** Makes it fit `DurableObjectNamespace<AssertionLedger>`. */
  readonly __DURABLE_OBJECT_BRAND: never;
  constructor(state: object, env: BrokerEnv);
  fetch(request: Request): Promise<Response>;
}

declare const worker: BrokerWorker;
export default worker;
