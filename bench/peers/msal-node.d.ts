// What msal.mjs uses of @azure/msal-node, whose own types bring those of Node.js, which contradict the Workers'.

export interface NetworkResponse<T> {
  status: number;
  headers: Record<string, string>;
  body: T;
}

export interface NetworkRequestOptions {
  headers?: Record<string, string>;
  body?: string;
}

export interface INetworkModule {
  sendGetRequestAsync<T>(url: string, options?: NetworkRequestOptions): Promise<NetworkResponse<T>>;
  sendPostRequestAsync<T>(url: string, options?: NetworkRequestOptions): Promise<NetworkResponse<T>>;
}

export interface Configuration {
  auth: {
    clientId: string;
    clientSecret: string;
    authority: string;
    authorityMetadata: string;
    cloudDiscoveryMetadata: string;
  };
  system: { networkClient: INetworkModule };
}

export interface AuthenticationResult {
  accessToken: string;
  expiresOn: Date | null;
  fromCache: boolean;
}

export class ConfidentialClientApplication {
  constructor(configuration: Configuration);
  acquireTokenByClientCredential(request: { scopes: string[] }): Promise<AuthenticationResult | null>;
}
