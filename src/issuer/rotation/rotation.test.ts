import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { ISSUER, testKey } from '../../../test/support/issuer-keys.ts';
import type { PublicJwk } from '../../oidc/key-set.ts';
import { DISCOVERY_NAME } from '../documents.ts';
import type { DocumentStore } from '../publish.ts';
import { rotationGuidance } from './guidance.ts';
import type { SwitchEvidence } from './next-move.ts';
import { type RotationStand, rotate } from './rotate.ts';
import { parseRotation, type RotationState, rotationText } from './state.ts';

const CACHE = 4 * 3_600;
const TOKEN = 86_400;
const MINUTE = 60_000;
/** A quarter beyond a half hour, so that no wait ends on a step by chance. */
const STEP = 45 * MINUTE;
const START = Date.parse('2026-01-01T00:00:00Z');
const KEYS = 'openid/v1/jwks';

let current: PublicJwk;
let next: PublicJwk;
let third: PublicJwk;
beforeAll(async () => {
  [current, next, third] = (await Promise.all([testKey('RSA'), testKey('P-256'), testKey('P-384')])).map(
    ({ signing }) => signing.publicJwk,
  ) as [PublicJwk, PublicJwk, PublicJwk];
});

class Crash extends Error {}
type Point = { readonly call: number; readonly side: 'before' | 'after' };

/** A place of documents, a state file, API servers run by somebody who does what he is told, and every token they ever signed. */
class World {
  now = START;
  readonly documents = new Map<string, string>();
  stateText: string | undefined;
  signer = current;
  calls = 0;
  readonly tokens: { readonly kid: string; readonly signedAt: number }[] = [];
  /** Since when each published key has been so without interruption. */
  readonly publishedSince = new Map<string, number>([[current.kid, Number.NEGATIVE_INFINITY]]);
  readonly writes: string[] = [];
  readonly crashes: Point[];

  constructor(crashes: readonly Point[] = []) {
    this.crashes = [...crashes];
    this.documents.set(KEYS, JSON.stringify({ keys: [current] }));
    this.stateText = rotationText(this.start());
  }

  start(): RotationState {
    return {
      version: 1,
      step: 'publish',
      issuer: ISSUER,
      place: 'there',
      jwksPath: KEYS,
      current: { key: current, privateFile: '/pki/old.key', publicFile: '/pki/old.pub' },
      next: { key: next, privateFile: '/pki/new.key', publicFile: '/pki/new.pub' },
      others: [],
      cacheSeconds: CACHE,
      tokenSeconds: TOKEN,
      maxAgeSeconds: CACHE,
      updatedAt: new Date(START).toISOString(),
    };
  }

  async #call<T>(run: () => T): Promise<T> {
    const call = ++this.calls;
    const at = this.crashes.find((point) => point.call === call);
    if (at?.side === 'before') throw new Crash();
    const result = run();
    this.check();
    if (at?.side === 'after') throw new Crash();
    return result;
  }

  readonly store: DocumentStore = {
    where: 'there',
    read: (name) => this.#call(() => this.documents.get(name)),
    write: ({ name, text }) =>
      this.#call(() => {
        this.documents.set(name, text);
        this.writes.push(name);
        this.#notePublished();
      }),
  };

  #notePublished(): void {
    const kids = this.kids();
    for (const kid of kids) if (!this.publishedSince.has(kid)) this.publishedSince.set(kid, this.now);
    for (const kid of this.publishedSince.keys()) if (!kids.includes(kid)) this.publishedSince.delete(kid);
  }

  kids(): readonly string[] {
    return this.published().map(({ kid }) => kid);
  }

  published(): readonly PublicJwk[] {
    return (JSON.parse(this.documents.get(KEYS) ?? '{"keys":[]}') as { keys: PublicJwk[] }).keys;
  }

  rotate(evidence: SwitchEvidence = { kind: 'none' }): Promise<RotationStand> {
    return rotate(
      {
        store: this.store,
        file: {
          read: () => this.#call(() => this.stateText),
          write: (text) =>
            this.#call(() => {
              this.stateText = text;
            }),
        },
        now: () => new Date(this.now),
        evidence,
      },
      new AbortController().signal,
    );
  }

  /** The API servers sign a token; whoever runs them looks at the state and does as it says. */
  live(): void {
    const { step } = parseRotation(this.stateText ?? '');
    if (step === 'switch' || step === 'keep' || step === 'retire' || step === 'done') this.signer = next;
    this.tokens.push({ kid: this.signer.kid, signedAt: this.now });
    this.check();
  }

  /** What must hold at every moment. Plain comparisons: it runs a million times. */
  check(): void {
    const published = this.published();
    const kids = published.map(({ kid }) => kid);
    for (const { kid, signedAt } of this.tokens)
      if (signedAt + TOKEN * 1000 > this.now && !kids.includes(kid)) throw new Error(`a living token's key ${kid} is not published`);
    const last = this.tokens.at(-1);
    if (last !== undefined && last.signedAt - (this.publishedSince.get(last.kid) ?? last.signedAt) < CACHE * 1000)
      throw new Error(`key ${last.kid} was not published long enough before it signed`);
    const discovery = this.documents.get(DISCOVERY_NAME);
    if (discovery !== undefined && this.writes.length < 3) {
      const { id_token_signing_alg_values_supported: named } = JSON.parse(discovery) as { id_token_signing_alg_values_supported: string[] };
      if (published.some(({ alg }) => !named.includes(alg))) throw new Error('a key is published whose algorithm is not');
    }
  }

  /** At every step the servers sign, and somebody tries to go on. */
  async run(days = 2): Promise<this> {
    for (const end = this.now + days * 24 * 60 * MINUTE; this.now < end; this.now += STEP) {
      this.live();
      try {
        await this.rotate(this.signer === next ? { kind: 'tokens', kids: [this.signer.kid] } : { kind: 'none' });
      } catch (error) {
        if (!(error instanceof Crash)) throw error;
      }
    }
    return this;
  }

  get step(): string {
    return parseRotation(this.stateText ?? '').step;
  }
}

