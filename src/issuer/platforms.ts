import { type ApiServerIssuer, apiServerFlags } from './api-server-flags.ts';

/** Ways to run a control plane, each with a form of its own for the API server's flags. */
export const PLATFORMS = ['kube-apiserver', 'kubeadm', 'kops', 'k3s'] as const;
export type Platform = (typeof PLATFORMS)[number];

/** A text to paste, where it goes, and what else must be known. */
export interface PlatformText {
  readonly where: string;
  readonly text: string;
  readonly notes: readonly string[];
}

const RESTART = 'restart every API server, one after the other; a token of one must be accepted by all of them';

/** The flags in the form of a platform. */
export function platformText(platform: Platform, wanted: ApiServerIssuer): PlatformText {
  return RENDERERS[platform](wanted);
}

const RENDERERS: Readonly<Record<Platform, (wanted: ApiServerIssuer) => PlatformText>> = {
  'kube-apiserver': (wanted) => ({
    where: 'the command line of kube-apiserver, in place of the flags of these names',
    text: lines(apiServerFlags(wanted).map(({ name, value }) => `--${name}=${value}`)),
    notes: [`kube-controller-manager signs the tokens of Secrets: --service-account-private-key-file=${wanted.signingKeyFile}`, RESTART],
  }),
  kubeadm: (wanted) => ({
    where: 'kubeadm’s configuration; then on each control plane: kubeadm init phase control-plane apiserver --config FILE',
    text: lines([
      'apiVersion: kubeadm.k8s.io/v1beta4',
      'kind: ClusterConfiguration',
      'apiServer:',
      '  extraArgs:',
      ...apiServerFlags(wanted).flatMap(({ name, value }) => [`    - name: ${name}`, `      value: ${quoted(value)}`]),
      ...kubeadmVolumes(wanted),
      'controllerManager:',
      '  extraArgs:',
      '    - name: service-account-private-key-file',
      `      value: ${quoted(wanted.signingKeyFile)}`,
    ]),
    notes: [
      'a flag may stand twice only since v1beta4 (kubeadm 1.31); before, put all public keys into one file, and a second issuer into the manifest by hand',
      'files below /etc/kubernetes/pki are mounted already; the pair that is there is sa.key and sa.pub',
      RESTART,
    ],
  }),
  kops: (wanted) => ({
    where: 'kops edit cluster, below spec; then kops update cluster --yes and kops rolling-update cluster --yes',
    text: lines(kopsLines(wanted)),
    notes: [
      'additionalServiceAccountIssuers is there since kOps 1.28.5',
      'kOps has a way of its own, spec.serviceAccountIssuerDiscovery: it then makes, publishes and rotates its keys itself (kops create keypair service-account), for the audience amazonaws.com unless you add others',
      'files come to the machines by spec.fileAssets, which kOps keeps in its state store: rather copy a private key by other means',
    ],
  }),
  k3s: (wanted) => ({
    where: '/etc/rancher/k3s/config.yaml on every server; then systemctl restart k3s',
    text: lines([
      'kube-apiserver-arg:',
      ...apiServerFlags(wanted).map(({ name, value }) => `  - ${quoted(`${name}=${value}`)}`),
      'kube-controller-manager-arg:',
      `  - ${quoted(`service-account-private-key-file=${wanted.signingKeyFile}`)}`,
    ]),
    notes: [
      'a name given here replaces k3s’s own flag: its own key, /var/lib/rancher/k3s/server/tls/service.key, must be among the public keys while tokens of it live',
      'every server has these files and this configuration; RKE2 takes the same in /etc/rancher/rke2/config.yaml',
      RESTART,
    ],
  }),
};

function kopsLines({
  issuers: [first, ...others],
  jwksUri,
  publicKeyFiles,
  signingKeyFile,
  apiAudiences,
  maxTokenSeconds,
}: ApiServerIssuer): readonly string[] {
  const list = (name: string, values: readonly string[]): readonly string[] =>
    values.length === 0 ? [] : [`  ${name}:`, ...values.map((value) => `    - ${quoted(value)}`)];
  return [
    'kubeAPIServer:',
    `  serviceAccountIssuer: ${quoted(first)}`,
    ...list('additionalServiceAccountIssuers', others),
    `  serviceAccountJWKSURI: ${quoted(jwksUri)}`,
    ...list('serviceAccountKeyFile', publicKeyFiles),
    `  serviceAccountSigningKeyFile: ${quoted(signingKeyFile)}`,
    ...list('apiAudiences', apiAudiences),
    ...(maxTokenSeconds === undefined ? [] : [`  # --service-account-max-token-expiration=${maxTokenSeconds}s has no field here`]),
    'kubeControllerManager:',
    `  serviceAccountPrivateKeyFile: ${quoted(signingKeyFile)}`,
  ];
}

/** Folders of key files that kubeadm does not mount by itself. */
function kubeadmVolumes({ signingKeyFile, publicKeyFiles }: ApiServerIssuer): readonly string[] {
  const folders = [signingKeyFile, ...publicKeyFiles].map((file) => file.replace(/\/[^/]*$/, '') || '/');
  const foreign = [...new Set(folders)].filter((folder) => folder.startsWith('/') && !/^\/etc\/kubernetes\/pki(?:\/|$)/.test(folder));
  if (foreign.length === 0) return [];
  return [
    '  extraVolumes:',
    ...foreign.flatMap((folder, index) => [
      `    - name: issuer-keys-${index}`,
      `      hostPath: ${quoted(folder)}`,
      `      mountPath: ${quoted(folder)}`,
      '      readOnly: true',
    ]),
  ];
}

/** A YAML scalar: JSON's quoting is YAML's. */
function quoted(text: string): string {
  return JSON.stringify(text);
}

function lines(list: readonly string[]): string {
  return `${list.join('\n')}\n`;
}
