import type { AwsTarget } from '../../aws/client-options.ts';
import { PodroleError, type Problem } from '../../base/errors.ts';
import { checkIssuer, DISCOVERY_NAME, JWKS_PATH } from '../../issuer/documents.ts';
import { IssuerInputError } from '../../issuer/errors.ts';
import type { Platform } from '../../issuer/platforms.ts';
import { type DocumentStore, keySetName, publishedDiscovery, publishedKids, unreadable } from '../../issuer/publish.ts';
import { type RotationGuidance, rotationGuidance } from '../../issuer/rotation/guidance.ts';
import { nextMove, type RotationMove, type SwitchEvidence } from '../../issuer/rotation/next-move.ts';
import { rotate } from '../../issuer/rotation/rotate.ts';
import { parseRotation, type RotationState, rotationText } from '../../issuer/rotation/state.ts';
import { verifyIssuer } from '../../issuer/verify-issuer.ts';
import { decodeToken } from '../../oidc/decode-token.ts';
import { readIfThere, replaceFile } from '../atomic-file.ts';
import { takeProcessLock } from '../process-lock.ts';
import { openPlace, type Place } from './document-store.ts';
import { documentFetcher, type FetchDocumentOptions } from './fetch-document.ts';
import { readKeys } from './key-files.ts';

export type { Platform } from '../../issuer/platforms.ts';

/** A public key here, and where the API servers have the pair. */
export interface SignerFiles {
  readonly publicFile: string;
  readonly publicPath: string;
  readonly privatePath: string;
}

/** How to begin one. */
export interface RotationPlan {
  readonly current: SignerFiles;
  readonly next: SignerFiles;
  /** Files of further keys that stay published. */
  readonly others: readonly string[];
  readonly to: string;
  readonly cacheSeconds: number;
  readonly tokenSeconds: number;
  readonly maxAgeSeconds: number;
}

export interface RotationRequest {
  /** The state's file. */
  readonly file: string;
  readonly target: AwsTarget;
  /** Given to begin; absent to go on. */
  readonly plan: RotationPlan | undefined;
  /** Somebody restarted every API server with the new signer. */
  readonly switched: boolean;
  /** Fresh tokens, one of each API server. */
  readonly tokens: readonly string[];
  /** Change nothing, look only. */
  readonly statusOnly: boolean;
  /** How readers find the documents; absent: do not look. */
  readonly check: FetchDocumentOptions | undefined;
  readonly platform: Platform;
  readonly apiAudiences: readonly string[];
  readonly now: () => Date;
}

export interface RotationResult {
  readonly state: RotationState;
  readonly waits: Extract<RotationMove, { readonly kind: 'wait' }> | undefined;
  readonly guidance: RotationGuidance;
  /** Whether this run began the rotation or took it to another step. */
  readonly moved: boolean;
}

/**
 * Begins a rotation or carries one on as far as it can go now; alone with its file, unless it only looks. Rejects with
 * `rotation-under-way` when one is to begin and another has not ended, `rotation-in-use`, `rotation-missing`, `rotation-refused`,
 * `IssuerInputError`, or what the place rejects with.
 */
export async function runRotation(request: RotationRequest, signal: AbortSignal): Promise<RotationResult> {
  const { file, plan, statusOnly } = request;
  if (plan === undefined) await stateText(file);
  if (statusOnly) return goOn(request, signal);
  const unlock = lockRotation(file);
  try {
    if (plan !== undefined) await begin(plan, request, signal);
    return await goOn(request, signal);
  } finally {
    unlock();
  }
}

/** Two runs at once could each publish what the other has left behind, or write down a step that the other has passed. */
function lockRotation(file: string): () => void {
  return takeProcessLock(`${file}.lock`, (refusal) => {
    const holder = 'holder' in refusal ? `process ${refusal.holder.pid}` : 'others';
    const where = refusal.why === 'held-elsewhere' ? ` of host ${refusal.holder.host}` : '';
    return new PodroleError(`${file} is being rotated by ${holder}${where}, as ${refusal.lock} says`, {
      code: 'rotation-in-use',
      retry: 'backoff',
      hint:
        refusal.why === 'held' || refusal.why === 'contended'
          ? 'let that run end, then run this again; a lock whose process is gone is taken over'
          : `it cannot be seen from here whether that run lives; if it is gone: rm ${refusal.lock}`,
    });
  });
}

async function stateText(file: string): Promise<string> {
  const text = await readIfThere(file);
  if (text !== undefined) return text;
  throw new PodroleError(`${file} holds no rotation`, { code: 'rotation-missing', hint: 'begin one: podrole issuer rotate --help' });
}

async function goOn(request: RotationRequest, signal: AbortSignal): Promise<RotationResult> {
  const { file, target, now, check } = request;
  const before = parseRotation(await stateText(file));
  const evidence = evidenceOf(request, before);
  const stand = request.statusOnly
    ? look(before, now(), evidence)
    : await rotate(
        {
          file: { read: () => readIfThere(file), write: (state) => replaceFile(file, state, 0o600) },
          store: openPlace(before.place, target).store,
          now,
          evidence,
          check: check === undefined ? undefined : (kids) => notFoundByReaders(before, kids, check, signal),
        },
        signal,
      );
  return { ...stand, guidance: rotationGuidance(stand.state, request), moved: stand.state.step !== before.step };
}

function look(state: RotationState, now: Date, evidence: SwitchEvidence): Pick<RotationResult, 'state' | 'waits'> {
  const move = nextMove(state, now, evidence);
  return { state, waits: move.kind === 'wait' ? move : undefined };
}

