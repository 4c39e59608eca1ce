/** A tag as every AWS service writes it. */
export interface Tag {
  readonly key: string;
  readonly value: string;
}

/** A policy document as it was stored: text, untouched. */
export interface NamedDocument {
  readonly name: string;
  readonly document: string;
}

export interface RoleRecord {
  /** In the spelling of its creation; look-ups ignore case. */
  readonly name: string;
  readonly path: string;
  readonly arn: string;
  /** `AROA…`, new with each incarnation. */
  readonly id: string;
  /** ISO 8601 without fraction. */
  readonly createDate: string;
  readonly trust: string;
  /** Unique ids of the principals that the trust document names by ARN, as they were when it was written. */
  readonly trustPrincipals: Readonly<Record<string, string>>;
  readonly description?: string;
  /** Seconds. */
  readonly maxSessionDuration: number;
  readonly tags: readonly Tag[];
  readonly inline: readonly NamedDocument[];
  /** ARNs of managed policies, in the order of attachment. */
  readonly attached: readonly string[];
  readonly permissionsBoundary?: string;
}

export interface ProviderRecord {
  readonly arn: string;
  /** Issuer without its scheme, as IAM shows it. */
  readonly url: string;
  readonly clientIds: readonly string[];
  readonly thumbprints: readonly string[];
  readonly createDate: string;
  readonly tags: readonly Tag[];
}

export interface PolicyVersion {
  /** `v1`, `v2` …; never used twice. */
  readonly id: string;
  readonly document: string;
  readonly createDate: string;
}

export interface PolicyRecord {
  readonly name: string;
  readonly path: string;
  readonly arn: string;
  /** `ANPA…`. */
  readonly id: string;
  readonly description?: string;
  readonly createDate: string;
  readonly updateDate: string;
  readonly defaultVersion: string;
  /** Number of the newest version ever made. */
  readonly lastVersion: number;
  readonly versions: readonly PolicyVersion[];
  readonly tags: readonly Tag[];
  /** Kept by AWS; nobody may change it. */
  readonly awsManaged: boolean;
}

export interface InstanceProfileRecord {
  readonly name: string;
  readonly path: string;
  readonly arn: string;
  /** `AIPA…`. */
  readonly id: string;
  readonly createDate: string;
  /** At most one role name. */
  readonly roles: readonly string[];
  readonly tags: readonly Tag[];
}

export interface ClusterRecord {
  readonly name: string;
  readonly arn: string;
  readonly createdAt: number;
  readonly version: string;
  readonly endpoint: string;
  /** Base64 of the PEM bundle. */
  readonly certificateAuthority: string;
  readonly issuer: string;
  readonly tags: Readonly<Record<string, string>>;
}

export interface AssociationRecord {
  readonly id: string;
  readonly arn: string;
  readonly clusterName: string;
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly roleArn: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly createdAt: number;
  readonly modifiedAt: number;
}

export interface ObjectRecord {
  readonly key: string;
  readonly body: Uint8Array;
  readonly contentType: string;
  readonly cacheControl?: string;
  /** Quoted hex, as the header says it. */
  readonly etag: string;
  readonly lastModified: number;
  readonly metadata: Readonly<Record<string, string>>;
}

export interface BucketRecord {
  readonly name: string;
  readonly createdAt: number;
  readonly policy?: string;
  readonly objects: ReadonlyMap<string, ObjectRecord>;
}
