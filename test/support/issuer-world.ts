import { randomUUID } from 'node:crypto';
import { CreateOpenIDConnectProviderCommand, CreateRoleCommand, IAMClient } from '@aws-sdk/client-iam';
import { exchangeWebIdentity, type WebIdentitySession } from '../../src/aws/web-identity.ts';
import type { Clock } from '../../src/base/clock.ts';
import { silentLog } from '../../src/base/log.ts';
import { listen } from '../../src/host/listen.ts';
import { systemClock } from '../../src/host/system-clock.ts';
import { providerArnOf } from '../../src/iam/arn.ts';
import { trustDocument } from '../../src/iam/trust-document.ts';
import { createAws } from '../../src/sandbox/aws/create-aws.ts';
import { createIssuerKeys } from '../../src/sandbox/aws/issuer-keys/create-issuer-keys.ts';

const ACCOUNT = '111122223333';
const REGION = 'eu-central-1';
const KEY = { accessKeyId: 'test', secretAccessKey: 'test' };

/** A clock that runs and can be put forward. */
export interface ShiftedClock extends Clock {
  shift(ms: number): void;
}

export function shiftedClock(): ShiftedClock {
  const real = systemClock();
  let by = 0;
  return {
    now: () => new Date(real.now().getTime() + by),
    monotonic: () => real.monotonic() + by,
    after: (ms, run) => real.after(ms, run),
    shift: (ms) => {
      by += ms;
    },
  };
}

/** An AWS account that knows one issuer, found at an address of this machine, and a role for one service account. */
export interface IssuerAccount {
  readonly endpoint: string;
  readonly roleArn: string;
  readonly region: string;
  readonly env: Readonly<Record<string, string>>;
  exchange(token: string): Promise<WebIdentitySession>;
  close(): Promise<void>;
}

/** `clock` is that of STS; `keyClock` that by which it keeps the issuer's keys. */
export async function openIssuerAccount(options: {
  readonly issuer: string;
  /** `HOST=ADDRESS:PORT` */
  readonly resolve: string;
  readonly ca: string;
  readonly subject: string;
  readonly clock: Clock;
  readonly keyClock: Clock;
}): Promise<IssuerAccount> {
  const [, host = '', address = '', port = ''] = /^(.+)=(.+):(\d+)$/.exec(options.resolve) ?? [];
  const aws = createAws({
    account: ACCOUNT,
    region: REGION,
    clock: options.clock,
    newId: randomUUID,
    log: silentLog,
    adminKeys: [KEY],
    issuerKeys: createIssuerKeys({
      resolve: new Map([[host, { address, port: Number(port) }]]),
      ca: options.ca,
      clock: options.keyClock,
      log: silentLog,
    }),
  });
  const listener = await listen({ handler: (request) => aws.handle(request), port: 0 });
  const iam = new IAMClient({ region: REGION, endpoint: listener.url, credentials: KEY });
  await iam.send(new CreateOpenIDConnectProviderCommand({ Url: options.issuer, ClientIDList: ['sts.amazonaws.com'] }));
  const trust = trustDocument({
    providerArn: providerArnOf({ partition: 'aws', account: ACCOUNT, issuer: options.issuer }),
    sid: 'App',
    audience: 'sts.amazonaws.com',
    subjects: [options.subject],
  });
  await iam.send(new CreateRoleCommand({ RoleName: 'app', AssumeRolePolicyDocument: trust }));
  iam.destroy();
  const roleArn = `arn:aws:iam::${ACCOUNT}:role/app`;
  return {
    endpoint: listener.url,
    roleArn,
    region: REGION,
    env: { AWS_ACCESS_KEY_ID: KEY.accessKeyId, AWS_SECRET_ACCESS_KEY: KEY.secretAccessKey, AWS_REGION: REGION },
    exchange: (token) =>
      exchangeWebIdentity({ region: REGION, endpoint: listener.url, credentials: KEY }, { roleArn, sessionName: 'journey', token }),
    close: () => listener.close(100),
  };
}

/** Claims of a service account's token, as kube-apiserver writes them. */
export function podClaims(options: {
  readonly issuer: string;
  readonly subject: string;
  readonly at: Date;
  readonly seconds: number;
}): Record<string, string | number | string[]> {
  const iat = Math.floor(options.at.getTime() / 1000);
  return {
    aud: ['sts.amazonaws.com'],
    exp: iat + options.seconds,
    iat,
    iss: options.issuer,
    jti: randomUUID(),
    nbf: iat,
    sub: options.subject,
  };
}
