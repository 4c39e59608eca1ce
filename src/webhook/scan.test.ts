import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pods } from '../../test/support/webhook-pods.ts';
import { reviewOf } from '../../test/support/webhook-world.ts';
import { outlineOf, type PodOutline, ShapeError } from '../identity/pod-outline.ts';
import { outlineBytes } from './internal/outline-bytes.ts';
import { MAX_BODY_BYTES, type PodRef, type Refusal, scan } from './scan.ts';

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const sample = (name: string): Uint8Array => readFileSync(new URL(`../../test/vectors/webhook-review.${name}.json`, import.meta.url));
const WANTED = ['eks.amazonaws.com/skip-containers', 'eks.amazonaws.com/token-expiration', 'podrole.dev/region'];

type Facts = Pick<PodRef, 'kind' | 'typeMembers' | 'namespace' | 'serviceAccount' | 'name' | 'displayName' | 'dryRun' | 'settled'> & {
  readonly uid: string;
};
type Members = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Members => typeof value === 'object' && value !== null && !Array.isArray(value);
const depthOf = (value: unknown): number =>
  typeof value === 'object' && value !== null ? 1 + Math.max(0, ...Object.values(value).map(depthOf)) : 0;

/** What the scan must find, by parsing everything: written from the rules, not from the scanner. */
function reference(body: Uint8Array): Facts | Refusal['reason'] {
  if (body.length > MAX_BODY_BYTES) return 'BodyTooLarge';
  if (body.every((byte) => [0x20, 0x0a, 0x0d, 0x09].includes(byte))) return 'NoRequest';
  let review: unknown;
  try {
    review = JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body));
  } catch {
    return 'UndecodableReview';
  }
  const text = (parent: Members, member: string): string | undefined => {
    const value = Object.hasOwn(parent, member) ? parent[member] : undefined;
    return value === undefined || value === null ? '' : typeof value === 'string' ? value : undefined;
  };
  if (review === null) return 'NoRequest';
  if (!isObject(review)) return 'UndecodableReview';
  const [kind, apiVersion] = [text(review, 'kind'), text(review, 'apiVersion')];
  const request = review.request ?? undefined;
  if (kind === undefined || apiVersion === undefined || (request !== undefined && !isObject(request))) return 'UndecodableReview';
  if (!['', 'AdmissionReview'].includes(kind) || !['', 'admission.k8s.io/v1', 'admission.k8s.io/v1beta1'].includes(apiVersion))
    return 'UnsupportedReview';
  if (request === undefined) return 'NoRequest';
  const gvk = request.kind ?? {};
  const fields = {
    uid: text(request, 'uid'),
    namespace: text(request, 'namespace'),
    operation: text(request, 'operation'),
    subResource: text(request, 'subResource'),
    kind: isObject(gvk) ? text(gvk, 'kind') : undefined,
    group: isObject(gvk) ? text(gvk, 'group') : undefined,
  };
  if (Object.values(fields).includes(undefined)) return 'UndecodableReview';
  const pod = podOf(request.object);
  const objectKind = fields.group === '' ? fields.kind : `${fields.group}/${fields.kind}`;
  return {
    kind: 'pod',
    typeMembers: `${kind === '' ? '' : `"kind":"${kind}",`}${apiVersion === '' ? '' : `"apiVersion":"${apiVersion}",`}`,
    uid: fields.uid ?? '',
    namespace: fields.namespace ?? '',
    serviceAccount: pod?.serviceAccount ?? '',
    name: pod?.name ?? '',
    displayName: pod ? pod.name || pod.generateName : '',
    dryRun: request.dryRun === true,
    settled:
      objectKind !== '' && objectKind !== 'Pod'
        ? 'NotAPod'
        : (fields.operation !== '' && fields.operation !== 'CREATE') || fields.subResource !== ''
          ? 'NotACreate'
          : pod === undefined
            ? 'UndecodablePod'
            : fields.namespace === ''
              ? 'NoNamespace'
              : pod.serviceAccount === ''
                ? 'NoServiceAccount'
                : undefined,
  };

  function podOf(object: unknown): { name: string; generateName: string; serviceAccount: string } | undefined {
    if (!isObject(object)) return undefined;
    const metadata = object.metadata ?? undefined;
    const spec = object.spec;
    if (!isObject(spec) || (metadata !== undefined && !isObject(metadata))) return undefined;
    const names = [text(metadata ?? {}, 'name'), text(metadata ?? {}, 'generateName'), text(spec, 'serviceAccountName')] as const;
    const objects = [metadata?.annotations, metadata?.labels, spec.nodeSelector, spec.os, spec.affinity];
    const lists = [spec.containers, spec.initContainers, spec.volumes];
    if (names.includes(undefined) || !objects.every((value) => (value ?? undefined) === undefined || isObject(value))) return undefined;
    if (!lists.every((value) => (value ?? undefined) === undefined || Array.isArray(value))) return undefined;
    return { name: names[0] ?? '', generateName: names[1] ?? '', serviceAccount: names[2] ?? '' };
  }
}

