import { connect, type TLSSocket } from 'node:tls';

/** An API server to work on. */
export interface Target {
  readonly url: string;
  readonly ca: string;
  readonly token: string;
}

/** One connection that sends a request at a time and reads the whole of each answer, without making anything of it. */
class Connection {
  readonly #socket: TLSSocket;
  readonly #head: string;
  #bytes: Buffer[] = [];
  #onData: () => void = () => undefined;
  #onClose: (error: Error) => void = () => undefined;

  constructor(socket: TLSSocket, { url, token }: Target) {
    this.#socket = socket;
    this.#head = `Host: ${new URL(url).host}\r\nAuthorization: Bearer ${token}\r\nAccept: application/json\r\nUser-Agent: podrole-bench/1\r\n`;
    socket.on('data', (part: Buffer) => {
      this.#bytes.push(part);
      this.#onData();
    });
    socket.on('close', () => this.#onClose(new Error('the server hung up')));
  }

  /** The whole answer. Rejects for one that is no success. */
  ask(method: string, path: string, body?: object): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      this.#onClose = reject;
      this.#onData = () => {
        const answer = Buffer.concat(this.#bytes);
        this.#bytes = [answer];
        if (!isWhole(answer)) return;
        this.#bytes = [];
        this.#onData = () => undefined;
        if (answer.toString('latin1', 0, 10).startsWith('HTTP/1.1 2')) resolve(answer);
        else reject(new Error(`${method} ${path}: ${answer.toString('utf8', 0, 2_000)}`));
      };
      this.#send(method, path, body);
    });
  }

  /** Opens a watch; `onEvents` is told how many events have come since it was told last. Resolves when it is open; `onEnd` tells that it is no more. */
  watch(path: string, onEvents: (count: number) => void, onEnd: (error: Error) => void): Promise<void> {
    return new Promise((resolve) => {
      this.#onClose = onEnd;
      let before = 0;
      this.#onData = () => {
        resolve();
        const parts = this.#bytes;
        this.#bytes = [];
        let count = 0;
        for (const part of parts) {
          for (let at = part.indexOf(LF); at !== -1; at = part.indexOf(LF, at + 1))
            if ((at === 0 ? before : part[at - 1]) !== CR) count += 1;
          before = part[part.length - 1] ?? before;
        }
        if (count > 0) onEvents(count);
      };
      this.#send('GET', path);
    });
  }

  close(): void {
    this.#onClose = () => undefined;
    this.#socket.destroy();
  }

  #send(method: string, path: string, body?: object): void {
    const text = body === undefined ? '' : JSON.stringify(body);
    const framing = body === undefined ? '' : `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(text)}\r\n`;
    this.#socket.write(`${method} ${path} HTTP/1.1\r\n${this.#head}${framing}\r\n${text}`);
  }
}

/** An event is a line that ends in a line feed alone; HTTP's own lines, those of its chunks too, have a carriage return before it. */
const LF = 10;
const CR = 13;

function isWhole(answer: Buffer): boolean {
  const end = answer.indexOf('\r\n\r\n');
  if (end === -1) return false;
  const length = /content-length: (\d+)/i.exec(answer.toString('latin1', 0, end))?.[1];
  if (length !== undefined) return answer.length >= end + 4 + Number(length);
  return answer.subarray(-5).equals(LAST_CHUNK);
}

const LAST_CHUNK = Buffer.from('0\r\n\r\n');

function open(target: Target): Promise<Connection> {
  const { hostname, port } = new URL(target.url);
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port), ca: target.ca, ALPNProtocols: ['http/1.1'] }, () => {
      socket.setNoDelay(true);
      resolve(new Connection(socket, target));
    });
    socket.once('error', reject);
  });
}

const PARALLEL = 16;
const WATCHERS = 100;
const CHANGES = 500;
const LISTS = 5;
const ACCOUNTS = '/api/v1/namespaces/bench/serviceaccounts';
const MAPS = '/api/v1/namespaces/bench/configmaps';

/** What the load may be asked for. All but `lists`, in milliseconds, take milliseconds for all of it. */
export const loads = {
  /** Makes the namespace. */
  prepare: (target: Target): Promise<number> =>
    inParallel(target, 1, (connection) => connection.ask('POST', '/api/v1/namespaces', { metadata: { name: 'bench' } })),
  create: (target: Target, count: number): Promise<number> =>
    inParallel(target, count, (connection, index) => connection.ask('POST', ACCOUNTS, { metadata: { name: `sa-${index}` } })),
  get: (target: Target, count: number): Promise<number> =>
    inParallel(target, count, (connection, index) => connection.ask('GET', `${ACCOUNTS}/sa-${index}`)),
  /** The median time of a list. */
  list: async (target: Target): Promise<number> => {
    const connection = await open(target);
    const times: number[] = [];
    for (let count = 0; count < LISTS; count++) {
      const start = performance.now();
      await connection.ask('GET', ACCOUNTS);
      times.push(performance.now() - start);
    }
    connection.close();
    return times.sort((a, b) => a - b)[LISTS >> 1] ?? Number.NaN;
  },
  /** From the first of 500 writes until 100 watchers have seen them all. */
  fanOut: async (target: Target): Promise<number> => {
    const writers = await Promise.all(Array.from({ length: PARALLEL }, () => open(target)));
    const listed = (await (writers[0] as Connection).ask('GET', `${MAPS}?limit=1`)).toString('latin1');
    const revision = /"resourceVersion":"(\d+)"/.exec(listed)?.[1] ?? '0';
    const watchers = await Promise.all(Array.from({ length: WATCHERS }, () => open(target)));
    let seen = 0;
    let finish: () => void = () => undefined;
    let fail: (error: Error) => void = () => undefined;
    const all = new Promise<void>((resolve, reject) => {
      finish = resolve;
      fail = reject;
    });
    const opened = watchers.map((watcher) =>
      watcher.watch(
        `${MAPS}?watch=1&resourceVersion=${revision}&timeoutSeconds=60`,
        (count) => {
          seen += count;
          if (seen >= WATCHERS * CHANGES) finish();
        },
        (error) => fail(error),
      ),
    );
    await Promise.all(opened);
    const start = performance.now();
    let next = 0;
    const writing = writers.map(async (writer) => {
      while (next < CHANGES) await writer.ask('POST', MAPS, { metadata: { name: `event-${next++}` } });
    });
    await Promise.all([all, ...writing]);
    const time = performance.now() - start;
    for (const connection of [...writers, ...watchers]) connection.close();
    return time;
  },
} as const;

/** Events of `fanOut`. */
export const EVENTS = WATCHERS * CHANGES;

/** Runs `work` so many times on 16 connections that are open before the clock starts. */
async function inParallel(
  target: Target,
  count: number,
  work: (connection: Connection, index: number) => Promise<unknown>,
): Promise<number> {
  const connections = await Promise.all(Array.from({ length: Math.min(PARALLEL, count) }, () => open(target)));
  let next = 0;
  const start = performance.now();
  await Promise.all(
    connections.map(async (connection) => {
      while (next < count) await work(connection, next++);
    }),
  );
  const time = performance.now() - start;
  for (const connection of connections) connection.close();
  return time;
}
