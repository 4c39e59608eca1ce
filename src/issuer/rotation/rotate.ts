import { PodroleError } from '../../base/errors.ts';
import { issuerDocuments } from '../documents.ts';
import { type DocumentStore, publish } from '../publish.ts';
import { nextMove, type RotationMove, type SwitchEvidence } from './next-move.ts';
import { parseRotation, type RotationState, rotationText } from './state.ts';

/** The rotation's file. `write` replaces it whole and is on the disk when it resolves. */
export interface RotationFile {
  read(signal: AbortSignal): Promise<string | undefined>;
  write(text: string, signal: AbortSignal): Promise<void>;
}

export interface RotateOptions {
  readonly file: RotationFile;
  readonly store: DocumentStore;
  readonly now: () => Date;
  readonly evidence: SwitchEvidence;
  /** Looks from outside whether readers find exactly these keys; answers what is in the way. Absent: whoever publishes vouches for it. */
  readonly check?: ((kids: readonly string[], signal: AbortSignal) => Promise<readonly string[]>) | undefined;
}

/** Where a rotation stands after as many moves as were possible, and what it waits for. */
export interface RotationStand {
  readonly state: RotationState;
  readonly waits: Extract<RotationMove, { readonly kind: 'wait' }> | undefined;
}

/**
 * Carries a rotation on as far as time and evidence allow. It may be killed at any moment and started again: a move is done before it is
 * written down, and doing it twice changes nothing. Rejects with `rotation-missing`, `rotation-foreign`, or what the store rejects with.
 */
export async function rotate(options: RotateOptions, signal: AbortSignal): Promise<RotationStand> {
  const { file, store, now, evidence } = options;
  const text = await file.read(signal);
  if (text === undefined)
    throw new PodroleError('there is no rotation under way', { code: 'rotation-missing', hint: 'start one: podrole issuer rotate --help' });
  let state = parseRotation(text);
  if (state.place !== store.where)
    throw new PodroleError(`this rotation publishes to ${state.place} and not to ${store.where}`, { code: 'rotation-foreign' });
  for (;;) {
    const move = nextMove(state, now(), evidence);
    if (move.kind === 'done') return { state, waits: undefined };
    if (move.kind === 'wait') return { state, waits: move };
    if (move.kind === 'publish') await publishKeys(state, move, store, signal);
    const problems = await unreadable(state, options, signal);
    if (problems.length > 0)
      return {
        state,
        waits: { kind: 'wait', reason: 'documents-not-readable', message: `readers do not find the keys: ${problems.join('; ')}` },
      };
    state = move.kind === 'record' ? move.state : move.after(now());
    await file.write(rotationText(state), signal);
  }
}

/** The wait begins when readers can see the new key, and the signer is not switched while they cannot. */
async function unreadable(state: RotationState, { check }: RotateOptions, signal: AbortSignal): Promise<readonly string[]> {
  if (check === undefined || (state.step !== 'publish' && state.step !== 'wait')) return [];
  return check(
    [state.current, state.next].map(({ key }) => key.kid),
    signal,
  );
}

async function publishKeys(
  state: RotationState,
  move: Extract<RotationMove, { readonly kind: 'publish' }>,
  store: DocumentStore,
  signal: AbortSignal,
): Promise<void> {
  const documents = issuerDocuments({ issuer: state.issuer, keys: move.keys, jwksPath: state.jwksPath });
  const publication = await publish({ documents, store, cacheSeconds: state.maxAgeSeconds, drop: move.drop }, signal);
  if (publication.kind === 'refused')
    throw new PodroleError(publication.problems.map(({ path, message }) => `${path}: ${message}`).join('; '), {
      code: 'rotation-refused',
      hint: 'the documents were changed by others meanwhile: mend them and run this again, or start anew with every key that must stay',
    });
}
