/**
 * The client of the broker, for Node.js, Deno, Bun, Workers, and every other runtime that has `fetch`.
 *
 * @packageDocumentation
 */

/** An `AbortSignal`, or the one of an Azure SDK. */
export interface AbortSignalLike {
  /** Whether it has aborted already. */
  readonly aborted: boolean;
  /** Adds a listener for the event `abort`. */
  addEventListener(type: "abort", listener: (this: any, event: any) => any, options?: any): void;
  /** Removes it. */
  removeEventListener(type: "abort", listener: (this: any, event: any) => any, options?: any): void;
}

/** How long a call waits because of `Retry-After`. A wait that would be longer than that is none: the call ends at once. */
export interface RetryOptions {
  /** How many times a request is repeated at most. Default 3; 0 is never. */
  maxRetries?: number | undefined;
  /** How long one call waits at most, all waits together, in milliseconds. Default 10 000. */
  maxRetryWaitMs?: number | undefined;
}

/** How the broker is reached. */
export interface BrokerOptions extends RetryOptions {
  /**
   * The URL of the broker, such as `https://broker.example`, with its base path if it has one: `https://app.example/auth`.
   * `https` only, `http` for loopback hosts.
   */
  endpoint: string | URL;
  /**
   * The client key that the operator of the broker gave you, or a JWT that the client lists. A function is called for each
   * request to the broker, and may return a promise.
   */
  key: string | (() => string | Promise<string>);
  /** The client that a JWT is for, if several clients list it. A client key needs none. */
  clientId?: string | undefined;
  /** In place of the global `fetch`. */
  fetch?: typeof globalThis.fetch | undefined;
  /**
   * How many seconds a token has to have left at least, if the authorization server gives such a token. Without it the
   * broker gives one with six minutes left, or half of its lifetime if that is less.
   */
  minTtl?: number | undefined;
  /** How long one request to the broker may take, with the function `key`, in milliseconds. Default 30 000. */
  timeoutMs?: number | undefined;
}

/** Options of {@link BrokerCredential}. */
export interface BrokerCredentialOptions extends BrokerOptions {
  /**
   * The credential of the broker that gets the token: its name, or the tenant id or domain of one. Without it, it is the
   * one of `tenantId`, and without that `default`. With it, `tenantId` does not count.
   */
  credential?: string | undefined;
}

/** Options of {@link brokerFetch}. */
export interface BrokerFetchOptions extends BrokerOptions {
  /** The scope of the token, such as `https://graph.microsoft.com/.default`. A client with one grant needs none. */
  scope?: string | string[] | undefined;
  /** The credential of the broker that gets the token: its name, or the tenant id or domain of one. Default `default`. */
  credential?: string | undefined;
  /**
   * `true` says that the client answers claims challenges (continuous access evaluation). Where the grant has `cae = true`,
   * the token may then live for a day, and be revoked at any time. Default `false`.
   */
  enableCae?: boolean | undefined;
}

/** Options of {@link BrokerCredential.getToken}: those of `GetTokenOptions` of `@azure/core-auth` that count here. */
export interface GetTokenOptions {
  /** Ends the call. */
  abortSignal?: AbortSignalLike | undefined;
  /** The claims of a challenge, as JSON or as its base64: the API has rejected the token. */
  claims?: string | undefined;
  /** Whether the caller answers claims challenges (client capability CP1). */
  enableCae?: boolean | undefined;
  /** The tenant whose credential gets the token, if the options name no credential. */
  tenantId?: string | undefined;
  /** The options of the request to the broker. */
  requestOptions?: {
    /** How long the request may take, in milliseconds. 0 is the default; a negative number is an error. */
    timeout?: number | undefined;
  };
}

/** A token: an `AccessToken` of `@azure/core-auth`. */
export interface AccessToken {
  /** The token itself. */
  token: string;
  /** When it expires, in milliseconds since 1970, by the clock of this machine before it was requested. */
  expiresOnTimestamp: number;
  /** When the broker has a newer one, in milliseconds since 1970. */
  refreshAfterTimestamp: number;
  /** It is always a bearer token. */
  tokenType: "Bearer";
}

/**
 * A credential for the clients of the Azure SDKs: a `TokenCredential` of `@azure/core-auth`.
 *
 * It keeps no token, because the broker and the SDKs do. Calls for the same token at the same time share one request; in
 * Workers they do not, because one request cannot wait for the I/O of another there.
 */
export class BrokerCredential {
  /** @throws {TypeError} if an option has a fault. */
  constructor(options: BrokerCredentialOptions);
  /**
   * Requests a token.
   *
   * @param scopes - The scope, such as `https://vault.azure.net/.default`.
   * @throws {BrokerError} if there is none.
   */
  getToken(scopes: string | string[], options?: GetTokenOptions): Promise<AccessToken>;
}

/** What a {@link BrokerError} has. */
export interface BrokerErrorFields {
  /** The error code, such as `invalid_token`. */
  name: string;
  /** What happened, and what to do. */
  message: string;
  /** The HTTP status of the broker, if it has answered. */
  status?: number | undefined;
  /** After how many seconds to ask again, if the broker says so. */
  retryAfter?: number | undefined;
  /** The request id in the broker's log. */
  requestId?: string | undefined;
  /** The numbers of Entra (AADSTS), if Entra is the cause. */
  errorCodes?: number[] | undefined;
}

/**
 * Why there is no token. Neither a key nor a token is in it.
 *
 * `name` is the error code of the broker, such as `invalid_token` or `temporarily_unavailable`. Three codes are of the client
 * itself: `broker_unreachable`, `broker_timeout`, and `not_the_broker` if something else answers at the endpoint.
 */
export class BrokerError extends Error {
  constructor(fields: BrokerErrorFields);
  /** The error code, such as `invalid_token`. */
  override name: string;
  /** The HTTP status of the broker, if it has answered. */
  status: number | undefined;
  /** After how many seconds to ask again, if the broker says so. */
  retryAfter: number | undefined;
  /** The request id in the broker's log. */
  requestId: string | undefined;
  /** The numbers of Entra (AADSTS), if Entra is the cause. */
  errorCodes: number[] | undefined;
}

/**
 * A function like `fetch` that sends the token along.
 *
 * - A 401 of the API hands the token back to the broker, with the claims of the challenge, and the request is repeated once
 *   with another token. Calls that are rejected at the same time cause one report.
 * - A token in hand serves while the broker fails, until a minute before it expires.
 * - A 429 or 503 of the API with `Retry-After` is repeated within the limits of {@link RetryOptions}.
 * - A request whose body is a stream, and a `Request` with a body, are sent once: the answer is handed back as it is.
 * - A redirect to another origin is followed without the token.
 * - A request that has `Authorization` already is sent as it is.
 *
 * @throws {TypeError} if an option has a fault.
 */
export function brokerFetch(options: BrokerFetchOptions): typeof globalThis.fetch;
