/** One cluster, one user, one context of the same name: JSON, which every kubeconfig reader takes for the YAML that it is. */
export function kubeconfigText(access: {
  readonly name: string;
  readonly server: string;
  readonly caPem: string;
  readonly token: string;
}): string {
  const { name, server } = access;
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': name,
    clusters: [{ name, cluster: { server, 'certificate-authority-data': Buffer.from(access.caPem).toString('base64') } }],
    users: [{ name, user: { token: access.token } }],
    contexts: [{ name, context: { cluster: name, user: name, namespace: 'default' } }],
  };
  return `${JSON.stringify(config, null, 2)}\n`;
}
