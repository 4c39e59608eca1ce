import { describe, expect, it } from 'vitest';
import { memoryLog } from '../../../test/support/memory-log.ts';
import { listen } from '../../host/listen.ts';
import { accountQuota } from './account-quota.ts';

const summary = (quota: number): string =>
  `<GetAccountSummaryResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><GetAccountSummaryResult><SummaryMap><entry>` +
  `<key>AssumeRolePolicySizeQuota</key><value>${quota}</value></entry></SummaryMap></GetAccountSummaryResult></GetAccountSummaryResponse>`;
const denied = `<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>`;

async function ask(status: number, body: string) {
  const iam = await listen({
    port: 0,
    handler: () => Promise.resolve(new Response(body, { status, headers: { 'content-type': 'text/xml' } })),
  });
  const log = memoryLog();
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  const quota = await accountQuota({ aws: { region: 'us-east-1', endpoint: iam.url, credentials }, log }, new AbortController().signal);
  await iam.close(0);
  return { quota, warnings: log.lines.map(({ message }) => message) };
}

describe('the quota of trust policies', () => {
  it('is what the account says', async () => {
    expect(await ask(200, summary(8192))).toEqual({ quota: 8192, warnings: [] });
  });

  it('is left to the default where the account may not be asked', async () => {
    expect(await ask(403, denied)).toEqual({ quota: undefined, warnings: ['quota of trust policies unknown, the default is assumed'] });
  });
});