describe('a rotation', () => {
  it('goes to its end without a token being refused', async () => {
    const world = await new World().run();
    expect(world.step).toBe('done');
    expect(world.kids()).toEqual([next.kid]);
    expect(world.writes).toEqual([DISCOVERY_NAME, KEYS, DISCOVERY_NAME, KEYS]);
    expect(new Set(world.tokens.map(({ kid }) => kid))).toEqual(new Set([current.kid, next.kid]));
  });

  it('ends alike after a crash before or after any one of its calls', async () => {
    const uncrashed = await new World().run();
    expect(uncrashed.calls).toBeGreaterThan(30);
    for (let call = 1; call <= uncrashed.calls; call += 1)
      for (const side of ['before', 'after'] as const) {
        const world = await new World([{ call, side }]).run(3);
        expect([call, side, world.step]).toEqual([call, side, 'done']);
        expect(world.documents).toEqual(uncrashed.documents);
      }
  });

  it('survives any handful of crashes', async () => {
    const points = fc.array(fc.record({ call: fc.integer({ min: 1, max: 60 }), side: fc.constantFrom('before', 'after') }), {
      maxLength: 12,
    });
    await fc.assert(
      fc.asyncProperty(points, async (crashes) => {
        expect((await new World(crashes as Point[]).run(3)).step).toBe('done');
      }),
      { numRuns: 100 },
    );
  });

  it('refuses an early switch, an early drop, and says until when', async () => {
    const world = new World();
    expect((await world.rotate({ kind: 'stated' })).waits).toMatchObject({
      reason: 'caches-not-over',
      until: new Date(START + CACHE * 1000),
    });
    world.now += CACHE * 1000 - 1;
    expect((await world.rotate({ kind: 'stated' })).waits?.reason).toBe('caches-not-over');
    world.now += 1;
    expect((await world.rotate()).waits?.reason).toBe('switch-not-shown');
    expect((await world.rotate({ kind: 'tokens', kids: [next.kid, current.kid] })).waits?.reason).toBe('switch-not-done');
    expect(world.step).toBe('switch');
    const switched = world.now;
    expect((await world.rotate({ kind: 'stated' })).waits).toMatchObject({
      reason: 'tokens-not-over',
      until: new Date(switched + (TOKEN + 600) * 1000),
    });
    world.now = switched + (TOKEN + 600) * 1000 - 1;
    expect((await world.rotate()).waits?.reason).toBe('tokens-not-over');
    world.now += 1;
    expect((await world.rotate()).state.step).toBe('done');
  });

  it('waits anew when a fresh token shows that the old key still signs', async () => {
    const world = new World();
    await world.rotate();
    world.now += CACHE * 1000;
    await world.rotate({ kind: 'stated' });
    expect(world.step).toBe('keep');
    world.now += (TOKEN + 600) * 1000;
    expect((await world.rotate({ kind: 'tokens', kids: [next.kid, current.kid] })).waits?.reason).toBe('switch-not-done');
    expect((await world.rotate()).waits?.reason).toBe('switch-not-shown');
    expect(world.kids()).toContain(current.kid);
    expect((await world.rotate({ kind: 'stated' })).waits).toMatchObject({
      reason: 'tokens-not-over',
      until: new Date(world.now + (TOKEN + 600) * 1000),
    });
  });

  it('stands still when the clock went back', async () => {
    const world = new World();
    await world.rotate();
    world.now -= 1;
    expect((await world.rotate()).waits?.reason).toBe('clock-behind');
  });

  it('begins to wait when readers see the key, and not when it was sent', async () => {
    const world = new World();
    let seen: readonly string[] = ['https://x answers 403'];
    const step = (): Promise<RotationStand> =>
      rotate(
        {
          store: world.store,
          file: {
            read: async () => world.stateText,
            write: async (text) => {
              world.stateText = text;
            },
          },
          now: () => new Date(world.now),
          evidence: { kind: 'stated' },
          check: async () => seen,
        },
        new AbortController().signal,
      );
    expect((await step()).waits?.reason).toBe('documents-not-readable');
    world.now += 30 * MINUTE;
    seen = [];
    expect((await step()).waits).toMatchObject({ reason: 'caches-not-over', until: new Date(world.now + CACHE * 1000) });
    world.now += CACHE * 1000;
    seen = ['gone again'];
    expect((await step()).waits?.reason).toBe('documents-not-readable');
    expect(world.step).toBe('wait');
  });

  it('stops when a key of somebody else’s would go', async () => {
    const world = new World();
    world.documents.set(KEYS, JSON.stringify({ keys: [current, third] }));
    await expect(world.rotate()).rejects.toMatchObject({ code: 'rotation-refused' });
    expect(world.kids()).toEqual([current.kid, third.kid]);
  });

  it('is judged by a world that sees an early switch and an early drop', async () => {
    const early = new World();
    await early.rotate();
    early.signer = next;
    expect(() => early.live()).toThrow(/not published long enough/);
    const dropped = new World();
    dropped.live();
    dropped.documents.set(KEYS, JSON.stringify({ keys: [next] }));
    expect(() => dropped.check()).toThrow(/is not published/);
  });
});

