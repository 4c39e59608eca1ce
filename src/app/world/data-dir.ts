import { randomBytes } from 'node:crypto';
import { chmodSync, constants, existsSync, readdirSync, readFileSync } from 'node:fs';
import { access, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../base/clock.ts';
import { PodroleError } from '../../base/errors.ts';
import { isJsonObject } from '../../base/json.ts';
import { createAuthority, openAuthority } from '../../host/authority.ts';
import { generateSigningKeyPem } from '../../host/signing-key.ts';
import { importSigningKey } from '../../oidc/signing-key.ts';
import type { SandboxAws } from '../../sandbox/aws/create-aws.ts';
import type { KubeApi } from '../../sandbox/kube-api/create-kube-api.ts';
import { replaceFileNow } from '../atomic-file.ts';
import { lockFolder } from './folder-lock.ts';
import type { WorldIdentity } from './world-identity.ts';
import { WorldJournal, type WorldState } from './world-journal.ts';
import type { WorldKeeper } from './world-keeper.ts';

export interface DataDirOptions {
  /** Made if it is not there, mode 0700. */
  readonly folder: string;
  readonly account: string;
  readonly region: string;
  readonly cluster: string;
  readonly clock: Clock;
}

/** `sandbox.json`: what never changes of a kept sandbox. */
interface IdentityFile {
  readonly version: 1;
  readonly account: string;
  readonly region: string;
  readonly cluster: string;
  readonly issuer: string;
  readonly caPem: string;
  readonly caKeyPem: string;
  readonly signingKeyPem: string;
  readonly adminToken: string;
}

/** Bytes of journal from which on the whole state is written anew. */
const RESTART_BYTES = 64 << 20;

/**
 * Takes a folder for one sandbox and reads what it keeps: CA, keys, the API's objects and the account. Every write that a client saw
 * answered is there again after the process ended in whatever way; issued AWS sessions are not. Rejects with `data-dir-in-use`,
 * `data-dir-other` (it keeps a sandbox of another account, region or cluster) or `data-dir-damaged`.
 */
export async function openDataDir(options: DataDirOptions): Promise<WorldKeeper> {
  await makeFolder(options.folder);
  const unlock = lockFolder(options.folder);
  try {
    const file = join(options.folder, 'sandbox.json');
    if (!existsSync(file)) refuseForeign(options.folder);
    const stored = existsSync(file) ? storedIdentity(file, options) : await newStoredIdentity(file, options);
    const { journal, state } = WorldJournal.open(options.folder);
    return new DataDir({ identity: await identityOf({ file, stored, state, clock: options.clock }), journal, state, unlock });
  } catch (error) {
    unlock();
    throw error;
  }
}

async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await access(folder, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (cause) {
    throw new PodroleError(`${folder} cannot be a sandbox's folder`, {
      code: 'data-dir-other',
      hint: 'name a folder of your own with --data-dir',
      cause,
    });
  }
}

/** A folder that keeps no sandbox must be empty: files of the same names would be overwritten, whoever they belong to. */
function refuseForeign(folder: string): void {
  const found = readdirSync(folder).filter((name) => !/^(lock|sandbox\.json\.)/.test(name));
  if (found.length === 0) return;
  throw new PodroleError(`${folder} keeps no sandbox and is not empty: it holds ${found.slice(0, 3).join(', ')}`, {
    code: 'data-dir-other',
    hint: 'name a folder of its own with --data-dir',
  });
}

class DataDir implements WorldKeeper {
  readonly identity: WorldIdentity;
  readonly #journal: WorldJournal;
  readonly #unlock: () => void;
  readonly #before: WorldState | undefined;
  #ports: WorldIdentity['ports'];
  #kube: KubeApi | undefined;
  #unsubscribe: (() => void) | undefined;
  #aws: SandboxAws | undefined;
  #lastAws = '';
  #closed = false;

  constructor(parts: {
    readonly identity: WorldIdentity;
    readonly journal: WorldJournal;
    readonly state: WorldState | undefined;
    readonly unlock: () => void;
  }) {
    this.identity = parts.identity;
    this.#ports = parts.identity.ports;
    this.#journal = parts.journal;
    this.#before = parts.state;
    this.#unlock = parts.unlock;
  }

  keepKube(api: KubeApi): void {
    if (this.#before !== undefined) api.restore(this.#before.kube);
    this.#kube = api;
    this.#unsubscribe = api.store.subscribe(({ revision, bucket, type, key, object }) => {
      this.#journal.append({ kube: { revision, bucket, type, key, object } });
      if (this.#journal.bytes > RESTART_BYTES) this.#restart();
    });
  }

  keepAws(aws: SandboxAws): (request: Request) => Promise<Response> {
    if (this.#before !== undefined) aws.restore(this.#before.aws);
    this.#aws = aws;
    this.#restart();
    return async (request) => {
      const response = await aws.handle(request);
      this.#keepAccount(aws);
      return response;
    };
  }

  started(ports: WorldIdentity['ports']): void {
    this.#ports = ports;
    this.#journal.append({ ports });
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#unsubscribe?.();
    try {
      this.#restart();
    } finally {
      this.#journal.close();
      this.#unlock();
    }
  }

  #keepAccount(aws: SandboxAws): void {
    if (this.#closed) return;
    const snapshot = aws.snapshot();
    const text = JSON.stringify(snapshot);
    if (text === this.#lastAws) return;
    this.#lastAws = text;
    this.#journal.append({ aws: snapshot });
    if (this.#journal.bytes > RESTART_BYTES) this.#restart();
  }

  #restart(): void {
    if (this.#kube === undefined || this.#aws === undefined) return;
    const aws = this.#aws.snapshot();
    this.#lastAws = JSON.stringify(aws);
    this.#journal.restart({ kube: this.#kube.snapshot(), aws, ports: this.#ports });
  }
}

async function newStoredIdentity(file: string, { account, region, cluster, clock }: DataDirOptions): Promise<IdentityFile> {
  const [authority, signingKeyPem] = await Promise.all([
    createAuthority({ clock, commonName: 'podrole sandbox' }),
    generateSigningKeyPem(),
  ]);
  const stored: IdentityFile = {
    version: 1,
    account,
    region,
    cluster,
    issuer: `https://oidc.eks.${region}.podrole.test/id/${randomBytes(16).toString('hex').toUpperCase()}`,
    caPem: authority.caPem,
    caKeyPem: authority.keyPem,
    signingKeyPem,
    adminToken: randomBytes(24).toString('base64url'),
  };
  replaceFileNow(file, `${JSON.stringify(stored, null, 2)}\n`, 0o600);
  return stored;
}

function storedIdentity(file: string, options: DataDirOptions): IdentityFile {
  let stored: IdentityFile;
  // It holds keys; a copy that was restored may be open to others.
  chmodSync(file, 0o600);
  try {
    stored = JSON.parse(readFileSync(file, 'utf8')) as IdentityFile;
  } catch (cause) {
    throw new PodroleError(`${file} is not JSON`, {
      code: 'data-dir-damaged',
      hint: 'restore the folder from a copy, or remove it',
      cause,
    });
  }
  if (!isJsonObject(stored) || stored.version !== 1) {
    throw new PodroleError(`${file} is not what this version of podrole keeps of a sandbox`, {
      code: 'data-dir-damaged',
      hint: 'name another --data-dir, or restore the folder from a copy',
    });
  }
  const others = (['account', 'region', 'cluster'] as const).filter((name) => stored[name] !== options[name]);
  if (others.length > 0) {
    throw new PodroleError(`${options.folder} keeps a sandbox with ${others.map((name) => `${name} ${stored[name]}`).join(', ')}`, {
      code: 'data-dir-other',
      hint: `add ${others.map((name) => `--${name} ${stored[name]}`).join(' ')}, or name another --data-dir`,
    });
  }
  return stored;
}

interface KeptIdentity {
  readonly file: string;
  readonly stored: IdentityFile;
  readonly state: WorldState | undefined;
  readonly clock: Clock;
}

async function identityOf({ file, stored, state, clock }: KeptIdentity): Promise<WorldIdentity> {
  const { issuer, adminToken } = stored;
  try {
    if (![issuer, adminToken].every((text) => typeof text === 'string' && text !== '')) throw new Error('issuer or adminToken is missing');
    const [authority, signingKey] = await Promise.all([
      openAuthority({ clock, caPem: stored.caPem, keyPem: stored.caKeyPem }),
      importSigningKey(stored.signingKeyPem),
    ]);
    return { issuer, authority, signingKey, adminToken, ports: state?.ports ?? { kube: 0, aws: 0 } };
  } catch (cause) {
    throw new PodroleError(`${file} does not hold the keys of a sandbox any more`, {
      code: 'data-dir-damaged',
      hint: 'restore the folder from a copy, or remove it',
      cause,
    });
  }
}
