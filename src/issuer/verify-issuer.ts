import { isJsonObject, type JsonObject } from '../base/json.ts';
import { MAX_KEYS_PER_FAMILY } from '../oidc/algorithms.data.ts';
import { type DiscoveryDocument, discoveryUrl, parseDiscovery } from '../oidc/discovery.ts';
import { parseIssuer } from '../oidc/issuer-url.ts';
import { type KeySet, parseKeySet } from '../oidc/key-set.ts';
import { verifyToken } from '../oidc/verify-token.ts';
import type { FetchDocument } from './fetch-port.ts';
import { type Finding, isSound } from './finding.ts';
import { readDocument } from './internal/read-document.ts';
import { keyDefects } from './key-defects.ts';

export interface VerifyIssuerOptions {
  readonly issuer: string;
  readonly fetch: FetchDocument;
  /** A token that must verify against what was fetched. */
  readonly token?: { readonly text: string; readonly clientIds: readonly string[]; readonly now: Date } | undefined;
}

/** What an issuer looks like from outside. */
export interface IssuerReport {
  readonly issuer: string;
  readonly jwksUri: string | undefined;
  readonly kids: readonly string[];
  /** Of the token, if one was given and is accepted. */
  readonly subject: string | undefined;
  readonly findings: readonly Finding[];
  readonly ok: boolean;
}

/**
 * Looks at an issuer as AWS STS does: discovery document, key set, each key; then at a token, if there is one. Goes on as far as it can,
 * so that everything wrong is told at once.
 */
export async function verifyIssuer(options: VerifyIssuerOptions, signal: AbortSignal): Promise<IssuerReport> {
  const { issuer, fetch, token } = options;
  const findings: Finding[] = [...issuerFindings(issuer)];
  let kids: readonly string[] = [];
  let subject: string | undefined;
  const discovery = findings.length > 0 ? undefined : await readDiscovery(issuer, fetch, findings, signal);
  const keySet = discovery === undefined ? undefined : await readKeySet(discovery, fetch, findings, signal);
  if (discovery !== undefined && keySet !== undefined) {
    kids = keySet.keys.filter(isJsonObject).flatMap(({ kid }) => (typeof kid === 'string' ? [kid] : []));
    findings.push(...algorithmFindings(discovery, keySet));
    if (token !== undefined) subject = await judgeToken(issuer, keySet, token, findings);
  }
  return { issuer, jwksUri: discovery?.jwks_uri, kids, subject, findings, ok: isSound(findings) };
}

function issuerFindings(issuer: string): readonly Finding[] {
  const reading = parseIssuer(issuer);
  if (!reading.ok)
    return reading.problems.map(({ message }) => ({
      severity: 'error',
      code: 'issuer-invalid',
      at: issuer,
      message,
      fix: 'start kube-apiserver with --service-account-issuer=https://NAME[/PATH]',
    }));
  if (reading.url.issuer === issuer) return [];
  return [
    {
      severity: 'error',
      code: 'issuer-port',
      at: issuer,
      message: 'tokens carry the port, and the provider in IAM drops it',
      fix: `start kube-apiserver with --service-account-issuer=${reading.url.issuer}`,
    },
  ];
}

async function readDiscovery(
  issuer: string,
  fetch: FetchDocument,
  findings: Finding[],
  signal: AbortSignal,
): Promise<DiscoveryDocument | undefined> {
  const url = discoveryUrl(issuer);
  const text = await readDocument({ url, type: 'application/json', fetch, findings }, signal);
  if (text === undefined) return undefined;
  const parsed = parseDiscovery(text);
  if (!parsed.ok) {
    for (const { path, message } of parsed.problems)
      findings.push({
        severity: 'error',
        code: 'discovery-invalid',
        at: `${url}${path === '' ? '' : `#${path}`}`,
        message,
        fix: `publish what podrole issuer discovery --issuer ${issuer} prints`,
      });
    return undefined;
  }
  const { document } = parsed;
  if (document.issuer !== issuer)
    findings.push({
      severity: 'error',
      code: 'issuer-mismatch',
      at: `${url}#/issuer`,
      message: `it names ${document.issuer}, and tokens carry ${issuer}`,
      fix: 'the two must be equal to the letter, also in a slash at the end',
    });
  const keysAt = new URL(document.jwks_uri).host;
  if (keysAt !== new URL(issuer).host)
    findings.push({
      severity: 'warning',
      code: 'jwks-elsewhere',
      at: `${url}#/jwks_uri`,
      message: `the keys are on another host, ${keysAt}`,
      fix: 'keep both documents on the issuer’s own host: some verifiers, the sandbox among them, go nowhere else',
    });
  return document;
}

