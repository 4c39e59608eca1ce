import type { Clock } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import { createDecisionLog, type DecisionLog } from './decision-log.ts';
import { dispatch } from './dispatch.ts';
import type { Edge } from './edge.ts';
import { clusterArn } from './eks/clusters.ts';
import { serveEks } from './eks/eks-protocol.ts';
import { type Fault, Faults } from './faults.ts';
import { readCall } from './http-call.ts';
import { IAM } from './iam/iam-service.ts';
import { NO_REQUEST_ID, serveQuery } from './query/query-protocol.ts';
import { isoSeconds } from './query/wire-values.ts';
import { DEFAULT_QUOTAS, type Quotas } from './quotas.data.ts';
import { serveS3 } from './s3/s3-protocol.ts';
import { type AdminKey, createAuthenticator } from './sigv4/authenticate.ts';
import { createSessionSeal } from './sigv4/session-seal.ts';
import { AccountState } from './store/account-state.ts';
import { type AwsSnapshot, restoreSnapshot, takeSnapshot } from './store/snapshot.ts';
import { uniqueId } from './store/unique-ids.ts';
import { STS } from './sts/sts-service.ts';
import type { Call, IssuerKeys, TokenMode, World } from './world.ts';

export interface AwsOptions {
  /** Twelve digits. */
  readonly account: string;
  readonly region: string;
  /** Default `aws`. */
  readonly partition?: string;
  readonly clock: Clock;
  /** Unguessable texts, never the same twice: ids and the keys that seal sessions come from them. */
  readonly newId: () => string;
  readonly log: Log;
  /** Keys of the account's administrator, who may do everything. */
  readonly adminKeys: readonly AdminKey[];
  readonly issuerKeys: IssuerKeys;
  /** Default `aws`. */
  readonly mode?: TokenMode;
  /** Milliseconds until STS acts on a change of a role or provider; default 0, on AWS 4,000 to 12,000. */
  readonly propagationMs?: number;
  /** Limits that differ from AWS's defaults. */
  readonly quotas?: Partial<Quotas>;
  /** Faults that are armed from the start. */
  readonly faults?: readonly Fault[];
  /** Decisions that the log keeps; default 1,000. */
  readonly decisionCapacity?: number;
}

/** A cluster for EKS to describe. */
export interface ClusterDescription {
  readonly name: string;
  readonly issuer: string;
  readonly endpoint: string;
  /** PEM. */
  readonly certificateAuthority: string;
  /** `1.33`. */
  readonly version: string;
}

/** STS, IAM, EKS and a little S3 of one account, behind one port. */
export interface SandboxAws {
  /** Answers one request to any of the services. Rejects only when the request's own body breaks off. */
  handle(request: Request): Promise<Response>;
  readonly decisions: DecisionLog;
  /** Puts a cluster where EKS finds it, or changes it. */
  putCluster(cluster: ClusterDescription): void;
  /** Everything the account holds, as plain JSON; issued sessions are not in it, since they live in their tokens. */
  snapshot(): AwsSnapshot;
  /** Puts the account back as it was. Credentials that were issued meanwhile stay valid until they expire. */
  restore(snapshot: AwsSnapshot): void;
  /** Arms a fault. */
  setFault(fault: Fault): void;
  clearFaults(): void;
  setMode(mode: TokenMode): void;
  setPropagationMs(ms: number): void;
  /** Changes some limits; the others stay. */
  setQuotas(quotas: Partial<Quotas>): void;
}

/** Bytes of the largest body that is read: an S3 object of 16 MiB with its framing. */
const MAX_BODY = 17 * 1024 * 1024;

/** Makes an empty account. */
export function createAws(options: AwsOptions): SandboxAws {
  const { account, region, partition = 'aws', clock, newId, log, adminKeys, issuerKeys } = options;
  const decisions = createDecisionLog(log, options.decisionCapacity);
  const faults = new Faults();
  for (const fault of options.faults ?? []) faults.add(fault);
  const world: World = {
    account,
    region,
    partition,
    createdAt: isoSeconds(clock.now().getTime()),
    clock,
    newId,
    log,
    state: new AccountState(),
    decisions,
    seal: createSessionSeal(newId),
    issuerKeys,
    switches: { mode: options.mode ?? 'aws', propagationMs: options.propagationMs ?? 0, quotas: { ...DEFAULT_QUOTAS, ...options.quotas } },
  };
  const authenticator = createAuthenticator(world, { adminKeys, adminId: uniqueId('AIDA', newId) });

  function edgeAt(now: number, requestId: string): Edge {
    return {
      newCall: (http, authentication): Call => ({
        world,
        caller: authentication?.ok === true ? authentication.caller : { kind: 'anonymous' },
        requestId,
        now,
        get signal() {
          return http.signal;
        },
        notes: {},
      }),
      authenticate: (http) => authenticator.authenticate(http, now),
      takeFault: (operation) => faults.take(operation),
    };
  }

  return {
    async handle(request) {
      const read = await readCall(request, MAX_BODY);
      if (!read.ok) return new Response('request body too large', { status: 413, headers: { 'x-amzn-requestid': NO_REQUEST_ID } });
      const edge = edgeAt(clock.now().getTime(), newId());
      const { http } = read;
      const service = dispatch(http);
      switch (service.name) {
        case 'sts':
          return serveQuery(STS, edge, { http, form: service.form });
        case 'iam':
          return serveQuery(IAM, edge, { http, form: service.form });
        case 'eks':
          return serveEks(edge, { http, request });
        case 's3':
          return serveS3(edge, http);
      }
    },
    decisions: { list: (filter) => decisions.list(filter), subscribe: (listener) => decisions.subscribe(listener) },
    putCluster(cluster) {
      const before = world.state.clusters.get(cluster.name);
      world.state.clusters.set(cluster.name, {
        name: cluster.name,
        arn: clusterArn(world, cluster.name),
        createdAt: before?.createdAt ?? clock.now().getTime(),
        version: cluster.version,
        endpoint: cluster.endpoint,
        certificateAuthority: Buffer.from(cluster.certificateAuthority, 'utf8').toString('base64'),
        issuer: cluster.issuer,
        tags: before?.tags ?? {},
      });
    },
    snapshot: () => takeSnapshot(world.state),
    restore: (snapshot) => restoreSnapshot(world.state, snapshot, clock.now().getTime()),
    setFault: (fault) => faults.add(fault),
    clearFaults: () => faults.clear(),
    setMode: (mode) => {
      world.switches.mode = mode;
    },
    setPropagationMs: (ms) => {
      world.switches.propagationMs = ms;
    },
    setQuotas: (quotas) => {
      world.switches.quotas = { ...world.switches.quotas, ...quotas };
    },
  };
}
