import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openSandboxWorld, openWorldOfRun, worldSkipped } from '../support/worlds/world.ts';
import type { Answer, Place } from './differences.ts';
import { openPlace } from './place.ts';
import { HOLES, type RandomRequest, randomRequests } from './random-requests.ts';

/** Another seed is another sequence: `PODROLE_SEED=7,8 npm run test:cluster -- test/cluster/answers`. */
const SEEDS = process.env.PODROLE_SEED === undefined ? [1, 2, 3] : process.env.PODROLE_SEED.split(',').map(Number);
const REQUESTS = 250;
const PLACE = 'the-place';

/** What a world knows of its own objects, by path. */
class Memory {
  readonly #live = new Map<string, { readonly uid: string; readonly version: string; readonly stale: string }>();

  fill(request: RandomRequest, place: Place): RandomRequest {
    const { uid = 'none', version = '1', stale = '1' } = this.#live.get(objectPath(request)) ?? {};
    const text = JSON.stringify(request.body ?? null)
      .replaceAll(HOLES.uid, uid)
      .replaceAll(HOLES.version, version)
      .replaceAll(HOLES.stale, stale);
    return {
      ...request,
      path: request.path.replace(PLACE, place.namespace),
      ...(request.body === undefined ? {} : { body: JSON.parse(text) }),
    };
  }

  learn(request: RandomRequest, answer: Answer): void {
    if (!answer.text.startsWith('{')) return;
    const { metadata } = JSON.parse(answer.text) as { readonly metadata?: { readonly uid?: string; readonly resourceVersion?: string } };
    if (metadata?.uid === undefined || metadata.resourceVersion === undefined) return;
    const path = objectPath(request);
    const before = this.#live.get(path);
    const stale = before === undefined || before.version === metadata.resourceVersion ? (before?.stale ?? '1') : before.version;
    this.#live.set(path, { uid: metadata.uid, version: metadata.resourceVersion, stale });
  }
}

function objectPath({ path, body, method }: RandomRequest): string {
  const plain = path.split('?', 1)[0] ?? '';
  const { metadata } = (body ?? {}) as { readonly metadata?: { readonly name?: string } };
  return method === 'POST' ? `${plain}/${metadata?.name ?? ''}` : plain;
}

/** An answer without what is each world's own: identities, times and versions. */
function essence({ status, type, warning, text }: Answer, { namespace }: Place): unknown {
  const plain = text
    .replaceAll(namespace, PLACE)
    .replace(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'UID')
    .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/g, 'TIME')
    .replace(/(\\*"resourceVersion\\*":\s*\\*")\d+/g, '$1N')
    .replace(/(record|precondition) \(\d+\)/g, '$1 (N)')
    // How Go prints a patch that cannot be read is nobody's interface.
    .replace(/patch: Invalid value: .*?(?=","reason")/, 'patch: Invalid value: P')
    .replace(/failed to (?:create typed patch|convert new) object .*?(?=","code")/, 'failed to read the applied object')
    .replace(/"continue":"[^"]+"/g, '"continue":"C"');
  return { status, type, warning, body: plain.startsWith('{') ? JSON.stringify(JSON.parse(plain, asMeant)) : plain };
}

/** A member of an answer as it is meant; the order of members counts. */
function asMeant(this: unknown, name: string, value: unknown): unknown {
  if (!Array.isArray(value)) return value;
  const sorted = (items: readonly unknown[]): readonly unknown[] =>
    [...new Set(items.map((item) => JSON.stringify(item)))].sort().map((text) => JSON.parse(text) as unknown);
  switch (name) {
    // The real one names a cause as often as its checks run, and the managers of a conflict in any order, from one time to the next.
    case 'causes':
      return sorted(value).filter((cause) => (cause as { readonly field?: string }).field !== 'patch');
    // In the order of their seconds, which are not the same in both worlds.
    case 'managedFields':
      return sorted(value);
    // The config map of each world's own CA.
    case 'items':
      return value.filter((item) => (item as { readonly metadata?: { readonly name: string } }).metadata?.name !== 'kube-root-ca.crt');
    default:
      return value;
  }
}

describe.skipIf(worldSkipped() !== undefined)('both worlds', () => {
  let real: Awaited<ReturnType<typeof openPlace>>;
  let sandbox: Awaited<ReturnType<typeof openPlace>>;
  beforeAll(async () => {
    real = await openPlace(await openWorldOfRun());
    sandbox = await openPlace(await openSandboxWorld());
  });
  afterAll(async () => {
    await real.close();
    await sandbox.close();
  });

  it.each(SEEDS)(`answer ${REQUESTS} requests of seed %i the same`, async (seed) => {
    const memories = new Map<Place, Memory>([real, sandbox].map((place) => [place, new Memory()]));
    const put = async (place: Place, request: RandomRequest): Promise<unknown> => {
      const memory = memories.get(place) as Memory;
      const filled = memory.fill(request, place);
      const answer = await place.ask(filled.path, filled);
      memory.learn(request, answer);
      return essence(answer, place);
    };
    const answers: { readonly theirs: object[]; readonly ours: object[] } = { theirs: [], ours: [] };
    for (const [index, request] of randomRequests(seed, REQUESTS, PLACE).entries()) {
      const [theirs, ours] = [await put(real, request), await put(sandbox, request)];
      if (isDeepStrictEqual(theirs, ours)) continue;
      answers.theirs.push({ index, request, answer: theirs });
      answers.ours.push({ index, request, answer: ours });
    }
    expect(answers.ours).toEqual(answers.theirs);
  });
});
