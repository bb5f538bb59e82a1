// The types of autocannon for the tests and the bench. It has none of its own.

declare module "autocannon" {
  export interface Request {
    method: string;
    path: string;
    headers?: Record<string, string>;
    body?: string;
  }

  export interface Client {
    setRequests(requests: Request[]): void;
  }

  export interface Options {
    url: string;
    connections: number;
    amount: number;
    sampleInt?: number;
    setupClient: (client: Client) => void;
  }

  export interface Result {
    statusCodeStats: Record<string, { count: number }>;
    errors: number;
  }

  export interface Run extends Promise<Result> {
    on(event: "response", listener: (client: Client, status: number, bytes: number, millis: number) => void): this;
  }

  export default function autocannon(options: Options): Run;
}
