import type { Asked } from './differences.ts';

/** A request of a random sequence; what differs between worlds (versions, uids) is a hole that each world fills with its own. */
export interface RandomRequest extends Asked {
  readonly path: string;
}

/** In a body: the live object's uid or resourceVersion, or one that it had before. */
export const HOLES = { uid: '<uid>', version: '<version>', stale: '<stale>' } as const;

const NAMES = ['a', 'b', 'c'];
const KINDS = [
  { path: '/api/v1', plural: 'configmaps', apiVersion: 'v1', kind: 'ConfigMap' },
  { path: '/api/v1', plural: 'secrets', apiVersion: 'v1', kind: 'Secret' },
  { path: '/api/v1', plural: 'serviceaccounts', apiVersion: 'v1', kind: 'ServiceAccount' },
  { path: '/apis/coordination.k8s.io/v1', plural: 'leases', apiVersion: 'coordination.k8s.io/v1', kind: 'Lease' },
] as const;

/** Mulberry32: the same numbers for the same seed, everywhere. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** A sequence of reads and writes, sound ones and others, on few objects of few kinds. */
export function randomRequests(seed: number, count: number, namespace: string): readonly RandomRequest[] {
  const random = randomOf(seed);
  const oneOf = <T>(values: readonly T[]): T => values[Math.floor(random() * values.length)] as T;
  const sometimes = (chance: number): boolean => random() < chance;

  const metadata = (name: string): Record<string, unknown> => ({
    name: sometimes(0.97) ? name : oneOf(['Other', '', 'z']),
    ...(sometimes(0.3) ? { labels: oneOf<unknown>([{ l: '1' }, { l: '2' }, { m: null }, { 'b d': 'x' }, null]) } : {}),
    ...(sometimes(0.2) ? { annotations: oneOf<unknown>([{ 'x/y': 'z' }, { n: '1' }, {}, null]) } : {}),
    ...(sometimes(0.15) ? { finalizers: oneOf<unknown>([['a.b/c'], ['a.b/c', 'd.e/f'], [], ['bad']]) } : {}),
    ...(sometimes(0.15) ? { resourceVersion: oneOf([HOLES.version, HOLES.stale, '', 'abc']) } : {}),
    ...(sometimes(0.08) ? { uid: oneOf([HOLES.uid, 'nobody']) } : {}),
  });
  const content = (kind: string): object => {
    if (sometimes(0.05)) return { [oneOf(['nope', 'Data', 'status'])]: oneOf<unknown>([1, 'x', {}]) };
    switch (kind) {
      case 'ConfigMap':
        return { data: oneOf<unknown>([{ k: '1' }, { k: '2', l: '3' }, { k: null }, null, {}, { k: 5 }]) };
      case 'Secret':
        return oneOf<object>([{ data: { k: 'YQ==' } }, { stringData: { k: 'b' } }, { data: { k: '%' } }, { type: 'a/b' }, {}]);
      case 'ServiceAccount':
        return oneOf<object>([
          { automountServiceAccountToken: false },
          { imagePullSecrets: [{ name: 'p' }] },
          { secrets: [{ name: 's' }] },
          {},
        ]);
      default:
        return {
          spec: oneOf<unknown>([
            { holderIdentity: 'h', leaseDurationSeconds: 3 },
            { leaseDurationSeconds: -1 },
            { renewTime: '2026-01-02T03:04:05.000006Z' },
            { renewTime: 'now' },
            {},
          ]),
        };
    }
  };
  const query = (body: unknown, ...more: readonly string[]): string => {
    const parts = [...more];
    // What a dry run says of the version and the identity that were sent to it is nobody's interface.
    if (sometimes(0.1) && !/"(?:uid|resourceVersion)"/.test(JSON.stringify(body))) parts.push('dryRun=All');
    if (sometimes(0.15)) parts.push(`fieldValidation=${oneOf(['Strict', 'Ignore', 'Warn', 'Odd'])}`);
    if (sometimes(0.2)) parts.push(`fieldManager=${oneOf(['m1', 'm2'])}`);
    return parts.length === 0 ? '' : `?${parts.join('&')}`;
  };
  const operations = (name: string, key: string): readonly unknown[] =>
    Array.from({ length: 1 + Math.floor(random() * 2) }, () => ({
      op: oneOf(['add', 'replace', 'remove', 'test', 'copy', 'move']),
      path: oneOf([
        '/metadata/labels',
        '/metadata/labels/l',
        `/${key}`,
        `/${key}/k`,
        '/metadata/finalizers/0',
        '/metadata/name',
        '/nope/nope',
      ]),
      ...(sometimes(0.9) ? { value: oneOf<unknown>(['1', { l: '1' }, {}, null, name]) } : {}),
      ...(sometimes(0.3) ? { from: oneOf([`/${key}/k`, '/metadata/labels/l']) } : {}),
    }));

  return Array.from({ length: count }, (): RandomRequest => {
    const { path: base, plural, apiVersion, kind } = oneOf(KINDS);
    const name = oneOf(NAMES);
    const collection = `${base}/namespaces/${namespace}/${plural}`;
    const one = `${collection}/${name}`;
    const object = (): object => ({
      apiVersion,
      kind,
      metadata: metadata(name),
      ...content(kind),
      ...(sometimes(0.02) ? { kind: 'Node', spec: {} } : {}),
    });
    const patch = (media: string, body: unknown, ...more: readonly string[]): RandomRequest => ({
      method: 'PATCH',
      path: `${one}${query(body, ...more)}`,
      body,
      headers: { 'content-type': media },
    });
    const write = (method: string, path: string): RandomRequest => {
      const body = object();
      return { method, path: `${path}${query(body)}`, body };
    };
    // Of an apply that cannot be read and conflicts too, either may be said first.
    const readable = (body: object): object => (/:5[,}]/.test(JSON.stringify(body)) ? { ...body, data: {} } : body);
    switch (oneOf(['post', 'post', 'put', 'put', 'merge', 'strategic', 'json', 'apply', 'apply', 'delete', 'delete-all', 'get', 'list'])) {
      case 'post':
        return write('POST', collection);
      case 'put':
        return write('PUT', one);
      case 'merge':
        return patch('application/merge-patch+json', { metadata: metadata(name), ...content(kind) });
      case 'strategic':
        return patch('application/strategic-merge-patch+json', { metadata: metadata(name), ...content(kind) });
      case 'json':
        return patch('application/json-patch+json', operations(name, kind === 'Lease' ? 'spec' : 'data'));
      case 'apply':
        return patch(
          'application/apply-patch+yaml',
          readable(object()),
          `fieldManager=${oneOf(['m1', 'm2', 'm3'])}`,
          ...(sometimes(0.4) ? ['force=true'] : []),
        );
      case 'delete': {
        const preconditions = oneOf<unknown>([
          { uid: HOLES.uid },
          { uid: 'nobody' },
          { resourceVersion: HOLES.stale },
          undefined,
          undefined,
        ]);
        const propagationPolicy = oneOf([undefined, 'Background', 'Odd']);
        const body = { preconditions, propagationPolicy, ...(sometimes(0.1) ? { dryRun: ['All'] } : {}) };
        return { method: 'DELETE', path: `${one}${sometimes(0.1) ? '?dryRun=All' : ''}`, ...(sometimes(0.6) ? { body } : {}) };
      }
      case 'delete-all':
        return {
          method: 'DELETE',
          path: `${collection}?labelSelector=${oneOf(['l%3D1', 'l', 'l%3D%3D%3D', 'l+in+(1,2)'])}${sometimes(0.3) ? '&limit=1' : ''}`,
        };
      case 'list': {
        const selector = oneOf([
          '',
          'labelSelector=l%3D1',
          'labelSelector=!l',
          'fieldSelector=metadata.name%3Da',
          'fieldSelector=metadata.name!%3Da',
          'limit=1',
          'limit=2',
          'limit=x',
        ]);
        return { path: `${collection}?${selector}` };
      }
      default:
        return { path: one };
    }
  });
}
