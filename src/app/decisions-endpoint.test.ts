import { describe, expect, it } from 'vitest';
import { silentLog } from '../base/log.ts';
import { createDecisionLog, type PendingDecision } from '../sandbox/aws/decision-log.ts';
import { DECISIONS_PATH, decisionsEndpoint } from './decisions-endpoint.ts';

const denied: PendingDecision = {
  time: '2026-01-01T00:00:00.000Z',
  id: '1',
  operation: 'sts:AssumeRoleWithWebIdentity',
  verdict: 'deny',
  code: 'AccessDenied',
  reason: 'trust-policy',
  message: 'not trusted',
};
const allowed: PendingDecision = { ...denied, id: '2', verdict: 'allow', code: 'OK', reason: 'allowed', message: 'trusted' };

function endpoint() {
  const log = createDecisionLog(silentLog);
  const handle = decisionsEndpoint(log, { token: 'secret', next: async () => new Response('aws') });
  const ask = (query = '', headers: Record<string, string> = { authorization: 'Bearer secret' }, method = 'GET'): Promise<Response> =>
    handle(new Request(`http://127.0.0.1${query.startsWith('/') ? query : `${DECISIONS_PATH}${query}`}`, { method, headers }));
  return { log, ask };
}

const idsOf = (text: string): readonly unknown[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => (JSON.parse(line) as { id: unknown }).id);

describe('the decision log over HTTP', () => {
  it('is closed to whoever does not hold the token', async () => {
    const { ask } = endpoint();
    for (const authorization of ['', 'Bearer', 'Bearer secre', 'Bearer secret2', 'secret', 'Basic secret', 'bearer secret'])
      expect((await ask('', authorization === '' ? {} : { authorization })).status).toBe(401);
    // Not even the method is told to a stranger.
    expect((await ask('', {}, 'POST')).status).toBe(401);
  });

  it('is only read', async () => {
    const { ask } = endpoint();
    expect((await ask('', { authorization: 'Bearer secret' }, 'POST')).status).toBe(405);
  });

  it('leaves every other path to AWS', async () => {
    const { ask } = endpoint();
    for (const path of ['/', `${DECISIONS_PATH}x`, `/bucket${DECISIONS_PATH}`, `/?p=${DECISIONS_PATH}`])
      expect(await (await ask(path, {})).text()).toBe('aws');
  });

  it('answers JSON lines, oldest first, filtered by what was asked', async () => {
    const { log, ask } = endpoint();
    log.record(denied);
    log.record(allowed);
    expect(idsOf(await (await ask()).text())).toEqual(['1', '2']);
    expect(idsOf(await (await ask('?verdict=deny')).text())).toEqual(['1']);
    expect(idsOf(await (await ask('?reason=allowed&verdict=deny')).text())).toEqual([]);
  });

  it('goes on with those to come while it is followed, and stops listening when the reader goes', async () => {
    const { log, ask } = endpoint();
    log.record(denied);
    const reader = (await ask('?follow=true&verdict=deny')).body!.getReader();
    const next = async (): Promise<readonly unknown[]> => idsOf(new TextDecoder().decode((await reader.read()).value));
    expect(await next()).toEqual(['1']);
    log.record(allowed);
    log.record({ ...denied, id: '3' });
    expect(await next()).toEqual(['3']);
    await reader.cancel();
    log.record({ ...denied, id: '4' });
    expect((await reader.read()).done).toBe(true);
  });

  it('cuts off a reader that stalls', async () => {
    const { log, ask } = endpoint();
    const reader = (await ask('?follow=true')).body!.getReader();
    for (let count = 0; count <= 1_000; count += 1) log.record(denied);
    await expect(reader.read()).rejects.toThrow('does not keep up');
  });
});