async function readKeySet(
  { jwks_uri: url }: DiscoveryDocument,
  fetch: FetchDocument,
  findings: Finding[],
  signal: AbortSignal,
): Promise<KeySet | undefined> {
  const text = await readDocument({ url, type: 'application/jwk-set+json', fetch, findings }, signal);
  if (text === undefined) return undefined;
  const parsed = parseKeySet(text);
  if (!parsed.ok) {
    for (const { path, message } of parsed.problems)
      findings.push({
        severity: 'error',
        code: 'key-set-invalid',
        at: `${url}#${path}`,
        message,
        fix: 'publish what podrole issuer jwks prints',
      });
    return undefined;
  }
  // The reader drops private members; whether they are there is to be told.
  const raw = (JSON.parse(text) as { readonly keys: readonly JsonObject[] }).keys;
  findings.push(...keyFindings(url, raw));
  return parsed.keySet;
}

function keyFindings(url: string, keys: readonly JsonObject[]): readonly Finding[] {
  const findings: Finding[] = [];
  if (keys.length === 0)
    findings.push({
      severity: 'error',
      code: 'key-none',
      at: url,
      message: 'there are no keys',
      fix: 'publish the public key of each signer',
    });
  for (const [index, key] of keys.entries()) {
    const at = typeof key.kid === 'string' && key.kid !== '' ? `key ${key.kid}` : `key ${index + 1}`;
    findings.push(...keyDefects(key).map((defect) => ({ ...defect, at })));
  }
  const kids = keys.flatMap(({ kid }) => (typeof kid === 'string' && kid !== '' ? [kid] : []));
  for (const kid of new Set(kids.filter((kid, index) => kids.indexOf(kid) !== index)))
    findings.push({
      severity: 'error',
      code: 'key-shared',
      at: `key ${kid}`,
      message: 'several keys have this kid, and AWS uses the last',
      fix: 'give each key a kid of its own; podrole issuer jwks does',
    });
  for (const kty of ['RSA', 'EC']) {
    const count = keys.filter((key) => key.kty === kty).length;
    if (count > MAX_KEYS_PER_FAMILY)
      findings.push({
        severity: 'error',
        code: 'key-too-many',
        at: url,
        message: `${count} ${kty} keys: AWS finds none of more than ${MAX_KEYS_PER_FAMILY}`,
        fix: 'retire the old ones',
      });
  }
  return findings;
}

function algorithmFindings(discovery: DiscoveryDocument, { keys }: KeySet): readonly Finding[] {
  const named = discovery.id_token_signing_alg_values_supported;
  const used = new Set(keys.filter(isJsonObject).flatMap(({ alg }) => (typeof alg === 'string' ? [alg] : [])));
  return [...used]
    .filter((alg) => !named.includes(alg))
    .map((alg) => ({
      severity: 'warning',
      code: 'algorithm-unnamed',
      at: `${discoveryUrl(discovery.issuer)}#/id_token_signing_alg_values_supported`,
      message: `a key is for ${alg}, which the discovery document does not name`,
      fix: 'publish both documents together, with podrole issuer publish',
    }));
}

async function judgeToken(
  issuer: string,
  jwks: KeySet,
  { text, clientIds, now }: NonNullable<VerifyIssuerOptions['token']>,
  findings: Finding[],
): Promise<string | undefined> {
  const verdict = await verifyToken(text, { issuer, clientIds, jwks, now, mode: 'aws' });
  if (!verdict.ok) {
    findings.push({
      severity: 'error',
      code: verdict.reason,
      at: 'token',
      message: `STS will answer ${verdict.code}: ${verdict.message}`,
      fix: 'podrole token decode says what is in the token and what is wrong with it',
    });
    return undefined;
  }
  for (const { code, message } of verdict.warnings)
    findings.push({ severity: 'warning', code, at: 'token', message, fix: 'it works on AWS today' });
  return verdict.subject;
}
