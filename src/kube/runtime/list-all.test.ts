import { expect, it } from 'vitest';
import { KubeApiError } from '../client/errors.ts';
import type { ListOptions } from '../client/kube-client.ts';
import type { KubeList, KubeObject } from '../core/object.ts';
import { resources } from '../core/resource.ts';
import { listAll } from './list-all.ts';

const object = (name: string): KubeObject => ({ metadata: { name } });
const expired = (): KubeApiError =>
  new KubeApiError('GET', { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', reason: 'Expired', code: 410 }, 410);

function pages(answers: readonly (KubeList | Error)[]) {
  const asked: ListOptions[] = [];
  const list = async (_: unknown, options: ListOptions): Promise<never> => {
    asked.push(options);
    const answer = answers[asked.length - 1];
    if (answer instanceof Error) throw answer;
    return answer as never;
  };
  return { asked, client: { list } };
}

const page = (names: readonly string[], token?: string): KubeList => ({
  metadata: { resourceVersion: '9', ...(token && { continue: token }) },
  items: names.map(object),
});

it('follows continue tokens and keeps the version of the first page', async () => {
  const { client, asked } = pages([page(['a', 'b'], 't1'), page(['c'])]);
  const listing = await listAll(client, resources.configMaps, { namespace: 'n', pageSize: 2 });
  expect(listing).toEqual({ resourceVersion: '9', items: [object('a'), object('b'), object('c')] });
  expect(asked).toEqual([
    { namespace: 'n', limit: 2 },
    { namespace: 'n', limit: 2, continue: 't1' },
  ]);
});

it('begins anew when the server forgets the version between pages', async () => {
  const { client } = pages([page(['a'], 't1'), expired(), page(['b'], 't2'), page(['c'])]);
  let restarts = 0;
  const listing = await listAll(client, resources.configMaps, { restarted: () => (restarts += 1) });
  expect(listing.items.map((item) => item.metadata.name)).toEqual(['b', 'c']);
  expect(restarts).toBe(1);
});

it('gives up when the server forgets again and again', async () => {
  const { client, asked } = pages([expired(), expired(), expired(), expired()]);
  await expect(listAll(client, resources.configMaps, {})).rejects.toMatchObject({ httpStatus: 410 });
  expect(asked).toHaveLength(4);
});

it('keeps only what `each` returns', async () => {
  const { client } = pages([page(['a', 'b'])]);
  const listing = await listAll<KubeObject, string>(client, resources.configMaps, {
    each: (item) => (item.metadata.name === 'b' ? 'B' : undefined),
  });
  expect(listing.items).toEqual(['B']);
});
