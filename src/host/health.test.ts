import { expect, it } from 'vitest';
import { healthHandler } from './health.ts';

const complaints: string[] = [];
const handle = healthHandler({ ready: () => complaints, metrics: async () => new Response('m') });
const ask = async (path: string, method = 'GET'): Promise<readonly [number, string]> => {
  const answer = await handle(new Request(`http://x${path}`, { method }));
  return [answer.status, await answer.text()];
};

it('answers its exact paths and nothing else', async () => {
  expect(await ask('/healthz')).toEqual([200, 'ok\n']);
  expect(await ask('/livez?verbose')).toEqual([200, 'ok\n']);
  expect(await ask('/metrics')).toEqual([200, 'm']);
  expect((await ask('/healthz/'))[0]).toBe(404);
  expect((await ask('/debug/pprof'))[0]).toBe(404);
  expect((await ask('/readyz', 'POST'))[0]).toBe(405);
});

it('says why it is not ready', async () => {
  complaints.push('service accounts are not listed yet', 'no certificate');
  expect(await ask('/readyz')).toEqual([503, 'service accounts are not listed yet\nno certificate\n']);
  expect((await ask('/livez'))[0]).toBe(200);
  complaints.length = 0;
  expect((await ask('/readyz'))[0]).toBe(200);
});

it('serves no metrics unless asked to', async () => {
  expect((await healthHandler({ ready: () => [] })(new Request('http://x/metrics'))).status).toBe(404);
});
