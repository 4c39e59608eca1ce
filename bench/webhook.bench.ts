import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startAccountsApi } from '../test/support/accounts-api.ts';
import { type BenchReport, type BenchRow, median } from './report.ts';
import { type KeyKind, writeCertificate } from './webhook/certificates.ts';
import { exchange, load, open, requestBytes } from './webhook/load.ts';
import { BOUND, reviews } from './webhook/reviews.ts';
import { type Measured, pinSelf, type Side, type StartOptions, start } from './webhook/side.ts';

const ROUNDS = 3;
const WARM_MS = 1_500;
const ROUND_MS = 2_000;
const HANDSHAKES = 400;
/** One account in this many has a role. */
const BOUND_EVERY = 10;

interface Figures {
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
  readonly cpuMicros: number;
}

const nameOf = (side: Side): string => (side.kind === 'other' ? side.command : side.kind);

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen({ host: '127.0.0.1', port: 0 }, resolve));
  const { port } = server.address() as { readonly port: number };
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return port;
}

interface Started extends Measured {
  readonly port: number;
  /** Milliseconds from spawn to the first patch. */
  readonly firstPatchMs: number;
  /** Answers without a patch before it. */
  readonly wrong: number;
}

type Files = Pick<StartOptions, 'certFile' | 'keyFile'>;

