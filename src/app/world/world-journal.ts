import {
  closeSync,
  existsSync,
  fchmodSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { PodroleError } from '../../base/errors.ts';
import { isJsonObject } from '../../base/json.ts';
import type { AwsSnapshot } from '../../sandbox/aws/store/snapshot.ts';
import { replay, type Write } from '../../sandbox/kube-api/store/replay.ts';
import type { StoreSnapshot } from '../../sandbox/kube-api/store/store.ts';
import { replaceFileNow, syncFolder } from '../atomic-file.ts';
import type { WorldIdentity } from './world-identity.ts';
import { isAwsSnapshot, isPorts, isStoreSnapshot, isWrite } from './world-shape.ts';

/** Everything that a sandbox holds. */
export interface WorldState {
  readonly kube: StoreSnapshot;
  readonly aws: AwsSnapshot;
  readonly ports: WorldIdentity['ports'];
}

/** One change: a write of the Kubernetes API, the account as it is now, or the ports. */
export type Change = { readonly kube: Write } | { readonly aws: AwsSnapshot } | { readonly ports: WorldIdentity['ports'] };

interface StateFile extends WorldState {
  readonly version: 1;
  /** The file of the changes that came after this state. */
  readonly journal: string;
}

const STATE = 'state.json';
const JOURNAL = /^journal-\d+\.jsonl$/;
/** Of a file that was to be replaced. */
const DRAFT = /^(?:state|sandbox)\.json\.[0-9a-f]{12}$/;
const NEWLINE = 10;

/**
 * A world on disk: its state, and a journal of the changes since. Each change is handed to the system before `append` returns, so it
 * survives the end of this process however that comes; a power cut may take the last ones.
 */
export class WorldJournal {
  readonly #folder: string;
  #name: string;
  #fd: number;
  #bytes = 0;

  private constructor(folder: string, name: string) {
    this.#folder = folder;
    this.#name = name;
    this.#fd = openOwn(join(folder, name), 'a');
  }

  /** Reads what there is, and goes on behind it. Throws `data-dir-damaged`, which names the file and the line. */
  static open(folder: string): { readonly journal: WorldJournal; readonly state: WorldState | undefined } {
    const file = join(folder, STATE);
    const state = existsSync(file) ? stateIn(file) : undefined;
    const names = readdirSync(folder);
    if (state === undefined) refuseLostState(folder, names);
    for (const name of names) {
      // Left by a process that ended between two steps of `restart`, or before the first, when nobody had been told of the world yet.
      const isLeft = DRAFT.test(name) || (JOURNAL.test(name) && name !== state?.journal);
      if (isLeft) unlinkSync(join(folder, name));
    }
    if (state === undefined) return { journal: new WorldJournal(folder, 'journal-1.jsonl'), state: undefined };
    const changes = changesIn(join(folder, state.journal));
    return { journal: new WorldJournal(folder, state.journal), state: stateAfter(state, changes) };
  }

  /** Bytes appended since the last `restart`. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Throws what the system says; nothing of the change is left in the file then. */
  append(change: Change): void {
    const line = `${JSON.stringify(change)}\n`;
    const before = fstatSync(this.#fd).size;
    try {
      writeFileSync(this.#fd, line);
    } catch (error) {
      ftruncateSync(this.#fd, before);
      throw error;
    }
    this.#bytes += Buffer.byteLength(line);
  }

  /** Writes the whole state in one piece and begins a new journal. */
  restart(state: WorldState): void {
    const name = `journal-${Number(/\d+/.exec(this.#name)?.[0] ?? 0) + 1}.jsonl`;
    const file = join(this.#folder, name);
    const fd = openOwn(file, 'w');
    try {
      // The state must not be on the disk before the journal that it names.
      syncFolder(this.#folder);
      const whole: StateFile = { version: 1, journal: name, ...state };
      // From here on the new journal counts, and the old one no more.
      replaceFileNow(join(this.#folder, STATE), JSON.stringify(whole), 0o600);
    } catch (error) {
      closeSync(fd);
      throw error;
    }
    this.close();
    unlinkSync(join(this.#folder, this.#name));
    this.#name = name;
    this.#fd = fd;
    this.#bytes = 0;
  }

  close(): void {
    closeSync(this.#fd);
  }
}

/** A file that its owner alone may read, also if it was there before. */
function openOwn(file: string, flags: 'a' | 'w'): number {
  const fd = openSync(file, flags, 0o600);
  fchmodSync(fd, 0o600);
  return fd;
}

function stateIn(file: string): StateFile {
  let state: unknown;
  try {
    state = JSON.parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    throw damaged(file, cause);
  }
  const { version, journal, kube, aws, ports }: Partial<StateFile> = isJsonObject(state) ? (state as object) : {};
  if (version !== 1) throw damaged(file, new Error(`version ${String(version)} is not known`));
  if (typeof journal === 'string' && JOURNAL.test(journal) && isStoreSnapshot(kube) && isAwsSnapshot(aws) && isPorts(ports))
    return { version, journal, kube, aws, ports };
  throw damaged(file, new Error('it has the members of no state'));
}

/** The first state is written before the second journal is: one that has content, or a third one, goes with a state that somebody took away. */
function refuseLostState(folder: string, names: readonly string[]): void {
  const orphan = names.find((name) => {
    const number = JOURNAL.test(name) ? Number(/\d+/.exec(name)?.[0]) : 0;
    return number > 2 || (number === 2 && statSync(join(folder, name)).size > 0);
  });
  if (orphan !== undefined) throw damaged(join(folder, STATE), new Error(`it is not there, and ${orphan} goes on from it`));
}

/** The changes of a journal. A last line without its end was never answered for: it is cut off. */
function changesIn(file: string): readonly Change[] {
  const bytes = readJournal(file);
  const end = bytes.lastIndexOf(NEWLINE) + 1;
  if (end < bytes.length) truncateSync(file, end);
  const lines = bytes.subarray(0, end).toString('utf8').split('\n').slice(0, -1);
  return lines.map((line, index) => {
    try {
      return changeIn(JSON.parse(line));
    } catch (cause) {
      throw damaged(`${file}:${index + 1}`, cause);
    }
  });
}

function changeIn(value: unknown): Change {
  if (isJsonObject(value)) {
    const { kube, aws, ports } = value as { readonly [member: string]: unknown };
    if (isWrite(kube)) return { kube };
    if (isAwsSnapshot(aws)) return { aws };
    if (isPorts(ports)) return { ports };
  }
  throw new Error('it is no change of a sandbox');
}

function readJournal(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    throw damaged(file, cause);
  }
}

function stateAfter(state: StateFile, changes: readonly Change[]): WorldState {
  return {
    kube: replay(
      state.kube,
      changes.flatMap((change) => ('kube' in change ? [change.kube] : [])),
    ),
    aws: changes.findLast((change) => 'aws' in change)?.aws ?? state.aws,
    ports: changes.findLast((change) => 'ports' in change)?.ports ?? state.ports,
  };
}

function damaged(where: string, cause: unknown): PodroleError {
  return new PodroleError(`${where} cannot be read as what a sandbox keeps`, {
    code: 'data-dir-damaged',
    hint: 'restore the folder from a copy, or remove it to start anew',
    cause,
  });
}
