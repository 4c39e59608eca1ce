/** What a kube-apiserver must be told of its issuers and keys. */
export interface ApiServerIssuer {
  /** The first signs, all are accepted (Kubernetes 1.22 and newer). */
  readonly issuers: readonly [string, ...string[]];
  /** Where readers find the keys; needed when the documents are not served by the API server itself. */
  readonly jwksUri: string;
  /** File of the private key that signs, on the machine of the API server. */
  readonly signingKeyFile: string;
  /** Files of the public keys that are accepted, all of them. */
  readonly publicKeyFiles: readonly string[];
  /** Audiences of tokens that are for the API server itself. Without this flag it takes its issuers, and pods' older tokens fail. */
  readonly apiAudiences: readonly string[];
  /** Seconds of the longest life that a token may be asked for with. */
  readonly maxTokenSeconds?: number | undefined;
}

/** A flag without its dashes. Some stand there more than once; their order counts. */
export interface Flag {
  readonly name: string;
  readonly value: string;
}

/** The flags of kube-apiserver (its command line reference, 1.22 to 1.36). */
export function apiServerFlags(wanted: ApiServerIssuer): readonly Flag[] {
  const flag = (name: string, value: string): Flag => ({ name, value });
  return [
    ...wanted.issuers.map((issuer) => flag('service-account-issuer', issuer)),
    flag('service-account-jwks-uri', wanted.jwksUri),
    ...wanted.publicKeyFiles.map((file) => flag('service-account-key-file', file)),
    flag('service-account-signing-key-file', wanted.signingKeyFile),
    ...(wanted.apiAudiences.length === 0 ? [] : [flag('api-audiences', wanted.apiAudiences.join(','))]),
    ...(wanted.maxTokenSeconds === undefined ? [] : [flag('service-account-max-token-expiration', `${wanted.maxTokenSeconds}s`)]),
  ];
}