function found(body: Uint8Array): Facts | Refusal['reason'] {
  const result = scan(body);
  if (result.kind === 'refusal') return result.reason;
  const { spans: _, uid, ...facts } = result;
  return { ...facts, uid: JSON.parse(uid) as string };
}

/** The outline from bytes against the outline of the parsed pod. */
function compareOutlines(body: Uint8Array): void {
  const ref = scan(body);
  if (ref.kind !== 'pod' || ref.spans === undefined) return;
  const outline = (make: () => PodOutline): PodOutline | 'misshapen' => {
    try {
      return make();
    } catch (error) {
      if (error instanceof ShapeError) return 'misshapen';
      throw error;
    }
  };
  const review = JSON.parse(new TextDecoder().decode(body)) as { request: { object: unknown } };
  expect(outline(() => outlineBytes(body, ref, WANTED))).toEqual(outline(() => outlineOf(review.request.object, WANTED)));
}

/** JSON text with members given twice, names escaped and white space in between, that means the same as `value` to a parser. */
function disguised(value: unknown, dice: () => number): string {
  const space = (): string => ['', '', ' ', '\n\t'][Math.floor(dice() * 4)] ?? '';
  const name = (text: string): string => {
    const quoted = JSON.stringify(text);
    if (dice() < 0.8 || text === '') return quoted;
    return `"\\u${text.charCodeAt(0).toString(16).padStart(4, '0')}${JSON.stringify(text.slice(1)).slice(1)}`;
  };
  if (Array.isArray(value)) return `[${space()}${value.map((item) => disguised(item, dice)).join(`${space()},${space()}`)}]`;
  if (!isObject(value)) return JSON.stringify(value);
  const members = Object.entries(value).flatMap(([key, member]) => {
    const real = `${name(key)}${space()}:${space()}${disguised(member, dice)}`;
    // An earlier member of the same name, of any kind, which the later one replaces.
    const decoy =
      ['null', '5', '"decoy"', '{"serviceAccountName":"decoy","name":"decoy"}', '[{"name":5}]', '{"a":{"b":[1]}}'][
        Math.floor(dice() * 6)
      ] ?? 'null';
    return dice() < 0.2 ? [`${name(key)}:${decoy}`, real] : [real];
  });
  return `{${space()}${members.join(`,${space()}`)}${space()}}`;
}

const diceFrom = (seed: number): (() => number) => {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
};

