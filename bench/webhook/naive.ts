/** What one writes in an afternoon: `node -e NAIVE PORT CERT KEY`. It knows one account and needs no API. */
export const NAIVE = `import { createServer } from 'node:https';
import { readFileSync } from 'node:fs';
const [port, cert, key] = process.argv.slice(1);
const roles = new Map([['bench/bound', 'arn:aws:iam::111122223333:role/kubeflow-bench']]);
const path = '/var/run/secrets/eks.amazonaws.com/serviceaccount';
createServer({ cert: readFileSync(cert), key: readFileSync(key) }, (request, response) => {
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => {
    const { kind, apiVersion, request: { uid, namespace, object } } = JSON.parse(Buffer.concat(chunks).toString());
    const answer = { uid, allowed: true };
    const role = roles.get(namespace + '/' + object.spec.serviceAccountName);
    if (role !== undefined) {
      const token = { audience: 'sts.amazonaws.com', expirationSeconds: 86400, path: 'token' };
      const volume = { name: 'aws-iam-token', projected: { sources: [{ serviceAccountToken: token }] } };
      const containers = object.spec.containers.map((container) => ({
        ...container,
        env: [...(container.env ?? []), { name: 'AWS_ROLE_ARN', value: role }, { name: 'AWS_WEB_IDENTITY_TOKEN_FILE', value: path + '/token' }],
        volumeMounts: [...(container.volumeMounts ?? []), { name: 'aws-iam-token', readOnly: true, mountPath: path }],
      }));
      const patch = [
        { op: 'add', path: '/spec/volumes/0', value: volume },
        { op: 'add', path: '/spec/containers', value: containers },
      ];
      Object.assign(answer, { patch: Buffer.from(JSON.stringify(patch)).toString('base64'), patchType: 'JSONPatch' });
    }
    const text = JSON.stringify({ kind, apiVersion, response: answer });
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
    response.end(text);
  });
}).listen(Number(port), '127.0.0.1');`;