/** Starts a side and asks until a pod of a bound account is patched. */
async function startSide(side: Side, kubeApi: string, files: Files): Promise<Started> {
  const [port, metricsPort] = [await freePort(), await freePort()];
  const spawned = performance.now();
  const measured = start(side, { port, metricsPort, kubeApi, ...files });
  const request = requestBytes(port, reviews.small.body);
  let wrong = 0;
  for (;;) {
    if (measured.child.exitCode !== null) throw new Error(`${nameOf(side)} ended with ${measured.child.exitCode}`);
    const socket = await open(port).catch(() => undefined);
    const answer = socket && (await exchange(socket, request).catch(() => undefined));
    socket?.destroy();
    if (answer?.includes('"patchType":"JSONPatch"')) break;
    if (answer !== undefined) wrong += 1;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return { ...measured, port, firstPatchMs: performance.now() - spawned, wrong };
}

async function loaded({ port, cpuMs }: Started, body: Buffer, connections: number): Promise<Figures> {
  const before = cpuMs();
  const { perSecond, p50, p99, requests } = await load(port, body, { connections, ms: ROUND_MS });
  return { perSecond, p50, p99, cpuMicros: ((cpuMs() - before) * 1_000) / requests };
}

function middle(all: readonly Figures[]): Figures {
  const of = (pick: (figures: Figures) => number): number => median(all.map(pick));
  return { perSecond: of((f) => f.perSecond), p50: of((f) => f.p50), p99: of((f) => f.p99), cpuMicros: of((f) => f.cpuMicros) };
}

/** Rows of one case: podrole beside each of the others. */
function compare(
  name: string,
  metrics: readonly { readonly metric: string; readonly unit: string; readonly values: ReadonlyMap<string, number> }[],
): BenchRow[] {
  return metrics.flatMap(({ metric, unit, values }) => {
    const value = values.get('podrole') ?? Number.NaN;
    return [...values].flatMap(([other, baseline]) =>
      other === 'podrole'
        ? []
        : [
            {
              case: name,
              metric,
              unit,
              value,
              baseline: { name: other, value: baseline },
              ...(baseline === 0 ? {} : { ratio: value / baseline }),
            },
          ],
    );
  });
}

/** The sides take turns, so that a busy machine slows all of them. */
async function throughput(sides: readonly Side[], api: string, files: Files): Promise<readonly BenchRow[]> {
  const rows: BenchRow[] = [];
  const started: [string, Started][] = [];
  for (const side of sides) started.push([nameOf(side), await startSide(side, api, files)]);
  try {
    for (const [title, { body }] of Object.entries(reviews)) {
      for (const [, server] of started) await load(server.port, body, { connections: 16, ms: WARM_MS });
      for (const connections of [1, 16, 64]) {
        const figures = new Map<string, Figures[]>(started.map(([name]) => [name, []]));
        for (let round = 0; round < ROUNDS; round += 1)
          for (const [name, server] of started) figures.get(name)?.push(await loaded(server, body, connections));
        const column = (pick: (figures: Figures) => number) => new Map([...figures].map(([name, all]) => [name, pick(middle(all))]));
        rows.push(
          ...compare(`${title} ${body.length} B, ${connections} conn.`, [
            { metric: 'requests', unit: '/s', values: column((f) => f.perSecond) },
            { metric: 'p50', unit: 'ms', values: column((f) => f.p50) },
            { metric: 'p99', unit: 'ms', values: column((f) => f.p99) },
            { metric: 'CPU', unit: 'µs', values: column((f) => f.cpuMicros) },
          ]),
        );
      }
    }
    rows.push(
      ...compare('under load', [{ metric: 'peak RSS', unit: 'MiB', values: new Map(started.map(([name, s]) => [name, s.memory().peak])) }]),
    );
    return rows;
  } finally {
    for (const [, server] of started) await server.stop();
  }
}

/** Processor time of the server for one full handshake, without a request. */
async function handshakes(sides: readonly Side[], api: string, folder: string): Promise<readonly BenchRow[]> {
  const rows: BenchRow[] = [];
  for (const kind of ['P-256', 'RSA-2048'] satisfies readonly KeyKind[]) {
    const files = await writeCertificate(folder, kind);
    const values = new Map<string, number>();
    for (const side of sides) {
      const server = await startSide(side, api, files);
      for (let warm = 0; warm < HANDSHAKES / 2; warm += 1) (await open(server.port)).destroy();
      const before = server.cpuMs();
      for (let count = 0; count < HANDSHAKES; count += 1) (await open(server.port)).destroy();
      values.set(nameOf(side), (server.cpuMs() - before) / HANDSHAKES);
      await server.stop();
    }
    rows.push(...compare(`new connection, ${kind}`, [{ metric: 'CPU', unit: 'ms', values }]));
  }
  return rows;
}

async function sizes(sides: readonly Side[], files: Files): Promise<readonly BenchRow[]> {
  const rows: BenchRow[] = [];
  for (const count of [0, 1_000, 50_000, 200_000]) {
    const accounts = new Map<string, Readonly<Record<string, string>>>();
    for (let index = 0; index < count; index += 1)
      accounts.set(`team-${index % 2_000}/account-${index}`, index % BOUND_EVERY === 0 ? BOUND : {});
    const api = await startAccountsApi(accounts.set('bench/bound', BOUND).set('bench/bare', {}));
    const memory = new Map<string, number>();
    const first = new Map<string, number>();
    const wrong = new Map<string, number>();
    for (const side of sides) {
      const server = await startSide(side, api.url, files);
      let last = -1;
      while (server.cpuMs() !== last) {
        last = server.cpuMs();
        await new Promise((resolve) => setTimeout(resolve, 1_500));
      }
      memory.set(nameOf(side), server.memory().now);
      first.set(nameOf(side), server.firstPatchMs);
      wrong.set(nameOf(side), server.wrong);
      await server.stop();
    }
    await api.close();
    rows.push(
      ...compare(`${count} accounts, 1 in ${BOUND_EVERY} bound`, [
        { metric: 'RSS', unit: 'MiB', values: memory },
        { metric: 'first patch', unit: 'ms', values: first },
        { metric: 'wrong before', unit: '', values: wrong },
      ]),
    );
  }
  return rows;
}

/**
 * Measures `podrole webhook` on one core, with the load and the API on another, beside thirty lines of `node:https` and beside any webhook that takes
 * upstream's flags (`--other CMD`). `PODROLE_BENCH_PARTS` names the parts to run: throughput, handshakes, sizes.
 * There is no row for `--workers`: on two cores, of which the load takes one, a second worker has nothing to run on.
 */
export async function bench({ other }: { readonly other?: string } = {}): Promise<BenchReport> {
  pinSelf();
  const sides: readonly Side[] = [
    { kind: 'podrole' },
    { kind: 'naive' },
    ...(other === undefined ? [] : [{ kind: 'other', command: other } as const]),
  ];
  const parts = process.env.PODROLE_BENCH_PARTS?.split(',') ?? ['throughput', 'handshakes', 'sizes'];
  const folder = await mkdtemp(join(tmpdir(), 'podrole-bench-'));
  const api = await startAccountsApi(
    new Map([
      ['bench/bound', BOUND],
      ['bench/bare', {}],
    ]),
  );
  try {
    const files = await writeCertificate(folder, 'P-256');
    const rows: BenchRow[] = [];
    if (parts.includes('throughput')) rows.push(...(await throughput(sides, api.url, files)));
    if (parts.includes('handshakes')) rows.push(...(await handshakes(sides, api.url, folder)));
    if (parts.includes('sizes')) rows.push(...(await sizes(sides, files)));
    return { name: 'webhook', rows };
  } finally {
    await api.close();
    await rm(folder, { recursive: true, force: true });
  }
}
