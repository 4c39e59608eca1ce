import { describe, expect, it } from 'vitest';
import { resources } from '../core/resource.ts';
import type { WatchEvent } from '../core/watch-event.ts';
import { createKubeClient } from './create-kube-client.ts';
import { KubeTransportError } from './errors.ts';

const cm = { metadata: { namespace: 'n', name: 'c' } };
const refusal = (code: number): object => ({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message: 'no', code });

/** A client whose server is a function. */
function world(answer: (request: Request) => Response, options: { readonly timeoutMs?: number } = {}) {
  const seen: { readonly line: string }[] = [];
  const client = createKubeClient({
    server: 'https://api/',
    userAgent: 'podrole-test/1',
    fetch: async (request) => {
      seen.push({ line: `${request.method} ${request.url.replace('https://api', '')}` });
      return answer(request);
    },
    ...options,
  });
  return { client, seen };
}

describe('watch', () => {
  const lines = (...events: readonly unknown[]): Response => new Response(events.map((event) => `${JSON.stringify(event)}\n`).join(''));

  async function collect(events: AsyncIterable<WatchEvent>): Promise<WatchEvent[]> {
    const all: WatchEvent[] = [];
    for await (const event of events) all.push(event);
    return all;
  }

  it('yields events, an ERROR among them, and ends with the stream', async () => {
    const sent = [
      { type: 'ADDED', object: cm },
      { type: 'ERROR', object: refusal(410) },
    ];
    const { client, seen } = world(() => lines(...sent));
    expect(
      await collect(
        client.watch(resources.configMaps, { namespace: 'n', resourceVersion: '5', allowWatchBookmarks: true, timeoutSeconds: 9 }),
      ),
    ).toEqual(sent);
    expect(seen[0]?.line).toBe(
      'GET /api/v1/namespaces/n/configmaps?watch=true&resourceVersion=5&allowWatchBookmarks=true&timeoutSeconds=9',
    );
  });

  it('asks for initial events with the match that they need', async () => {
    const { client, seen } = world(() => lines());
    await collect(client.watch(resources.configMaps, { sendInitialEvents: true, allowWatchBookmarks: true }));
    expect(seen[0]?.line).toBe(
      'GET /api/v1/configmaps?watch=true&sendInitialEvents=true&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan',
    );
  });

  it('is refused as any request, and broken as any', async () => {
    const gone = world(() => Response.json(refusal(410), { status: 410 })).client;
    await expect(collect(gone.watch(resources.pods, {}))).rejects.toMatchObject({ httpStatus: 410 });
    const broken = world(() => new Response('{"type":"ADD')).client;
    await expect(collect(broken.watch(resources.pods, {}))).rejects.toBeInstanceOf(KubeTransportError);
  });

  it('may be silent for longer than an answer may take, and ends with the caller’s reason', async () => {
    const reason = new Error('stop');
    const stop = new AbortController();
    const { client } = world(
      (request) =>
        new Response(
          new ReadableStream({
            start: (controller) => request.signal.addEventListener('abort', () => controller.error(request.signal.reason)),
          }),
        ),
      { timeoutMs: 20 },
    );
    const pending = collect(client.watch(resources.pods, {}, stop.signal));
    setTimeout(() => stop.abort(reason), 80);
    await expect(pending).rejects.toBe(reason);
  });

  it('lets the stream go when its reader leaves', async () => {
    let cancelled = false;
    const { client } = world(
      () =>
        new Response(
          new ReadableStream({
            start: (controller) => controller.enqueue(new TextEncoder().encode(`${JSON.stringify({ type: 'ADDED', object: cm })}\n`)),
            cancel: () => {
              cancelled = true;
            },
          }),
        ),
    );
    for await (const _ of client.watch(resources.pods, {})) break;
    expect(cancelled).toBe(true);
  });
});