async function begin(plan: RotationPlan, { file, target, now, check }: RotationRequest, signal: AbortSignal): Promise<void> {
  const existing = await readIfThere(file);
  if (existing !== undefined && parseRotation(existing).step !== 'done')
    throw new PodroleError(`${file} holds a rotation that has not ended`, {
      code: 'rotation-under-way',
      hint: `carry it on: podrole issuer rotate --state ${file}`,
    });
  const place = openPlace(plan.to, target);
  const { issuer, jwksPath, jwksUri, kids } = await publishedAt(place, signal);
  const [current, next] = await Promise.all([readKeys([plan.current.publicFile]), readKeys([plan.next.publicFile])]);
  const others = plan.others.length === 0 ? [] : await readKeys(plan.others);
  const [old, more] = current;
  const [fresh, surplus] = next;
  if (old === undefined || more !== undefined || fresh === undefined || surplus !== undefined)
    throw new IssuerInputError('a rotation', [{ path: '', message: '--current and --next are files with one key each' }]);
  if (old.kid === fresh.kid) throw new IssuerInputError('a rotation', [{ path: '', message: 'the next key is the current one' }]);
  const known = [old, fresh, ...others].map(({ kid }) => kid);
  const problems = [
    ...(kids.includes(old.kid)
      ? []
      : [
          {
            path: plan.current.publicFile,
            message: `its key ${old.kid} is not published at ${place.store.where}; is it the one that signs?`,
          },
        ]),
    ...kids
      .filter((kid) => !known.includes(kid))
      .map((kid) => ({ path: place.store.where, message: `key ${kid} is published too; give its file with --keep, or drop it first` })),
  ];
  if (problems.length > 0) throw new IssuerInputError('a rotation', problems);
  const servedSeconds = check === undefined ? 0 : await maxAgeServed(jwksUri, check, signal);
  const state: RotationState = {
    version: 1,
    step: 'publish',
    issuer,
    place: place.store.where,
    jwksPath,
    current: { key: old, publicFile: plan.current.publicPath, privateFile: plan.current.privatePath },
    next: { key: fresh, publicFile: plan.next.publicPath, privateFile: plan.next.privatePath },
    others: others.filter(({ kid }) => kid !== old.kid && kid !== fresh.kid),
    cacheSeconds: Math.max(plan.cacheSeconds, plan.maxAgeSeconds, servedSeconds),
    tokenSeconds: plan.tokenSeconds,
    maxAgeSeconds: plan.maxAgeSeconds,
    updatedAt: now().toISOString(),
  };
  await replaceFile(file, rotationText(state), 0o600);
}

/** The issuer that is published there, and where its keys stand: a rotation changes keys and nothing else. */
async function publishedAt(
  { store }: Place,
  signal: AbortSignal,
): Promise<{ readonly issuer: string; readonly jwksPath: string; readonly jwksUri: string; readonly kids: readonly string[] }> {
  const discovery = publishedDiscovery(await store.read(DISCOVERY_NAME, signal));
  if (!discovery.ok) throw unreadableAt(store, DISCOVERY_NAME, discovery.problems);
  if (discovery.document === undefined)
    throw new PodroleError(`${store.where} holds no issuer's documents`, {
      code: 'issuer-not-published',
      hint: `publish the key that signs now: podrole issuer publish --issuer URL --key FILE --to ${store.where}`,
    });
  const { issuer } = discovery.document;
  checkIssuer(issuer);
  const jwksPath = keySetName(discovery.document) ?? JWKS_PATH;
  const keySet = publishedKids(await store.read(jwksPath, signal));
  if (!keySet.ok) throw unreadableAt(store, jwksPath, keySet.problems);
  return { issuer, jwksPath, jwksUri: discovery.document.jwks_uri, kids: keySet.kids };
}

/** For how long readers may keep the key set that they have now, in seconds: it may be longer than that of the one to come. */
async function maxAgeServed(jwksUri: string, check: FetchDocumentOptions, signal: AbortSignal): Promise<number> {
  const found = await documentFetcher(check)(jwksUri, signal);
  const [, seconds = '0'] = (found.ok && /\bmax-age=(\d{1,9})\b/.exec(found.headers['cache-control'] ?? '')) || [];
  return Number(seconds);
}

function unreadableAt({ where }: DocumentStore, name: string, problems: readonly Problem[]): IssuerInputError {
  return new IssuerInputError('a rotation', [{ path: where, message: unreadable(name, problems) }]);
}

function evidenceOf({ switched, tokens }: RotationRequest, state: RotationState): SwitchEvidence {
  if (tokens.length === 0) return switched ? { kind: 'stated' } : { kind: 'none' };
  return {
    kind: 'tokens',
    kids: tokens.map((text, index) => {
      const decoding = decodeToken(text);
      if (!decoding.ok) throw new IssuerInputError(`token ${index + 1}`, [{ path: '', message: decoding.message }]);
      const { header, claims } = decoding.token;
      if (claims.iss !== state.issuer)
        throw new IssuerInputError(`token ${index + 1}`, [{ path: '/iss', message: `it is of another issuer than ${state.issuer}` }]);
      return typeof header.kid === 'string' ? header.kid : '(none)';
    }),
  };
}

async function notFoundByReaders(
  { issuer }: RotationState,
  kids: readonly string[],
  check: FetchDocumentOptions,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const report = await verifyIssuer({ issuer, fetch: documentFetcher(check) }, signal);
  const errors = report.findings.filter(({ severity }) => severity === 'error').map(({ at, message }) => `${at}: ${message}`);
  const missing = report.jwksUri === undefined || errors.length > 0 ? [] : kids.filter((kid) => !report.kids.includes(kid));
  return [...errors, ...missing.map((kid) => `key ${kid} is not in ${report.jwksUri ?? issuer} yet`)];
}
