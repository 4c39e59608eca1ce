import { randomBytes, randomUUID } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { AwsTarget } from '../aws/client-options.ts';
import type { Clock } from '../base/clock.ts';
import { messageOf, PodroleError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { type Authority, createAuthority } from '../host/authority.ts';
import { type Listener, listen } from '../host/listen.ts';
import { generateSigningKeyPem } from '../host/signing-key.ts';
import { createKubeClient } from '../kube/client/create-kube-client.ts';
import { httpsFetch } from '../kube/client/https-fetch.ts';
import type { KubeClient } from '../kube/client/kube-client.ts';
import { importSigningKey, type SigningKey } from '../oidc/signing-key.ts';
import { createAws, type SandboxAws } from '../sandbox/aws/create-aws.ts';
import { createIssuerKeys } from '../sandbox/aws/issuer-keys/create-issuer-keys.ts';
import { issuerHandler } from '../sandbox/issuer/issuer-handler.ts';
import { createKubeApi, type KubeApi } from '../sandbox/kube-api/create-kube-api.ts';
import { kubeconfigText } from './kubeconfig-text.ts';

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
  readonly intercept?: SandboxIntercepts;
}

type Handler = (request: Request) => Promise<Response>;

/** For tests: each stands between a listener and what answers behind it. */
export interface SandboxIntercepts {
  readonly issuer?: (handler: Handler) => Handler;
  readonly aws?: (handler: Handler) => Handler;
  readonly kubeApi?: (handler: Handler) => Handler;
}

/** A running sandbox: a cluster's API, its OIDC issuer and an AWS account, all on loopback. */
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

/** Starts the sandbox. Rejects with `sandbox-not-started`, with nothing left listening. */
export async function openSandbox(options: SandboxOptions): Promise<Sandbox> {
  const opened: Listener[] = [];
  let kubeApi: KubeApi | undefined;
  const closeAll = async (): Promise<void> => {
    await Promise.all(opened.splice(0).map((listener) => listener.close(GRACE_MS)));
    await kubeApi?.close();
  };
  try {
    const { clock, log, region, intercept } = options;
    const asIs = (handler: Handler): Handler => handler;
    const [authority, signingKey] = await Promise.all([createAuthority({ clock, commonName: 'podrole sandbox' }), newSigningKey()]);
    const host = `oidc.eks.${region}.podrole.test`;
    const issuer = `https://${host}/id/${randomBytes(16).toString('hex').toUpperCase()}`;
    const [kubeCertificate, issuerCertificate] = await Promise.all([
      authority.issue({ commonName: 'kube-apiserver', dnsNames: ['localhost', 'kubernetes.default.svc'], ipAddresses: ['127.0.0.1'] }),
      authority.issue({ commonName: host, dnsNames: [host] }),
    ]);

    const issuerListener = await listen({
      handler: (intercept?.issuer ?? asIs)(issuerHandler({ issuer, keys: () => [signingKey.publicJwk] })),
      tls: { cert: issuerCertificate.certPem, key: issuerCertificate.keyPem },
      port: 0,
      log,
    });
    opened.push(issuerListener);

    const aws = createAws({
      account: options.account,
      region,
      clock,
      newId: randomUUID,
      log,
      adminKeys: [options.adminKey],
      issuerKeys: createIssuerKeys({
        resolve: new Map([[host, { address: '127.0.0.1', port: issuerListener.port }]]),
        ca: authority.caPem,
        clock,
        log,
      }),
      mode: 'aws',
    });
    const awsListener = await listen({
      handler: (intercept?.aws ?? asIs)((request) => aws.handle(request)),
      ...(options.awsTls ? { tls: await awsCertificate(authority) } : {}),
      port: options.port,
      allowedHosts: ['127.0.0.1', 'localhost'],
      maxBodyBytes: 16 << 20,
      log,
    });
    opened.push(awsListener);

    const adminToken = randomBytes(24).toString('base64url');
    let kubeUrl = '';
    const api = createKubeApi({
      clock,
      newId: randomUUID,
      log,
      serverUrl: () => kubeUrl,
      issuer,
      signingKey,
      users: new Map([
        [adminToken, { username: 'sandbox-admin', uid: 'sandbox-admin', groups: ['system:masters', 'system:authenticated'] }],
      ]),
      caPem: authority.caPem,
    });
    kubeApi = api;
    const kubeListener = await listen({
      handler: (intercept?.kubeApi ?? asIs)((request) => api.handle(request)),
      tls: { cert: kubeCertificate.certPem, key: kubeCertificate.keyPem, minVersion: 'TLSv1.2' },
      port: 0,
      allowedHosts: ['127.0.0.1', 'localhost', 'kubernetes.default.svc'],
      log,
    });
    opened.push(kubeListener);
    kubeUrl = kubeListener.url;
    api.start();
    aws.putCluster({
      name: options.cluster,
      issuer,
      endpoint: kubeUrl,
      certificateAuthority: Buffer.from(authority.caPem).toString('base64'),
      version: '1.36',
    });

    await mkdir(options.folder, { recursive: true, mode: 0o700 });
    const writeSecretFile = async (name: string, text: string): Promise<string> => {
      const file = join(options.folder, name);
      await writeFile(file, text, { mode: 0o600 });
      return file;
    };
    const [caFile, kubeconfig] = await Promise.all([
      writeSecretFile('ca.crt', authority.caPem),
      writeSecretFile('kubeconfig', kubeconfigText({ name: options.cluster, server: kubeUrl, caPem: authority.caPem, token: adminToken })),
    ]);
    return {
      account: options.account,
      region,
      cluster: options.cluster,
      issuer,
      awsEndpoint: awsListener.url,
      kubeUrl,
      kubeconfig,
      caFile,
      issuerResolve: `${host}=127.0.0.1:${issuerListener.port}`,
      authority,
      aws,
      adminTarget: {
        region,
        endpoint: awsListener.url,
        credentials: options.adminKey,
        ...(options.awsTls ? { ca: authority.caPem } : {}),
      },
      kubeClient: (userAgent) =>
        createKubeClient({ server: kubeUrl, fetch: httpsFetch({ ca: authority.caPem }), userAgent, token: async () => adminToken }),
      writeSecretFile,
      close: closeAll,
    };
  } catch (error) {
    await closeAll();
    throw new PodroleError(`the sandbox did not start: ${messageOf(error)}`, {
      code: 'sandbox-not-started',
      hint: 'is the port in use? `--port 0` takes any free one',
      cause: error,
    });
  }
}

async function newSigningKey(): Promise<SigningKey> {
  return importSigningKey(await generateSigningKeyPem());
}

async function awsCertificate(
  authority: Authority,
): Promise<{ readonly cert: string; readonly key: string; readonly minVersion: 'TLSv1.2' }> {
  const { certPem, keyPem } = await authority.issue({ commonName: 'aws', dnsNames: ['localhost'], ipAddresses: ['127.0.0.1'] });
  return { cert: certPem, key: keyPem, minVersion: 'TLSv1.2' };
}
