import type { AwsTarget } from '../../aws/client-options.ts';
import { createIamRoles } from '../../aws/iam-roles.ts';
import type { Problem } from '../../base/errors.ts';
import { checkIssuer, type IssuerDocuments, issuerDocuments, JWKS_PATH } from '../../issuer/documents.ts';
import { IssuerInputError } from '../../issuer/errors.ts';
import { type Platform, type PlatformText, platformText } from '../../issuer/platforms.ts';
import { publish } from '../../issuer/publish.ts';
import { type AffectedRole, affectedRoles, type IssuerMove, type MoveStep, moveSteps } from '../../issuer/second-issuer.ts';
import { type IssuerReport, verifyIssuer } from '../../issuer/verify-issuer.ts';
import { keySetDocument } from '../../oidc/key-set.ts';
import { openPlace } from './document-store.ts';
import { documentFetcher, type FetchDocumentOptions } from './fetch-document.ts';
import { readKeys } from './key-files.ts';

export type { Finding } from '../../issuer/finding.ts';
export type { Platform } from '../../issuer/platforms.ts';
export { generateKeyFiles } from './key-files.ts';

export interface DocumentSource {
  readonly issuer: string;
  /** Files of public or private keys. */
  readonly keyFiles: readonly string[];
  readonly jwksPath: string | undefined;
}

/** Both documents of an issuer. Rejects with `IssuerInputError`. */
export async function documentsOf({ issuer, keyFiles, jwksPath }: DocumentSource): Promise<IssuerDocuments> {
  return issuerDocuments({ issuer, keys: await readKeys(keyFiles), jwksPath });
}

/** The key set of some key files, in the layout in which it is published. Rejects with `IssuerInputError`. */
export async function keySetText(keyFiles: readonly string[]): Promise<string> {
  return `${JSON.stringify(keySetDocument(await readKeys(keyFiles)), null, 2)}\n`;
}

export interface PublishRequest extends DocumentSource {
  readonly to: string;
  readonly target: AwsTarget;
  readonly cacheSeconds: number;
  readonly drop: readonly string[];
  readonly applyBucketPolicy: boolean;
}

export type PublishResult =
  | { readonly kind: 'refused'; readonly problems: readonly Problem[] }
  | {
      readonly kind: 'published';
      readonly where: string;
      readonly written: readonly string[];
      readonly added: readonly string[];
      readonly removed: readonly string[];
      readonly documents: IssuerDocuments;
      /** What the bucket needs so that everybody can read; absent for a folder. */
      readonly bucketPolicy: { readonly text: string; readonly applied: boolean } | undefined;
    };

/** Publishes both documents, and opens the bucket if asked to. Rejects with `IssuerInputError`, `AwsRefusal` or `AwsUnreachable`. */
export async function publishIssuer(request: PublishRequest, signal: AbortSignal): Promise<PublishResult> {
  const documents = await documentsOf(request);
  const { store, bucket } = openPlace(request.to, request.target);
  const publication = await publish({ documents, store, cacheSeconds: request.cacheSeconds, drop: request.drop }, signal);
  if (publication.kind === 'refused') return publication;
  const { name } = documents.keySet;
  const policy =
    request.applyBucketPolicy && bucket !== undefined ? bucket.policyFor(name, await bucket.current(signal)) : bucket?.policyFor(name);
  if (policy !== undefined && request.applyBucketPolicy) await bucket?.apply(policy, signal);
  return {
    ...publication,
    where: store.where,
    documents,
    bucketPolicy: policy === undefined ? undefined : { text: policy, applied: request.applyBucketPolicy },
  };
}

export interface VerifyRequest extends FetchDocumentOptions {
  readonly issuer: string;
  readonly token: string | undefined;
  readonly clientIds: readonly string[];
  readonly now: Date;
}

/** Looks at an issuer from outside, as AWS does, and at a token. */
export function verifyFromOutside({ issuer, token, clientIds, now, ...access }: VerifyRequest, signal: AbortSignal): Promise<IssuerReport> {
  return verifyIssuer(
    { issuer, fetch: documentFetcher(access), token: token === undefined ? undefined : { text: token, clientIds, now } },
    signal,
  );
}

/** Roles of the account that would refuse tokens of the new issuer. Rejects with `AwsRefusal` or `AwsUnreachable`. */
export async function rolesToChange(move: IssuerMove, target: AwsTarget, signal: AbortSignal): Promise<readonly AffectedRole[]> {
  return affectedRoles(await createIamRoles(target).list(signal), move);
}

/** The API servers as a platform runs them. */
export interface ApiServerFacts {
  readonly platform: Platform;
  /** The issuer whose key set all tokens are verified with. */
  readonly jwksIssuer: string;
  readonly jwksPath: string | undefined;
  readonly signingKeyFile: string;
  readonly publicKeyFiles: readonly string[];
  readonly apiAudiences: readonly string[];
  readonly maxTokenSeconds: number | undefined;
}

/** The flags of the API servers for these issuers, of which the first signs. Throws `IssuerInputError`. */
export function apiServerText(
  { platform, jwksIssuer, jwksPath = JWKS_PATH, ...facts }: ApiServerFacts,
  issuers: readonly [string, ...string[]],
): PlatformText {
  checkIssuer(jwksIssuer);
  return platformText(platform, { ...facts, issuers, jwksUri: `${jwksIssuer.replace(/\/$/, '')}/${jwksPath}` });
}

/** The steps from one issuer to another. Throws `IssuerInputError`. */
export function moveOf(move: IssuerMove): readonly MoveStep[] {
  if (move.from === move.to) throw new IssuerInputError('the second issuer', [{ path: '', message: 'it is the first one' }]);
  return moveSteps(move);
}
