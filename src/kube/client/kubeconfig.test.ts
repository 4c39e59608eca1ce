import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../../../test/support/fake-clock.ts';
import { inClusterCredentials } from './in-cluster.ts';
import { loadKubeconfig } from './kubeconfig.ts';

const clock = new FakeClock();
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'podrole-kubeconfig-'));
});
afterEach(() => rm(folder, { recursive: true }));

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const file = async (name: string, content: string | object): Promise<string> => {
  const full = path.join(folder, name);
  await writeFile(full, typeof content === 'string' ? content : JSON.stringify(content));
  return full;
};

const simple = (user: object, cluster: object = {}): object => ({
  apiVersion: 'v1',
  kind: 'Config',
  clusters: [{ name: 'c', cluster: { server: 'https://api:6443/', 'certificate-authority-data': base64('CA'), ...cluster } }],
  users: [{ name: 'u', user }],
  contexts: [{ name: 'x', context: { cluster: 'c', user: 'u', namespace: 'ns' } }],
  'current-context': 'x',
});

const asYaml = (user: string): string => `apiVersion: v1
kind: Config
clusters:
- name: c
  cluster: {server: "https://api:6443/", certificate-authority-data: ${base64('CA')}}
users:
- name: u
  user:
${user}
contexts:
- name: x
  context: {cluster: c, user: u, namespace: ns}
current-context: x
`;

const load = (full: string, context?: string) =>
  loadKubeconfig({ path: full, env: {}, clock, ...(context === undefined ? {} : { context }) });

