import { DISCOVERY_PATH, discoveryDocument } from '../oidc/discovery.ts';
import { parseIssuer } from '../oidc/issuer-url.ts';
import { keySetDocument, type PublicJwk } from '../oidc/key-set.ts';
import { IssuerInputError } from './errors.ts';

/** One of the two documents of an issuer, and where it stands below the issuer's URL. */
export interface IssuerFile {
  /** Without a leading slash. */
  readonly name: string;
  readonly contentType: string;
  readonly text: string;
}

export interface IssuerDocuments {
  readonly issuer: string;
  readonly jwksUri: string;
  readonly keys: readonly PublicJwk[];
  readonly discovery: IssuerFile;
  readonly keySet: IssuerFile;
}

export interface DocumentOptions {
  readonly issuer: string;
  readonly keys: readonly PublicJwk[];
  /** Where the key set stands below the issuer. Default: Kubernetes' own. */
  readonly jwksPath?: string | undefined;
}

/** Where kube-apiserver itself serves its keys. */
export const JWKS_PATH = 'openid/v1/jwks';
/** Name of the discovery document below an issuer. */
export const DISCOVERY_NAME = DISCOVERY_PATH.slice(1);

/**
 * Both documents of an issuer. The issuer's URL must be written as tokens carry it: kube-apiserver does not rewrite it, and AWS compares
 * it to the letter. Throws `IssuerInputError`.
 */
export function issuerDocuments({ issuer, keys, jwksPath = JWKS_PATH }: DocumentOptions): IssuerDocuments {
  checkIssuer(issuer);
  if (!isDocumentName(jwksPath))
    throw new IssuerInputError('the path of the key set', [
      { path: '', message: 'it must be a relative path of letters, digits, dots and dashes' },
    ]);
  if (jwksPath === DISCOVERY_NAME)
    throw new IssuerInputError('the path of the key set', [{ path: '', message: 'the discovery document stands there' }]);
  const jwksUri = `${issuer.replace(/\/$/, '')}/${jwksPath}`;
  const discovery = discoveryDocument({ issuer, jwksUri, algorithms: keys.map(({ alg }) => alg) });
  return {
    issuer,
    jwksUri,
    keys,
    discovery: { name: DISCOVERY_NAME, contentType: 'application/json', text: layout(discovery) },
    keySet: { name: jwksPath, contentType: 'application/jwk-set+json', text: layout(keySetDocument(keys)) },
  };
}

/** Whether it is a relative path that leads nowhere but down. */
export function isDocumentName(path: string): boolean {
  return /^[\w.-]+(?:\/[\w.-]+)*$/.test(path) && !path.split('/').some((part) => /^\.\.?$/.test(part));
}

/** Throws `IssuerInputError` for a URL that IAM or kube-apiserver would not take as it is. */
export function checkIssuer(issuer: string): void {
  const reading = parseIssuer(issuer);
  if (!reading.ok) throw new IssuerInputError(`issuer ${issuer}`, reading.problems);
  if (reading.url.issuer !== issuer)
    throw new IssuerInputError(`issuer ${issuer}`, [
      { path: '', message: `the port would stand in every token and not in the provider; write ${reading.url.issuer}` },
    ]);
}

function layout(document: object): string {
  return `${JSON.stringify(document, null, 2)}\n`;
}
