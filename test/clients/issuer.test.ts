import { mkdtemp, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/host/system-clock.ts';
import { type OwnIssuer, startOwnIssuer } from '../support/own-issuer.ts';
import type { Answer, Prepared } from './support/client.ts';
import { awsCli, boto3, go, goV1, java, javascript } from './support/clients.ts';
import { expectRefusal, succeeded } from './support/scenario.ts';

const HOUR = 3_600_000;

const CLIENTS: readonly (readonly [string, Prepared])[] = [
  ['AWS SDK for JavaScript v3', await javascript()],
  ['boto3', await boto3()],
  ['AWS CLI', await awsCli()],
  ['AWS SDK for Go v2', await go()],
  ['AWS SDK for Go v1', await goV1()],
  ['AWS SDK for Java v2', await java()],
];

/** Where a rotation stands, by which keys the tokens are signed that live then, and how it gets there. */
const STEPS: readonly { readonly when: string; readonly keys: readonly string[]; readonly reach: () => Promise<void> }[] = [
  { when: 'before a rotation', keys: ['old'], reach: async () => undefined },
  {
    when: 'after the next key is published',
    keys: ['old'],
    reach: async () => {
      expect((await issuer.begin()).state.step).toBe('wait');
    },
  },
  {
    when: 'after the switch',
    keys: ['old', 'new'],
    reach: async () => {
      issuer.clock.shift(3 * HOUR);
      expect((await issuer.rotate()).state.step).toBe('switch');
      expect((await issuer.rotate({ tokens: [await issuer.token('new')] })).state.step).toBe('keep');
    },
  },
  {
    when: 'after the old key is retired',
    keys: ['new'],
    reach: async () => {
      issuer.clock.shift(16 * HOUR);
      expect((await issuer.rotate()).state.step).toBe('done');
      // Until then STS may keep the documents of before.
      issuer.clock.shift(2 * HOUR);
    },
  },
];

let issuer: OwnIssuer;

beforeAll(async () => {
  // Foreign clients sign by the machine's own time: only caches and the rotation are put forward.
  issuer = await startOwnIssuer({ stsClock: systemClock() });
});
afterAll(() => issuer.close());

describe.each(STEPS)('tokens of one’s own issuer, $when', ({ keys, reach }) => {
  beforeAll(reach);
  forEachClient((name, start) => {
    it.each(keys)(`are exchanged by ${name} when the %s key signed them`, async (key) => {
      const file = issuer.file('token');
      await writeFile(file, await issuer.token(key));
      const pod = { AWS_ROLE_ARN: issuer.account.roleArn, AWS_WEB_IDENTITY_TOKEN_FILE: file };
      const { arn } = succeeded(await ask(start, pod, 'GetCallerIdentity'), 'GetCallerIdentity');
      expect(arn).toMatch(/^arn:aws:sts::111122223333:assumed-role\/app\/[\w+=,.@-]{2,64}$/);
    });
  });
});

describe('tokens of a retired key', () => {
  forEachClient((name, start) => {
    it(`are refused to ${name}`, async () => {
      const input = { RoleArn: issuer.account.roleArn, RoleSessionName: 'late', WebIdentityToken: await issuer.token('old') };
      expectRefusal(await ask(start, {}, 'AssumeRoleWithWebIdentity', input), { code: 'InvalidIdentityToken', status: 400 });
    });
  });
});

type Start = Extract<Prepared, { readonly start: unknown }>['start'];

function forEachClient(walk: (name: string, start: Start) => void): void {
  for (const [name, prepared] of CLIENTS) {
    if ('skipped' in prepared) it.skip(`${name}: skipped: ${prepared.skipped}`, () => undefined);
    else walk(name, prepared.start);
  }
}

/** One call of a client that has just started, in a home of its own: the AWS CLI keeps the credentials of an exchange below it. */
async function ask(start: Start, identity: Readonly<Record<string, string>>, operation: string, input?: object): Promise<Answer> {
  const { endpoint, region } = issuer.account;
  const client = start({
    PATH: process.env.PATH ?? '',
    HOME: await mkdtemp(issuer.file('client-')),
    AWS_MAX_ATTEMPTS: '1',
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    AWS_ENDPOINT_URL: endpoint,
    AWS_ENDPOINT_URL_STS: endpoint,
    ...identity,
  });
  try {
    return await client.call('sts', operation, input);
  } finally {
    client.close();
  }
}