describe('scanning', () => {
  it('finds a kube-apiserver’s pod', () => {
    const ref = scan(sample('pod'));
    expect(ref).toMatchObject({
      kind: 'pod',
      typeMembers: '"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1",',
      uid: '"fc77ad4e-8c45-4961-b3c9-77d1a0ecbc08"',
      namespace: 'hooks',
      serviceAccount: 'default',
      name: 'p1',
      displayName: 'p1',
      dryRun: false,
      settled: undefined,
    });
  });

  it('finds a ReplicaSet’s pod, which has no name yet', () => {
    expect(scan(sample('pod-of-replicaset'))).toMatchObject({
      serviceAccount: 'default',
      name: '',
      displayName: 'rs-',
      settled: undefined,
    });
  });

  it.each([
    [
      'a text that looks like a member',
      { metadata: { annotations: { a: '"spec":{"serviceAccountName":"evil"}' } }, spec: { serviceAccountName: 'good' } },
    ],
    [
      'members of the right name at other places',
      {
        spec: { serviceAccountName: 'good', containers: [{ name: 'c', spec: { serviceAccountName: 'evil' } }] },
        status: { spec: { serviceAccountName: 'evil' } },
      },
    ],
    ['a spec beside the object', { spec: { serviceAccountName: 'good' }, serviceAccountName: 'evil' }],
  ])('is not fooled by %s', (_, pod) => {
    expect(
      scan(
        bytesOf(
          JSON.stringify(reviewOf(pod, { spec: { serviceAccountName: 'evil' }, oldObject: { spec: { serviceAccountName: 'evil' } } })),
        ),
      ),
    ).toMatchObject({
      serviceAccount: 'good',
    });
  });

  it('counts the last of several members, whatever the others are', () => {
    const body =
      '{"request":{"object":5,"namespace":7,"namespace":"ns","object":{"spec":{"serviceAccountName":"a"},"spec":{"serviceAccountName":"b","serviceAccountName":{}, "serviceAccountName":"c"}}}}';
    expect(scan(bytesOf(body))).toMatchObject({ namespace: 'ns', serviceAccount: 'c', settled: undefined });
  });

  it('refuses what is too large before it looks at it, and what is too deep before it is parsed', () => {
    expect(found(new Uint8Array(MAX_BODY_BYTES + 1))).toBe('BodyTooLarge');
    expect(found(bytesOf(`{"request":{"object":${'['.repeat(1_000_000)}`))).toBe('BodyTooDeep');
  });

  it('agrees with a parser on the samples, cut at every byte', () => {
    for (const name of ['pod', 'pod-of-replicaset']) {
      const whole = sample(name);
      for (let end = 0; end <= whole.length; end += 1) {
        const body = whole.subarray(0, end);
        expect(found(body)).toEqual(reference(body));
      }
    }
  });

  it('agrees with a parser on pods in every disguise, and so does the outline', () => {
    fc.assert(
      fc.property(
        pods,
        fc.record({ uid: fc.string(), namespace: fc.constantFrom('ns', 'ü'), dryRun: fc.boolean() }),
        fc.integer(),
        (pod, request, seed) => {
          const body = bytesOf(disguised(reviewOf(pod, request), diceFrom(seed)));
          expect(found(body)).toEqual(reference(body));
          compareOutlines(body);
        },
      ),
      { numRuns: 400 },
    );
  });

  it('agrees with a parser when any one value is replaced by another kind, and so does the outline', () => {
    const others = [null, true, 5, 'x', [], {}, [null], [5], { name: 5 }, [{ name: null }], { a: 5 }];
    fc.assert(
      fc.property(
        pods,
        fc.nat(),
        fc.constantFrom(...others),
        fc.constantFrom('CREATE', 'UPDATE', '', null, 5),
        (pod, at, other, operation) => {
          const review = reviewOf(structuredClone(pod), { operation });
          const places: { readonly parent: Record<string, unknown>; readonly key: string }[] = [];
          const visit = (value: unknown): void => {
            if (typeof value !== 'object' || value === null) return;
            for (const key of Object.keys(value)) {
              places.push({ parent: value as Record<string, unknown>, key });
              visit((value as Record<string, unknown>)[key]);
            }
          };
          visit(review);
          const place = places[at % places.length]!;
          place.parent[place.key] = structuredClone(other);
          const body = bytesOf(JSON.stringify(review));
          expect(found(body)).toEqual(reference(body));
          compareOutlines(body);
        },
      ),
      { numRuns: 1_200 },
    );
  });

  it('agrees with a parser on samples with bytes mangled', () => {
    const whole = sample('pod');
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(whole.length - 1), fc.constantFrom(...'{}[]",:\\ un0'), fc.boolean()), { minLength: 1, maxLength: 3 }),
        (changes) => {
          let bytes = Uint8Array.from(whole);
          for (const [at, letter, inserts] of changes)
            bytes = Uint8Array.from([...bytes.subarray(0, at), letter.charCodeAt(0), ...bytes.subarray(inserts ? at : at + 1)]);
          const result = found(bytes);
          if (result === 'BodyTooDeep') expect(depthOf(JSON.parse(new TextDecoder().decode(bytes)))).toBeGreaterThan(64);
          else expect(result).toEqual(reference(bytes));
          if (typeof result === 'object') compareOutlines(bytes);
        },
      ),
      { numRuns: 600 },
    );
  });

  const token = { audience: 'sts.amazonaws.com', path: 'token' };
  it.each([
    ['one token', [{ serviceAccountToken: token }], token],
    ['a token and something else in one source', [{ serviceAccountToken: token, configMap: { name: 'c' } }], undefined],
    ['something else and a token in one source', [{ configMap: { name: 'c' }, serviceAccountToken: token }], undefined],
    ['a token and another source', [{ serviceAccountToken: token }, { configMap: { name: 'c' } }], undefined],
    ['a token of no path', [{ serviceAccountToken: { audience: 'a' } }], undefined],
  ])('takes a projected volume of %s for what it is', (_what, sources, expected) => {
    const object = { spec: { volumes: [{ name: 'v', projected: { sources } }] } };
    const body = bytesOf(JSON.stringify({ request: { uid: 'u', object } }));
    const ref = scan(body);
    if (ref.kind !== 'pod') throw new Error('a pod');
    expect(outlineBytes(body, ref, WANTED).volumes).toEqual([{ name: 'v', token: expected }]);
    compareOutlines(body);
  });
});
