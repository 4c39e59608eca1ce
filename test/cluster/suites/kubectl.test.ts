import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parse } from 'yaml';
import { decodeToken } from '../../../src/oidc/decode-token.ts';
import { type Kubectl, openKubectl } from '../../support/kubectl.ts';
import { root } from '../../support/run-podrole.ts';
import { cachedKubectl } from '../../support/worlds/control-plane.ts';
import { inWorld } from '../../support/worlds/world.ts';

const found = await cachedKubectl();
const program = 'program' in found ? found.program : '';
const AGE = /\b(?:\d+[smh])+\b/g;

inWorld('kubectl', (world) => {
  const namespace = `kubectl-${randomBytes(3).toString('hex')}`;
  let kubectl: Kubectl;
  const inside = (...args: readonly string[]): Promise<string> => kubectl.ok('-n', namespace, ...args);
  /** Lines of a table, its columns one blank apart, ages as `AGE`. */
  const table = (text: string): readonly string[] =>
    text
      .trimEnd()
      .split('\n')
      .map((line, index) =>
        line
          .trim()
          .replace(/ {2,}/g, ' ')
          .replace(AGE, index === 0 ? '$&' : 'AGE'),
      );
  const pod = (name: string, labels: object = {}): object => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace, labels },
    spec: { containers: [{ name: 'main', image: 'example.test/none:1' }] },
  });

  beforeAll(async () => {
    if ('skipped' in found) return;
    kubectl = await openKubectl(program, world().sandbox.kubeconfig);
    await kubectl.ok('create', 'namespace', namespace);
    await kubectl.ok('apply', '-f', join(root, 'deploy/crds'));
    await kubectl.ok('wait', '--for=condition=Established', 'crd/profiles.kubeflow.org', '--timeout=10s');
    for (;;) {
      if ((await kubectl('-n', namespace, 'get', 'sa', 'default')).code === 0) break;
    }
  });
  afterAll(async () => {
    if ('skipped' in found) return;
    await kubectl.ok('delete', 'namespace', namespace, '--wait=false');
    await kubectl.close();
  });
  const test = it.skipIf('skipped' in found);

  test('get prints tables, with more columns when asked', async () => {
    await inside('apply', '-f', await kubectl.file('pod.json', pod('one', { app: 'x' })));
    expect(table(await inside('get', 'pods'))).toEqual(['NAME READY STATUS RESTARTS AGE', 'one 0/1 Pending 0 AGE']);
    expect(table(await inside('get', 'pods', '-o', 'wide'))).toEqual([
      'NAME READY STATUS RESTARTS AGE IP NODE NOMINATED NODE READINESS GATES',
      'one 0/1 Pending 0 AGE <none> <none> <none> <none>',
    ]);
    expect(table(await inside('get', 'pods', '--show-labels'))).toEqual([
      'NAME READY STATUS RESTARTS AGE LABELS',
      'one 0/1 Pending 0 AGE app=x',
    ]);
    expect(table(await kubectl.ok('get', 'namespace', namespace))).toEqual(['NAME STATUS AGE', `${namespace} Active AGE`]);
  });

  test('get speaks every format', async () => {
    expect(JSON.parse(await inside('get', 'pod', 'one', '-o', 'json'))).toMatchObject({
      kind: 'Pod',
      metadata: { name: 'one', namespace },
    });
    expect(parse(await inside('get', 'pod', 'one', '-o', 'yaml'))).toMatchObject({ kind: 'Pod', metadata: { name: 'one', namespace } });
    expect(await inside('get', 'pods', '-o', 'name')).toBe('pod/one\n');
    expect(await inside('get', 'pods', '-o', 'jsonpath={.items[*].spec.containers[0].image}')).toBe('example.test/none:1');
    expect(table(await inside('get', 'pods', '-o', 'custom-columns=N:.metadata.name,I:.spec.containers[0].image'))).toEqual([
      'N I',
      'one example.test/none:1',
    ]);
  });

  test('get selects by labels and fields, in one namespace or in all', async () => {
    await inside('apply', '-f', await kubectl.file('pod.json', pod('two', { app: 'y' })));
    expect(await inside('get', 'pods', '-l', 'app in (y,z)', '-o', 'name')).toBe('pod/two\n');
    expect(await inside('get', 'pods', '-l', 'app!=y', '-o', 'name')).toBe('pod/one\n');
    expect(await inside('get', 'pods', '--field-selector', 'metadata.name=one', '-o', 'name')).toBe('pod/one\n');
    const everywhere = table(await kubectl.ok('get', 'pods', '-A', '-l', 'app in (x,y)'));
    expect(everywhere[0]).toBe('NAMESPACE NAME READY STATUS RESTARTS AGE');
    expect(everywhere).toContain(`${namespace} one 0/1 Pending 0 AGE`);
    expect((await kubectl('-n', namespace, 'get', 'pods', '-l', 'app=nothing')).stderr).toBe(
      `No resources found in ${namespace} namespace.\n`,
    );
  });

  test('get -w tells what comes after it began, and what becomes of it', async () => {
    await inside('create', 'configmap', 'before');
    const watching = kubectl.start('-n', namespace, 'get', 'configmaps', '-w', '--output-watch-events');
    // Its list is told: the watch has begun, and nothing of what follows can be of that list.
    await expect.poll(() => table(watching.output()), { timeout: 10_000 }).toContain('ADDED before 0 AGE');
    expect(watching.output()).not.toContain('watched');
    await inside('create', 'configmap', 'watched', '--from-literal=a=b');
    await inside('label', 'configmap', 'watched', 'seen=yes');
    await inside('delete', 'configmap', 'watched');
    const events = (): readonly string[] => table(watching.output()).filter((line) => line.includes(' watched '));
    await expect.poll(events, { timeout: 10_000 }).toEqual(['ADDED watched 1 AGE', 'MODIFIED watched 1 AGE', 'DELETED watched 1 AGE']);
    expect(watching.child.exitCode).toBeNull();
    watching.child.kill();
  });

  test('apply creates, changes, leaves as it is, and takes out what the file no longer has', async () => {
    const map = (data: object): object => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'applied' }, data });
    const apply = async (data: object): Promise<string> => inside('apply', '-f', await kubectl.file('map.json', map(data)));
    expect(await apply({ a: '1', b: '1' })).toBe('configmap/applied created\n');
    expect(await apply({ a: '1', b: '1' })).toBe('configmap/applied unchanged\n');
    expect(await apply({ a: '2' })).toBe('configmap/applied configured\n');
    expect(await inside('get', 'configmap', 'applied', '-o', 'jsonpath={.data}')).toBe('{"a":"2"}');
    const difference = await kubectl('-n', namespace, 'diff', '-f', await kubectl.file('map.json', map({ a: '3' })));
    expect([difference.code, difference.stdout.includes('+  a: "3"')]).toEqual([1, true]);
  });

  test('apply --server-side says whose a field is', async () => {
    const map = (a: string): object => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'server-side' }, data: { a } });
    const apply = async (a: string, ...more: readonly string[]): ReturnType<Kubectl> =>
      kubectl('-n', namespace, 'apply', '--server-side', '-f', await kubectl.file('map.json', map(a)), ...more);
    expect((await apply('1', '--field-manager=first')).stdout).toBe('configmap/server-side serverside-applied\n');
    const refused = await apply('2', '--field-manager=second');
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('Apply failed with 1 conflict: conflict with "first": .data.a');
    expect((await apply('2', '--field-manager=second', '--force-conflicts')).code).toBe(0);
  });

  test('apply goes over to --server-side and back, prunes, and a field selector finds what is left', async () => {
    const map = (name: string, a: string): object => ({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name, labels: { set: 'changing' } },
      data: { a },
    });
    await inside('apply', '-f', await kubectl.file('map.json', map('goes-over', '1')));
    await inside('apply', '-f', await kubectl.file('map.json', map('pruned', '1')));
    const file = await kubectl.file('map.json', map('goes-over', '2'));
    const difference = await kubectl('-n', namespace, 'diff', '--server-side', '-f', file);
    expect([difference.code, difference.stdout.includes('+  a: "2"')]).toEqual([1, true]);
    expect(await inside('apply', '--server-side', '-f', file)).toBe('configmap/goes-over serverside-applied\n');
    const owners = ['-o', 'jsonpath={range .metadata.managedFields[*]}{.manager} {.operation}, {end}', '--show-managed-fields'];
    const owned = (await inside('get', 'configmap', 'goes-over', ...owners)).split(', ').filter(Boolean).sort();
    expect(owned).toEqual(['kubectl Apply', 'kubectl-last-applied Apply']);
    const changed = await kubectl.file('map.json', map('goes-over', '3'));
    const prune = ['--prune', '-l', 'set=changing', '--prune-allowlist=core/v1/ConfigMap'];
    expect(await inside('apply', '-f', changed, ...prune)).toBe('configmap/goes-over configured\nconfigmap/pruned pruned\n');
    const left = ['get', 'configmap', '-l', 'set=changing', '--field-selector', 'metadata.name!=other', '-o', 'jsonpath={.items[*].data}'];
    expect(await inside(...left)).toBe('{"a":"3"}');
  });

  test('drain evicts the pods of a node', async () => {
    const node = `drained-${namespace}`;
    await kubectl.ok('apply', '-f', await kubectl.file('node.json', { apiVersion: 'v1', kind: 'Node', metadata: { name: node } }));
    const spec = { nodeName: node, serviceAccountName: 'default', containers: [{ name: 'c', image: 'i' }] };
    await inside('apply', '-f', await kubectl.file('pod.json', { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'drained' }, spec }));
    expect(await kubectl.ok('drain', node, '--force', '--grace-period=0', '--timeout=30s')).toContain('pod/drained evicted\n');
    await kubectl.ok('delete', 'node', node);
  });

  test('patch speaks all three languages; a strategic merge knows the keys of lists', async () => {
    const image = ['-o', 'jsonpath={.metadata.labels}'];
    await inside('patch', 'pod', 'one', '--type=merge', '-p', '{"metadata":{"labels":{"m":"1"}}}');
    await inside('patch', 'pod', 'one', '--type=json', '-p', '[{"op":"add","path":"/metadata/labels/j","value":"1"}]');
    await inside(
      'patch',
      'pod',
      'one',
      '-p',
      '{"metadata":{"labels":{"s":"1"}},"spec":{"containers":[{"name":"main","image":"example.test/none:2"}]}}',
    );
    expect(JSON.parse(await inside('get', 'pod', 'one', ...image))).toEqual({ app: 'x', m: '1', j: '1', s: '1' });
    expect(await inside('get', 'pod', 'one', '-o', 'jsonpath={.spec.containers[*].image}')).toBe('example.test/none:2');
    const account = await kubectl.file('sa.json', {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name: 'puller' },
      secrets: [{ name: 'a' }],
    });
    await inside('apply', '-f', account);
    await inside('patch', 'serviceaccount', 'puller', '-p', '{"secrets":[{"name":"b"}]}');
    expect(await inside('get', 'serviceaccount', 'puller', '-o', 'jsonpath={.secrets[*].name}')).toBe('b a');
  });

  test('annotate and label add, refuse to overwrite, and take away', async () => {
    expect(await inside('annotate', 'serviceaccount', 'default', 'eks.amazonaws.com/role-arn=arn:aws:iam::111122223333:role/a')).toBe(
      'serviceaccount/default annotated\n',
    );
    expect(await inside('label', 'serviceaccount', 'default', 'team=a')).toBe('serviceaccount/default labeled\n');
    const again = await kubectl('-n', namespace, 'label', 'serviceaccount', 'default', 'team=b');
    expect([again.code, again.stderr.includes('already has a value (a), and --overwrite is false')]).toEqual([1, true]);
    expect(await inside('label', 'serviceaccount', 'default', 'team-')).toBe('serviceaccount/default unlabeled\n');
  });

  test('describe tells of an object and its events', async () => {
    const now = new Date().toISOString().replace(/\.\d+Z/, 'Z');
    const uid = await inside('get', 'pod', 'one', '-o', 'jsonpath={.metadata.uid}');
    const event = {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: 'one.1', namespace },
      involvedObject: { kind: 'Pod', namespace, name: 'one', uid, apiVersion: 'v1' },
      type: 'Warning',
      reason: 'Tested',
      message: 'a test looked at it',
      source: { component: 'test' },
      firstTimestamp: now,
      lastTimestamp: now,
      count: 1,
    };
    await inside('create', '-f', await kubectl.file('event.json', event));
    const text = await inside('describe', 'pod', 'one');
    expect(text).toMatch(/^Name: +one$/m);
    expect(text).toMatch(/^Status: +Pending$/m);
    expect(text).toMatch(/^ +Image: +example\.test\/none:2$/m);
    expect(text).toMatch(/Warning +Tested .+ test +a test looked at it/);
    expect(table(await inside('events'))).toEqual([
      'LAST SEEN TYPE REASON OBJECT MESSAGE',
      'AGE Warning Tested Pod/one a test looked at it',
    ]);
    expect(await inside('describe', 'serviceaccount', 'default')).toContain('eks.amazonaws.com/role-arn: arn:aws:iam::111122223333:role/a');
  });

  test('create token makes a token of this cluster', async () => {
    const token = (await inside('create', 'token', 'default', '--audience=sts.amazonaws.com', '--duration=20m')).trim();
    const decoded = decodeToken(token);
    expect(decoded.ok && [decoded.token.claims.aud, decoded.token.claims.sub, decoded.token.claims.iss]).toEqual([
      ['sts.amazonaws.com'],
      `system:serviceaccount:${namespace}:default`,
      world().sandbox.issuer,
    ]);
  });

  test('explain and api-resources know the Profile', async () => {
    const text = await kubectl.ok('explain', 'profile.spec');
    expect(text).toMatch(/^GROUP: +kubeflow\.org$/m);
    expect(text).toMatch(/^KIND: +Profile$/m);
    expect(text).toMatch(/^ {2}plugins\t<\[\]Object>$/m);
    expect(await kubectl.ok('explain', 'pod.spec.serviceAccountName')).toMatch(/^FIELD: serviceAccountName <string>$/m);
    const lines = table(await kubectl.ok('api-resources', '--api-group=kubeflow.org', '-o', 'wide'));
    expect(lines[0]).toBe('NAME SHORTNAMES APIVERSION NAMESPACED KIND VERBS CATEGORIES');
    expect(lines[1]).toMatch(/^profiles kubeflow\.org\/v1 false Profile delete,deletecollection,get,list,patch,create,update,watch/);
    const core = (await kubectl.ok('api-resources', '--api-group=', '--no-headers', '-o', 'name')).split('\n');
    expect(core).toEqual(expect.arrayContaining(['configmaps', 'events', 'namespaces', 'pods', 'secrets', 'serviceaccounts']));
  });

  test('a Profile has the columns of its definition', async () => {
    const text = await readFile(join(root, 'examples/profile-user-a.yaml'), 'utf8');
    const profile = { ...(parse(text) as { readonly metadata: object }), metadata: { name: namespace } };
    await kubectl.ok('apply', '-f', await kubectl.file('profile.json', profile));
    const [head = '', row = ''] = table(await kubectl.ok('get', 'profiles'));
    expect(head).toBe('NAME OWNER ROLE READY AGE');
    expect(row).toMatch(new RegExp(`^${namespace} user-a@example\\.com `));
    await kubectl.ok('delete', 'profile', namespace);
  });

  test('delete waits until a finalizer has gone', async () => {
    await inside('create', 'configmap', 'held');
    await inside('patch', 'configmap', 'held', '--type=merge', '-p', '{"metadata":{"finalizers":["podrole.dev/test"]}}');
    const deleting = kubectl.start('-n', namespace, 'delete', 'configmap', 'held', '--wait');
    const ended = new Promise<number | null>((resolve) => deleting.child.once('close', resolve));
    await expect
      .poll(() => inside('get', 'configmap', 'held', '-o', 'jsonpath={.metadata.deletionTimestamp}'), { timeout: 10_000 })
      .toMatch(/^\d{4}-/);
    expect(deleting.child.exitCode).toBeNull();
    await inside('patch', 'configmap', 'held', '--type=merge', '-p', '{"metadata":{"finalizers":null}}');
    expect(await ended).toBe(0);
    expect(deleting.output()).toMatch(/configmap "held" deleted/);
  });

  test('what is not there is not found, in kubectl’s words', async () => {
    const missing = await kubectl('-n', namespace, 'get', 'pod', 'nobody');
    expect([missing.code, missing.stderr]).toEqual([1, 'Error from server (NotFound): pods "nobody" not found\n']);
    const kind = await kubectl('get', 'nonsense');
    expect([kind.code, kind.stderr]).toEqual([1, `error: the server doesn't have a resource type "nonsense"\n`]);
  });
});