describe('a kubeconfig', () => {
  it.each(['json', 'yaml'])('with a token, in %s', async (kind) => {
    const credentials = await load(await file('config', kind === 'json' ? simple({ token: 't' }) : asYaml('    token: t')));
    expect(credentials).toMatchObject({ server: 'https://api:6443', tls: { ca: 'CA' }, namespace: 'ns', source: 'x' });
    expect(await credentials.token?.({ fresh: false })).toBe('t');
  });

  it.each(['json', 'yaml'])('with a client certificate, in %s', async (kind) => {
    await file('key.pem', 'KEY');
    const user = { 'client-certificate-data': base64('CERT'), 'client-key': 'key.pem' };
    const yaml = `    client-certificate-data: ${base64('CERT')}\n    client-key: key.pem`;
    const credentials = await load(await file('config', kind === 'json' ? simple(user) : asYaml(yaml)));
    expect(credentials.tls).toEqual({ ca: 'CA', cert: 'CERT', key: 'KEY' });
    expect(credentials.token).toBeUndefined();
  });

  it('with a token file, relative to the kubeconfig and read anew', async () => {
    const tokens = await file('token', 'one\n');
    const credentials = await load(await file('config', simple({ tokenFile: 'token' })));
    expect(await credentials.token?.({ fresh: false })).toBe('one');
    await writeFile(tokens, 'two\n');
    expect(await credentials.token?.({ fresh: false })).toBe('one');
    expect(await credentials.token?.({ fresh: true })).toBe('two');
    await writeFile(tokens, 'three\n');
    await clock.advance(60_000);
    expect(await credentials.token?.({ fresh: false })).toBe('three');
    await rm(tokens);
    expect(await credentials.token?.({ fresh: true })).toBe('three');
  });

  it('with TLS options, a proxy, impersonation and basic authentication', async () => {
    const credentials = await load(
      await file(
        'config',
        simple(
          { username: 'a', password: 'b', as: 'someone' },
          { 'tls-server-name': 'other', 'insecure-skip-tls-verify': true, 'proxy-url': 'http://proxy:3128' },
        ),
      ),
    );
    expect(credentials.tls).toEqual({ ca: 'CA', servername: 'other', rejectUnauthorized: false, proxy: 'http://proxy:3128' });
    expect(credentials.headers).toEqual({ 'impersonate-user': 'someone', authorization: 'Basic YTpi' });
  });

  it('runs an exec plugin, and again when its token is refused', async () => {
    const count = path.join(folder, 'count');
    const script = `const fs=require('fs');fs.appendFileSync(${JSON.stringify(count)},'x');console.log(JSON.stringify({apiVersion:'client.authentication.k8s.io/v1',kind:'ExecCredential',status:{token:'run-'+fs.readFileSync(${JSON.stringify(count)}).length}}))`;
    const full = await file(
      'config',
      simple({ exec: { apiVersion: 'client.authentication.k8s.io/v1', command: process.execPath, args: ['-e', script] } }),
    );
    const credentials = await load(full);
    expect(await credentials.token?.({ fresh: false })).toBe('run-1');
    expect(await credentials.token?.({ fresh: false })).toBe('run-1');
    expect(await credentials.token?.({ fresh: true })).toBe('run-2');
  });

  it.each(['json', 'yaml'])('finds a plugin beside the kubeconfig, in %s', async (kind) => {
    const answer = '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"t"}}';
    await chmod(await file('plugin', `#!/bin/sh\necho '${answer}'\n`), 0o755);
    const exec = { apiVersion: 'client.authentication.k8s.io/v1', command: './plugin' };
    const credentials = await load(
      await file('config', kind === 'json' ? simple({ exec }) : asYaml(`    exec: {apiVersion: ${exec.apiVersion}, command: ./plugin}`)),
    );
    expect(await credentials.token?.({ fresh: false })).toBe('t');
  });

  it.each(['', '# nothing\n'])('that is empty is said to be so: %j', async (content) => {
    await expect(load(await file('config', content))).rejects.toThrow(
      'config is not a valid kubeconfig: it holds no clusters, users and contexts',
    );
  });

  it('says which plugin failed', async () => {
    const full = await file('config', simple({ exec: { command: path.join(folder, 'absent') } }));
    await expect(load(full)).rejects.toMatchObject({
      code: 'kube-credentials-invalid',
      message: expect.stringMatching(/^the credential plugin of user "u" failed: spawn .* ENOENT$/),
    });
  });

  it('of several files: the first that names something wins, absent ones do not count', async () => {
    const first = await file('one', { ...simple({ token: 'one' }), contexts: [] });
    const second = await file('two', simple({ token: 'two' }));
    const env = { KUBECONFIG: [path.join(folder, 'absent'), first, second].join(path.delimiter) };
    const credentials = await loadKubeconfig({ env, clock });
    expect(await credentials.token?.({ fresh: false })).toBe('one');
  });

  it('is looked for at home', async () => {
    await expect(loadKubeconfig({ env: { HOME: folder }, clock })).rejects.toThrow(
      `cannot read the kubeconfig ${path.join(folder, '.kube', 'config')}`,
    );
    await expect(loadKubeconfig({ env: {}, clock })).rejects.toThrow('neither KUBECONFIG nor HOME is set');
  });

  it.each([
    ['an unknown context', simple({}), 'nope', /has no context "nope"$/],
    ['no current context', { ...simple({}), 'current-context': '' }, undefined, /has no current context$/],
    ['a cluster that is not there', { ...simple({}), clusters: [] }, undefined, /names cluster "c", which is not there$/],
    ['broken JSON', '{"clusters":', undefined, /is not valid JSON$/],
    ['broken YAML', 'a: [', undefined, /is not a valid kubeconfig: /],
    ['a server that is no URL', simple({}, { server: 'api' }), undefined, /clusters\[0\].cluster.server must be an http or https URL$/],
    [
      'all problems at once',
      { clusters: [{}], users: 5, contexts: [{ name: 'x' }] },
      undefined,
      /clusters\[0\].name is missing; users must be a list; contexts\[0\].context.cluster is missing$/,
    ],
    [
      'a SOCKS proxy',
      simple({ token: 't' }, { 'proxy-url': 'socks5://p' }),
      undefined,
      /^the proxy socks5:\/\/p is not an http or https URL$/,
    ],
    ['a token file in YAML', asYaml('    tokenFile: /x'), undefined, /tokenFile is not read from YAML$/],
    [
      'an absent CA file',
      simple({}, { 'certificate-authority-data': undefined, 'certificate-authority': 'ca.crt' }),
      undefined,
      /^cannot read .*ca.crt: ENOENT/,
    ],
    ['a giant', `{"x":"${'x'.repeat(1024 * 1024)}"}`, undefined, /is larger than 1048576 bytes$/],
  ])('with %s is refused in words', async (_, content, context, message) => {
    const error = await load(await file('config', content), context).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'kube-credentials-invalid', message: expect.stringMatching(message) });
  });

  it('of any shape at all gives credentials or a refusal in words', async () => {
    const full = path.join(folder, 'config');
    const scalar = fc.oneof(fc.constantFrom(5, null, true), fc.string());
    const credentials = fc.oneof(
      fc.jsonValue({ maxDepth: 1 }),
      fc.record(
        { token: scalar, 'client-certificate-data': scalar, 'client-key-data': scalar, username: scalar, as: scalar },
        { requiredKeys: [] },
      ),
    );
    const server = fc.record(
      { server: fc.constantFrom('https://a', 'a', 5), 'certificate-authority-data': scalar, 'proxy-url': scalar },
      { requiredKeys: [] },
    );
    const entry = fc.oneof(
      fc.jsonValue({ maxDepth: 2 }),
      fc.record({
        name: fc.constant('x'),
        cluster: server,
        user: credentials,
        context: fc.record({ cluster: fc.constantFrom('x', 5), user: fc.constantFrom('x', 5) }),
      }),
    );
    const list = fc.oneof(fc.jsonValue({ maxDepth: 1 }), fc.array(entry, { maxLength: 3 }));
    const document = fc.record(
      { clusters: list, users: list, contexts: list, 'current-context': fc.constantFrom('x', 5, null) },
      { requiredKeys: [] },
    );
    const text = fc.oneof(
      document.map((value) => JSON.stringify(value)),
      // The comment sends it through the YAML reader.
      document.map((value) => `# yaml\n${JSON.stringify(value)}`),
      fc.string({ maxLength: 60 }),
      fc.string({ maxLength: 60 }).map((rest) => `{${rest}`),
    );
    await fc.assert(
      fc.asyncProperty(text, async (content) => {
        await writeFile(full, content);
        const result = await load(full).catch((error: unknown) => error);
        if (result instanceof Error) expect(result).toMatchObject({ name: 'CredentialsError', code: 'kube-credentials-invalid' });
        else expect(result).toMatchObject({ server: expect.any(String) });
      }),
      { numRuns: 200 },
    );
  });
});

