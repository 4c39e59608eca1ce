import { randomBytes, randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { AwsTarget } from '../aws/client-options.ts';
import type { Clock } from '../base/clock.ts';
import { messageOf, PodroleError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { Authority } from '../host/authority.ts';
import { ListenError } from '../host/errors.ts';
import { type Listener, listen } from '../host/listen.ts';
import type { KubeClient } from '../kube/client/kube-client.ts';
import { type AwsOptions, createAws, type SandboxAws } from '../sandbox/aws/create-aws.ts';
import { createIssuerKeys } from '../sandbox/aws/issuer-keys/create-issuer-keys.ts';
import { issuerHandler } from '../sandbox/issuer/issuer-handler.ts';
import { replaceFile } from './atomic-file.ts';
import { decisionsEndpoint } from './decisions-endpoint.ts';
import type { IssuerAddresses } from './issuer-addresses.ts';
import type { ClusterSide } from './world/cluster-side.ts';
import { type ExistingCluster, openExistingCluster } from './world/existing-cluster.ts';
import { openSandboxCluster } from './world/sandbox-cluster.ts';
import { newIdentity, type WorldIdentity } from './world/world-identity.ts';
import type { WorldKeeper } from './world/world-keeper.ts';

export interface SandboxOptions {
  readonly account: string;
  readonly region: string;
  readonly cluster: string;
  /** Static keys of the account's administrator. */
  readonly adminKey: { readonly accessKeyId: string; readonly secretAccessKey: string };
  /** Port of the AWS endpoint; 0: any free one. The other listeners take free ones always. */
  readonly port: number;
  /** Serve the AWS endpoint over HTTPS, with the sandbox's own CA. */
  readonly awsTls: boolean;
  /** An existing folder of this sandbox alone: CA, kubeconfig and tokens are written there, mode 0600. */
  readonly folder: string;
  readonly clock: Clock;
  readonly log: Log;
  /** A cluster that exists already, in place of the sandbox's own. */
  readonly existing?: ExistingCluster | undefined;
  /** Keeps this sandbox between starts; not with an existing cluster. The caller closes it, after the sandbox. */
  readonly keeper?: WorldKeeper | undefined;
  readonly intercept?: SandboxIntercepts;
  /** Issuers besides the cluster's own. */
  readonly issuers?: IssuerAddresses | undefined;
  /** What STS and IAM do otherwise than by default. */
  readonly switches?: SandboxSwitches | undefined;
}

/** Tokens judged more strictly, changes that take time, calls that fail on purpose. */
export type SandboxSwitches = Pick<AwsOptions, 'mode' | 'propagationMs' | 'faults'>;

type Handler = (request: Request) => Promise<Response>;

/** For tests: each stands between a listener and what answers behind it. */
export interface SandboxIntercepts {
  readonly issuer?: (handler: Handler) => Handler;
  readonly aws?: (handler: Handler) => Handler;
  readonly kubeApi?: (handler: Handler) => Handler;
}

/** A running sandbox: an AWS account and a cluster's OIDC issuer on loopback, with a cluster's API of its own or one that was there before. */
export interface Sandbox {
  readonly account: string;
  readonly region: string;
  readonly cluster: string;
  readonly issuer: string;
  /** URL of the AWS endpoint. */
  readonly awsEndpoint: string;
  readonly kubeUrl: string;
  readonly kubeconfig: string;
  /** File of the CA that signed every certificate of the sandbox. */
  readonly caFile: string;
  /** How the issuer's name is found without DNS: `HOST=ADDRESS:PORT`. */
  readonly issuerResolve: string;
  /** File of the token that opens the decision log at the AWS endpoint. */
  readonly decisionsTokenFile: string;
  readonly authority: Authority;
  readonly aws: SandboxAws;
  readonly adminTarget: AwsTarget;
  /** A client of its own connections, as the cluster's administrator. */
  kubeClient(userAgent: string): KubeClient;
  /** A file of this sandbox that only its owner may read. Answers its path. */
  writeSecretFile(name: string, text: string): Promise<string>;
  /** Stops every listener; twice is fine. */
  close(): Promise<void>;
}

const GRACE_MS = 200;

/**
 * Starts the sandbox. Rejects with `sandbox-not-started`, or with what `openExistingCluster` refuses, with nothing left listening.
 */
export async function openSandbox(options: SandboxOptions): Promise<Sandbox> {
  const closers: (() => Promise<void>)[] = [];
  const closeAll = async (): Promise<void> => {
    await Promise.all(closers.splice(0).map((close) => close()));
  };
  try {
    return await openWith(options, closers, closeAll);
  } catch (error) {
    await closeAll();
    if (error instanceof PodroleError && !(error instanceof ListenError)) throw error;
    throw new PodroleError(`the sandbox did not start: ${messageOf(error)}`, {
      code: 'sandbox-not-started',
      hint: 'is the port in use? `--port 0` takes any free one',
      cause: error,
    });
  }
}

async function openWith(options: SandboxOptions, closers: (() => Promise<void>)[], close: Sandbox['close']): Promise<Sandbox> {
  const { clock, log, region, intercept, keeper, issuers, switches } = options;
  const asIs = (handler: Handler): Handler => handler;
  const identity = keeper?.identity ?? (await newIdentity({ region, clock }));
  const { authority } = identity;
  await mkdir(options.folder, { recursive: true, mode: 0o700 });
  const writeSecretFile = async (name: string, text: string): Promise<string> => {
    const file = join(options.folder, name);
    await replaceFile(file, text, 0o600);
    return file;
  };
  const opened = <T extends Listener>(listener: T): T => {
    closers.push(() => listener.close(GRACE_MS));
    return listener;
  };

  const cluster = await openCluster(options, identity, { writeSecretFile, intercept: intercept?.kubeApi });
  closers.push(() => cluster.close());
  const { issuer } = cluster;
  const { hostname } = new URL(issuer);
  const certificate = await authority.issue({ commonName: hostname.slice(0, 64), dnsNames: [hostname] });
  const issuerListener = opened(
    await listen({
      handler: (intercept?.issuer ?? asIs)(async (request) => {
        const keys = await cluster.keys();
        return issuerHandler({ issuer, keys: () => keys })(request);
      }),
      tls: { cert: certificate.certPem, key: certificate.keyPem },
      port: 0,
      log,
    }),
  );

  const aws = createAws({
    account: options.account,
    region,
    clock,
    newId: randomUUID,
    log,
    adminKeys: [options.adminKey],
    issuerKeys: createIssuerKeys({
      resolve: new Map([...(issuers?.resolve ?? []), [hostname, { address: '127.0.0.1', port: issuerListener.port }]]),
      ca: `${authority.caPem}${issuers?.ca ?? ''}`,
      clock,
      log,
    }),
    ...switches,
  });
  const decisionsToken = randomBytes(24).toString('base64url');
  const handleAws = decisionsEndpoint(aws.decisions, {
    token: decisionsToken,
    next: keeper?.keepAws(aws) ?? ((request) => aws.handle(request)),
  });
  const awsTls = options.awsTls ? await awsCertificate(authority) : undefined;
  const openAws = (port: number): Promise<Listener> =>
    listen({
      handler: (intercept?.aws ?? asIs)(handleAws),
      ...(awsTls === undefined ? {} : { tls: awsTls }),
      port,
      allowedHosts: ['127.0.0.1', 'localhost'],
      maxBodyBytes: 16 << 20,
      lightRequests: intercept?.aws === undefined,
      log,
    });
  const before = options.port === 0 ? identity.ports.aws : 0;
  const awsListener = opened(await (before === 0 ? openAws(options.port) : openAws(before).catch(() => openAws(0))));
  aws.putCluster({
    name: options.cluster,
    issuer,
    endpoint: cluster.url,
    certificateAuthority: Buffer.from(cluster.caPem).toString('base64'),
    version: '1.36',
  });
  keeper?.started({ kube: Number(new URL(cluster.url).port), aws: awsListener.port });

  return {
    account: options.account,
    region,
    cluster: options.cluster,
    issuer,
    awsEndpoint: awsListener.url,
    kubeUrl: cluster.url,
    kubeconfig: cluster.kubeconfig,
    caFile: await writeSecretFile('ca.crt', authority.caPem),
    issuerResolve: `${hostname}=127.0.0.1:${issuerListener.port}`,
    decisionsTokenFile: await writeSecretFile('decisions.token', decisionsToken),
    authority,
    aws,
    adminTarget: {
      region,
      endpoint: awsListener.url,
      credentials: options.adminKey,
      ...(options.awsTls ? { ca: authority.caPem } : {}),
    },
    kubeClient: (userAgent) => cluster.kubeClient(userAgent),
    writeSecretFile,
    close,
  };
}

function openCluster(
  options: SandboxOptions,
  identity: WorldIdentity,
  with_: { readonly writeSecretFile: Sandbox['writeSecretFile']; readonly intercept: ((handler: Handler) => Handler) | undefined },
): Promise<ClusterSide> {
  const { clock, log, cluster, keeper, existing } = options;
  if (existing !== undefined) return openExistingCluster(existing, { clock, log, writeSecretFile: with_.writeSecretFile });
  const { issuer, authority, signingKey, adminToken, ports } = identity;
  return openSandboxCluster({
    cluster,
    issuer,
    authority,
    signingKey,
    adminToken,
    port: ports.kube,
    clock,
    log,
    prepare: (api) => keeper?.keepKube(api),
    ...with_,
  });
}

async function awsCertificate(
  authority: Authority,
): Promise<{ readonly cert: string; readonly key: string; readonly minVersion: 'TLSv1.2' }> {
  const { certPem, keyPem } = await authority.issue({ commonName: 'aws', dnsNames: ['localhost'], ipAddresses: ['127.0.0.1'] });
  return { cert: certPem, key: keyPem, minVersion: 'TLSv1.2' };
}
