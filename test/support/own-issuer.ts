import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RotationRequest, type RotationResult, runRotation } from '../../src/app/issuer/run-rotation.ts';
import type { Clock } from '../../src/base/clock.ts';
import { signToken } from '../../src/oidc/sign-token.ts';
import { importSigningKey, type SigningKey } from '../../src/oidc/signing-key.ts';
import { type IssuerAccount, openIssuerAccount, podClaims, type ShiftedClock, shiftedClock } from './issuer-world.ts';
import { runPodrole, startPodrole } from './run-podrole.ts';

export const ISSUER = 'https://issuer.podrole.test/clusters/a';
export const SUBJECT = 'system:serviceaccount:team-a:app';
export const TOKEN_SECONDS = 12 * 3600;

/** An issuer whose keys are of `keygen`, whose documents are of `publish` and come by `serve`, and an AWS account that trusts it. */
export interface OwnIssuer {
  readonly home: string;
  readonly account: IssuerAccount;
  readonly served: { readonly resolve: string; readonly caFile: string; readonly url: string };
  /** By which caches and tokens grow old on the way through a rotation. */
  readonly clock: ShiftedClock;
  /** `old` signs from the start; `new` is there to follow it. */
  key(name: string): SigningKey;
  /** A file of the issuer's: a key by its name, its public key by NAME.pub, `site` for the documents. */
  file(name: string): string;
  /** A token as API servers sign it now with that key. */
  token(name: string, seconds?: number): Promise<string>;
  /** Begins a rotation from `old` to `new`, whose caches end after two hours and whose tokens after twelve. */
  begin(): Promise<RotationResult>;
  /** Carries the rotation on as far as it goes now. */
  rotate(more?: Partial<RotationRequest>): Promise<RotationResult>;
  close(): Promise<void>;
}

/** `stsClock` is that of STS and of the tokens; by default the one that is put forward. */
export async function startOwnIssuer(options: { readonly stsClock?: Clock } = {}): Promise<OwnIssuer> {
  const home = await mkdtemp(join(tmpdir(), 'podrole-issuer-'));
  const file = (name: string): string => join(home, name);
  const done = async (...args: string[]): Promise<void> => {
    const { code, stderr } = await runPodrole(['issuer', ...args], { home });
    if (code !== 0) throw new Error(`podrole issuer ${args[0]}: ${code}: ${stderr}`);
  };
  const keys = new Map<string, SigningKey>();
  for (const [name, kind] of [
    ['old', 'rsa-2048'],
    ['new', 'p-256'],
  ] as const) {
    await done('keygen', file(name), '--kind', kind);
    keys.set(name, await importSigningKey(await readFile(file(name), 'utf8')));
  }
  const key = (name: string): SigningKey => {
    const found = keys.get(name);
    if (found === undefined) throw new Error(`no key ${name}`);
    return found;
  };
  await done('publish', '--issuer', ISSUER, '--key', file('old.pub'), '--to', file('site'));
  const server = startPodrole(['issuer', 'serve', file('site'), '--own-ca', file('ca'), '--port', '0', '-o', 'json'], { home });
  const served = JSON.parse(await server.line((line) => line.includes('IssuerServed'))) as OwnIssuer['served'];
  const ca = await readFile(served.caFile, 'utf8');
  const clock = shiftedClock();
  const { stsClock = clock } = options;
  const account = await openIssuerAccount({
    issuer: ISSUER,
    resolve: served.resolve,
    ca,
    subject: SUBJECT,
    clock: stsClock,
    keyClock: clock,
  });
  const [, host = '', address = '', port = ''] = /^(.+)=(.+):(\d+)$/.exec(served.resolve) ?? [];
  const rotate: OwnIssuer['rotate'] = (more = {}) =>
    runRotation(
      {
        file: file('rotation.json'),
        target: {},
        plan: undefined,
        switched: false,
        tokens: [],
        statusOnly: false,
        check: { ca, resolve: new Map([[host, { address, port: Number(port) }]]) },
        platform: 'kube-apiserver',
        apiAudiences: [],
        now: () => clock.now(),
        ...more,
      },
      new AbortController().signal,
    );
  const onServer = (name: string) => ({ publicFile: file(`${name}.pub`), publicPath: `/pki/${name}.pub`, privatePath: `/pki/${name}` });
  return {
    home,
    account,
    served,
    clock,
    key,
    file,
    token: (name, seconds = TOKEN_SECONDS) =>
      signToken({ key: key(name), claims: podClaims({ issuer: ISSUER, subject: SUBJECT, at: stsClock.now(), seconds }) }),
    begin: () =>
      rotate({
        plan: {
          current: onServer('old'),
          next: onServer('new'),
          others: [],
          to: file('site'),
          cacheSeconds: 7200,
          tokenSeconds: TOKEN_SECONDS,
          maxAgeSeconds: 3600,
        },
      }),
    rotate,
    close: async () => {
      server.child.kill('SIGTERM');
      await server.ended;
      await account.close();
      await rm(home, { recursive: true, force: true });
    },
  };
}