describe('in a pod', () => {
  const env = { KUBERNETES_SERVICE_HOST: '10.0.0.1', KUBERNETES_SERVICE_PORT: '443' };

  it('the mounted token, authority and namespace are used', async () => {
    await file('token', 't\n');
    await file('ca.crt', 'CA');
    await file('namespace', 'kubeflow\n');
    const credentials = await inClusterCredentials({ env, clock, mountPath: folder });
    expect(credentials).toMatchObject({ server: 'https://10.0.0.1:443', tls: { ca: 'CA' }, namespace: 'kubeflow', source: 'in-cluster' });
    expect(await credentials.token?.({ fresh: false })).toBe('t');
    expect((await inClusterCredentials({ env: { ...env, KUBERNETES_SERVICE_HOST: 'fd00::1' }, clock, mountPath: folder })).server).toBe(
      'https://[fd00::1]:443',
    );
  });

  it('a missing mount is named', async () => {
    await file('ca.crt', 'CA');
    await expect(inClusterCredentials({ env, clock, mountPath: folder })).rejects.toThrow(`cannot read ${path.join(folder, 'token')}`);
    await expect(inClusterCredentials({ env: {}, clock })).rejects.toMatchObject({
      message: expect.stringMatching(/^this is no pod/),
      hint: 'name a cluster with --kubeconfig',
    });
  });
});