describe('the instructions of a step', () => {
  it('sign with the new key only from the switch on, and lack the old one only in the end', () => {
    const world = new World();
    const at = (more: object): string => {
      const state = {
        ...world.start(),
        publishedAt: '2026-01-01T00:00:00Z',
        switchedAt: '2026-01-01T00:00:00Z',
        retiredAt: '2026-01-01T00:00:00Z',
        ...more,
      } as RotationState;
      return rotationGuidance(state, { platform: 'kube-apiserver', apiAudiences: [] }).flags?.text ?? '';
    };
    const flags = ['wait', 'switch', 'keep', 'done'].map((step) => at({ step }));
    expect(flags.map((text) => /signing-key-file=(\S+)/.exec(text)?.[1])).toEqual([
      '/pki/old.key',
      '/pki/new.key',
      '/pki/new.key',
      '/pki/new.key',
    ]);
    expect(flags.map((text) => text.includes('key-file=/pki/old.pub'))).toEqual([true, true, true, false]);
    expect(flags.every((text) => text.includes('key-file=/pki/new.pub'))).toBe(true);
    expect(at({ step: 'publish' })).toBe('');
  });
});

describe('parseRotation', () => {
  it('reads back what was written, and nothing else', () => {
    const state = new World().start();
    expect(parseRotation(rotationText(state))).toEqual(state);
    expect(() => parseRotation('{')).toThrow(/not JSON/);
    expect(() => parseRotation(JSON.stringify({ ...state, version: 2 }))).toThrow(/\/version/);
    expect(() => parseRotation(JSON.stringify({ ...state, step: 'keep' }))).toThrow(/\/publishedAt.*\/switchedAt/);
    expect(() => parseRotation(JSON.stringify({ ...state, current: { ...state.current, key: { ...current, d: 'x' } } }))).toThrow(
      /issuer-input|\/current/,
    );
  });

  it('throws nothing but its own error', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        try {
          parseRotation(text);
        } catch (error) {
          expect(error).toMatchObject({ code: 'issuer-input-invalid' });
        }
      }),
    );
  });
});
