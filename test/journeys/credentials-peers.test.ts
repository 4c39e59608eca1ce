// The same scenarios on podrole's provider and on the AWS SDK's own, against a scripted STS. Slow, and about other people's code: runs with
// PODROLE_PEERS=1 alone, and then writes the table of docs/reference/credential-providers.md.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { STSClient } from '@aws-sdk/client-sts';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { fromServiceAccount } from '../../src/credentials/index.ts';
import { root } from '../support/run-podrole.ts';
import { fakeToken, type ScriptedSts, startScriptedSts } from '../support/scripted-sts.ts';

type Call = () => Promise<unknown>;
/** A client of its own, as a program makes one; a call is what each request of the client does first. */
type Client = (options?: { readonly waitForPropagation?: boolean }) => Call;

const PEERS = ['podrole', 'SDK default chain', 'SDK fromTokenFile'] as const;
type Peer = (typeof PEERS)[number];

interface Seen {
  readonly text: string;
  readonly exchanges: number;
  readonly errors: number;
  readonly ms: number;
}

const DOCUMENT = join(root, 'docs/reference/credential-providers.md');
const BEGIN = '<!-- measured: begin -->';
const END = '<!-- measured: end -->';

describe.skipIf(!process.env.PODROLE_PEERS)('credential providers side by side', () => {
  let folder: string;
  let sts: ScriptedSts;
  let fromTokenFile: (options: object) => never;
  let session = 0;
  const rows = new Map<string, Map<Peer, Seen>>();

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'podrole-peers-'));
    sts = await startScriptedSts();
    const entry = join(root, 'node_modules/@aws-sdk/credential-provider-web-identity/dist-cjs/index.js');
    ({ fromTokenFile } = await import(pathToFileURL(entry).href));
  });
  afterAll(async () => {
    await sts.close();
    await rm(folder, { recursive: true, force: true });
    await writeTable();
  });
  beforeEach(async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    session += 1;
    const stub = {
      AWS_ROLE_ARN: 'arn:aws:iam::111122223333:role/r',
      AWS_WEB_IDENTITY_TOKEN_FILE: join(folder, 'token'),
      AWS_ROLE_SESSION_NAME: `peers-${session}`,
      AWS_REGION: 'us-west-2',
      AWS_ENDPOINT_URL_STS: sts.url,
      AWS_EC2_METADATA_DISABLED: 'true',
      AWS_CONFIG_FILE: '/dev/null',
      AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
      HOME: folder,
    };
    for (const [name, value] of Object.entries(stub)) vi.stubEnv(name, value);
    await writeToken(86_400);
    sts.script({ kind: 'credentials' });
    sts.reset();
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllEnvs();
  });

  const writeToken = (seconds: number): Promise<void> =>
    writeFile(
      join(folder, 'token'),
      fakeToken({
        iss: 'https://oidc.example.com',
        sub: 'system:serviceaccount:a:b',
        aud: ['sts.amazonaws.com'],
        exp: Math.floor(Date.now() / 1_000) + seconds,
      }),
    );
  /** Time passes for everybody: this process's clock and STS's. */
  const pass = (seconds: number): void => void vi.setSystemTime(Date.now() + seconds * 1_000);

  // One for all: what is given belongs to the identity. Without it back-off would run by a clock that stands still here.
  const now = (): Date => new Date();

  const clients: Readonly<Record<Peer, Client>> = {
    podrole: (options = {}) => {
      const { credentials } = new STSClient({
        credentials: fromServiceAccount({ ...options, onEvent: () => undefined, now }),
      }).config;
      return () => credentials();
    },
    'SDK default chain': () => {
      const { credentials } = new STSClient({}).config;
      return () => credentials();
    },
    'SDK fromTokenFile': () => {
      const { credentials } = new STSClient({ credentials: fromTokenFile({}) }).config;
      return () => credentials();
    },
  };

  /** Runs calls in turn or at once and says what came of them. A call that hangs is given up after `patienceMs`. */
  async function look(
    calls: readonly Call[],
    options: { readonly atOnce?: boolean; readonly patienceMs?: number; readonly settleMs?: number } = {},
  ): Promise<Seen> {
    const { atOnce = false, patienceMs = 30_000, settleMs = 300 } = options;
    const started = performance.now();
    const patient = (call: Call): Promise<'ok' | 'error' | 'hangs'> =>
      Promise.race([
        call().then(
          () => 'ok' as const,
          () => 'error' as const,
        ),
        new Promise<'hangs'>((resolve) => setTimeout(() => resolve('hangs'), patienceMs)),
      ]);
    const outcomes: string[] = [];
    if (atOnce) outcomes.push(...(await Promise.all(calls.map(patient))));
    else for (const call of calls) outcomes.push(await patient(call));
    const ms = performance.now() - started;
    // What goes on behind the callers counts too.
    await new Promise((resolve) => setTimeout(resolve, settleMs));
    const count = (what: string): number => outcomes.filter((outcome) => outcome === what).length;
    const [ok, errors, hangs] = [count('ok'), count('error'), count('hangs')];
    const exchanges = sts.requests.length;
    const parts = [ok > 0 ? `${ok} ok` : '', errors > 0 ? `**${errors} errors**` : '', hangs > 0 ? `**${hangs} hang**` : ''].filter(
      (part) => part !== '',
    );
    const time = ms >= 100 ? ` in ${ms >= 1_000 ? `${(ms / 1_000).toFixed(1)} s` : `${Math.round(ms / 10) * 10} ms`}` : '';
    return {
      text: `${parts.join(', ')}${time}; ${exchanges} exchange${exchanges === 1 ? '' : 's'}`,
      exchanges,
      errors: errors + hangs,
      ms,
    };
  }

  /** Has credentials of an hour of which `left` seconds remain, and forgets what that took. */
  async function held(client: Client, left: number): Promise<Call> {
    const call = client();
    await call();
    pass(3_600 - left);
    sts.reset();
    return call;
  }

  const times = (count: number, call: Call): readonly Call[] => Array.from({ length: count }, () => call);

  interface Scenario {
    readonly question: string;
    readonly run: (client: Client) => Promise<Seen>;
    /** What podrole promises. */
    readonly promise: (seen: Seen) => void;
  }

  const scenarios: readonly Scenario[] = [
    {
      question: '10 clients, 5 calls each at once',
      run: (client) =>
        look(
          Array.from({ length: 10 }, () => client()).flatMap((call) => times(5, call)),
          { atOnce: true },
        ),
      promise: ({ exchanges, errors }) => expect([exchanges, errors]).toEqual([1, 0]),
    },
    {
      question: '1 client, 50 calls at once, STS takes 200 ms',
      run: (client) => {
        sts.script({ kind: 'credentials', slowMs: 200 });
        return look(times(50, client()), { atOnce: true });
      },
      promise: ({ exchanges, errors }) => expect([exchanges, errors]).toEqual([1, 0]),
    },
    {
      question: 'AccessDenied, 240 s left, 20 calls in turn',
      run: async (client) => {
        const call = await held(client, 240);
        sts.script({ kind: 'refusal', code: 'AccessDenied' });
        return look(times(20, call));
      },
      promise: ({ exchanges, errors }) => expect([exchanges, errors]).toEqual([1, 0]),
    },
    {
      question: 'AccessDenied from 300 s left on, 20 calls every 3 s until 12 s are left',
      run: async (client) => {
        const call = await held(client, 300);
        sts.script({ kind: 'refusal', code: 'AccessDenied' });
        let errors = 0;
        for (let step = 0; step < 96; step += 1) {
          const outcomes = await Promise.allSettled(times(20, call).map((each) => each()));
          errors += outcomes.filter(({ status }) => status === 'rejected').length;
          await new Promise((resolve) => setTimeout(resolve, 5));
          pass(3);
        }
        const exchanges = sts.requests.length;
        return {
          text: `${96 * 20 - errors} ok${errors > 0 ? `, **${errors} errors**` : ''}; ${exchanges} exchanges`,
          exchanges,
          errors,
          ms: 0,
        };
      },
      promise: ({ exchanges, errors }) => {
        expect(errors).toBe(0);
        expect(exchanges).toBeLessThanOrEqual(5);
      },
    },
    {
      question: 'STS answers 500, 240 s left, 20 calls in turn',
      run: async (client) => {
        const call = await held(client, 240);
        sts.script({ kind: 'refusal', code: 'InternalFailure', status: 500 });
        return look(times(20, call));
      },
      promise: ({ exchanges, errors }) => expect([exchanges, errors]).toEqual([1, 0]),
    },
    {
      question: 'STS takes 2 s, 240 s left, 3 calls in turn',
      run: async (client) => {
        const call = await held(client, 240);
        sts.script({ kind: 'credentials', slowMs: 2_000 });
        return look(times(3, call), { settleMs: 2_200 });
      },
      promise: ({ exchanges, errors, ms }) => {
        expect([exchanges, errors]).toEqual([1, 0]);
        expect(ms).toBeLessThan(1_000);
      },
    },
    {
      question: 'STS hangs, 240 s left, 3 calls in turn (given up after 5 s each)',
      run: async (client) => {
        const call = await held(client, 240);
        sts.script({ kind: 'hang' });
        return look(times(3, call), { patienceMs: 5_000 });
      },
      promise: ({ exchanges, errors }) => expect([exchanges, errors]).toEqual([1, 0]),
    },
    {
      question: 'STS issues 240 s credentials for good, 20 calls in turn',
      run: (client) => {
        sts.script({ kind: 'credentials', seconds: 240 });
        return look(times(20, client()));
      },
      promise: ({ exchanges, errors }) => expect([exchanges, errors]).toEqual([1, 0]),
    },
    {
      question: 'credentials expired, AccessDenied, 5 calls in turn, then 20 at once',
      run: async (client) => {
        const call = await held(client, -1);
        sts.script({ kind: 'refusal', code: 'AccessDenied' });
        const inTurn = await look(times(5, call));
        const atOnce = await look(times(20, call), { atOnce: true });
        return { ...atOnce, text: `${inTurn.errors + atOnce.errors} errors; ${atOnce.exchanges} exchanges` };
      },
      promise: ({ exchanges }) => expect(exchanges).toBeLessThanOrEqual(2),
    },
    {
      question: 'cold, Throttling with Retry-After: 1, then credentials',
      run: (client) => {
        sts.script({ kind: 'refusal', code: 'Throttling', status: 400, retryAfter: '1' }, { kind: 'credentials' });
        return look([client()]);
      },
      promise: ({ exchanges, errors }) => expect([exchanges, errors]).toEqual([2, 0]),
    },
    {
      question: 'cold, a new role: AccessDenied twice, then credentials (podrole: `waitForPropagation`)',
      run: (client) => {
        sts.script({ kind: 'refusal', code: 'AccessDenied' }, { kind: 'refusal', code: 'AccessDenied' }, { kind: 'credentials' });
        // Its patience is counted in time, which stands still here but for this.
        const passing = setInterval(() => pass(0.05), 50);
        return look([client({ waitForPropagation: true })]).finally(() => clearInterval(passing));
      },
      promise: ({ exchanges, errors }) => expect([exchanges, errors]).toEqual([3, 0]),
    },
    {
      question: 'the token in the file expired an hour ago',
      run: async (client) => {
        await writeToken(-3_600);
        sts.script({ kind: 'refusal', code: 'ExpiredTokenException', status: 400 });
        return look([client()]);
      },
      promise: ({ exchanges, errors }) => expect([exchanges, errors]).toEqual([0, 1]),
    },
    {
      question: 'credentials of an hour: validity left when the refresh begins',
      run: async (client) => {
        const call = await held(client, 1_200);
        let left = 1_200;
        for (; left > -60 && sts.requests.length === 0; left -= 10) {
          await call().catch(() => undefined);
          await new Promise((resolve) => setTimeout(resolve, 5));
          pass(10);
        }
        return { text: `${left + 10} s`, exchanges: left + 10, errors: 0, ms: 0 };
      },
      promise: ({ exchanges }) => {
        expect(exchanges).toBeGreaterThanOrEqual(600);
        expect(exchanges).toBeLessThanOrEqual(900);
      },
    },
  ];

  for (const { question, run, promise } of scenarios) {
    it.each(PEERS)(`${question}: %s`, async (peer) => {
      const seen = await run(clients[peer]);
      const row = rows.get(question) ?? new Map<Peer, Seen>();
      rows.set(question, row.set(peer, seen));
      if (peer === 'podrole') promise(seen);
      expect(seen.text).not.toBe('');
    });
  }

  async function writeTable(): Promise<void> {
    // A part of the scenarios makes no page.
    if (rows.size < scenarios.length || [...rows.values()].some((row) => row.size < PEERS.length)) return;
    const { version } = JSON.parse(await readFile(join(root, 'node_modules/@aws-sdk/client-sts/package.json'), 'utf8')) as {
      version: string;
    };
    const lines = [...rows].map(([question, row]) => `| ${question} | ${PEERS.map((peer) => row.get(peer)?.text ?? '').join(' | ')} |`);
    const table = `| scenario | \`fromServiceAccount()\` | SDK default chain | SDK \`fromTokenFile()\` |\n|---|---|---|---|\n${lines.join('\n')}\n\nAWS SDK for JavaScript ${version}, Node ${process.version}. An exchange is one AssumeRoleWithWebIdentity that STS saw.`;
    const page = await readFile(DOCUMENT, 'utf8');
    const [before = '', rest = ''] = page.split(BEGIN);
    const after = rest.split(END)[1] ?? '';
    await writeFile(DOCUMENT, `${before}${BEGIN}\n${table}\n${END}${after}`);
  }
});
