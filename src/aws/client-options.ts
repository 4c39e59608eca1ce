/** Long-lived or temporary keys, given by hand. */
export interface StaticCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** Temporary keys and when they end; the SDK asks for the next ones before that. */
export interface ExpiringCredentials extends StaticCredentials {
  readonly expiration: Date;
}

/** Where and as whom to call AWS. What is absent is looked up by the SDK's own chain. */
export interface AwsTarget {
  readonly region?: string | undefined;
  /** One endpoint for every service; absent: AWS's own. */
  readonly endpoint?: string | undefined;
  readonly credentials?: StaticCredentials | (() => Promise<ExpiringCredentials>) | undefined;
  /** PEM of an authority to trust besides the public ones, for an endpoint of one's own. */
  readonly ca?: string | undefined;
  /** Attempts of the SDK per call, the first included. Default 3. A writer that must know the outcome of each attempt says 1. */
  readonly maxAttempts?: number | undefined;
}

/** Options that every client takes. With region, endpoint and credentials given, nothing of the environment or of `~/.aws` decides anything. */
export interface SdkOptions {
  readonly region?: string;
  readonly endpoint?: string;
  readonly credentials?: StaticCredentials | (() => Promise<ExpiringCredentials>);
  readonly requestHandler?: { readonly httpsAgent: { readonly ca: string; readonly keepAlive: true } };
  readonly maxAttempts: number;
  readonly retryMode: 'standard';
  readonly defaultsMode: 'standard';
  readonly useDualstackEndpoint: false;
  readonly useFipsEndpoint: false;
}

/** The SDK's form of a target. */
export function sdkOptions(target: AwsTarget): SdkOptions {
  return {
    ...(target.region === undefined ? {} : { region: target.region }),
    ...(target.endpoint === undefined ? {} : { endpoint: target.endpoint }),
    ...(target.credentials === undefined ? {} : { credentials: target.credentials }),
    ...(target.ca === undefined ? {} : { requestHandler: { httpsAgent: { ca: target.ca, keepAlive: true } } }),
    maxAttempts: target.maxAttempts ?? 3,
    retryMode: 'standard',
    defaultsMode: 'standard',
    useDualstackEndpoint: false,
    useFipsEndpoint: false,
  };
}

/** The SDK's form of the last parameter of a call. */
export function abortable(signal: AbortSignal | undefined): { abortSignal?: AbortSignal } {
  return signal === undefined ? {} : { abortSignal: signal };
}
