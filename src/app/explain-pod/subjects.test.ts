import { describe, expect, it } from 'vitest';
import { scan } from '../../webhook/scan.ts';
import { readManifests } from './manifests.ts';
import { type Subject, subjectOf } from './subjects.ts';
import { parseTarget } from './workloads.ts';

const spec = 'spec: {serviceAccountName: web, containers: [{name: c}]}';
const template = `template: {metadata: {labels: {app: web}}, ${spec}}`;

function subjects(text: string, namespace = 'default'): readonly Subject[] {
  const read = readManifests(text);
  if (!read.ok) throw new Error(JSON.stringify(read.problems));
  return read.manifests.flatMap((manifest) => subjectOf(manifest, namespace) ?? []);
}
const brief = (text: string): readonly string[] =>
  subjects(text).map(({ kind, name, namespace, serviceAccount }) => `${kind} ${namespace}/${name} ${serviceAccount ?? '-'}`);

describe('pods in files', () => {
  it.each([
    ['a pod', `kind: Pod\nmetadata: {name: p, namespace: a}\n${spec}`, ['Pod a/p web']],
    ['a pod whose name is generated', `kind: Pod\nmetadata: {generateName: p-}\n${spec}`, ['Pod default/p- web']],
    ['a pod of the old field', 'kind: Pod\nmetadata: {name: p}\nspec: {serviceAccount: old, containers: []}', ['Pod default/p old']],
    ['a pod without an account', 'kind: Pod\nmetadata: {name: p}\nspec: {containers: []}', ['Pod default/p default']],
    [
      'a mirror pod',
      'kind: Pod\nmetadata: {name: p, annotations: {kubernetes.io/config.mirror: x}}\nspec: {containers: []}',
      ['Pod default/p -'],
    ],
    ...['Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet', 'ReplicationController', 'Job', 'Notebook'].map(
      (kind): [string, string, string[]] => [
        `the template of a ${kind}`,
        `kind: ${kind}\nmetadata: {name: w, namespace: a}\nspec: {${template}}`,
        [`${kind} a/w web`],
      ],
    ),
    [
      'the template of a CronJob',
      `kind: CronJob\nmetadata: {name: w}\nspec: {jobTemplate: {spec: {${template}}}}`,
      ['CronJob default/w web'],
    ],
    ['a PodTemplate', `kind: PodTemplate\nmetadata: {name: w}\n${template}`, ['PodTemplate default/w web']],
    ['what makes no pods', 'kind: Service\nmetadata: {name: s}\nspec: {ports: []}', []],
    [
      'documents, empty ones among them',
      `---\nkind: Pod\nmetadata: {name: p}\n${spec}\n---\n---\nkind: ConfigMap\nmetadata: {name: c}\n`,
      ['Pod default/p web'],
    ],
    ['a list', `kind: List\nitems:\n- {kind: Pod, metadata: {name: p}, ${spec}}`, ['Pod default/p web']],
    ['a typed list', `kind: PodList\napiVersion: v1\nitems:\n- {metadata: {name: p}, ${spec}}`, ['Pod default/p web']],
    ['JSON', '{"kind":"Pod","metadata":{"name":"p"},"spec":{"serviceAccountName":"web"}}', ['Pod default/p web']],
    ['YAML in braces', '{kind: Pod, metadata: {name: p}, spec: {serviceAccountName: web}}', ['Pod default/p web']],
  ])('are found: %s', (_, text, expected) => expect(brief(text)).toEqual(expected));

  it('are reviewed as the API server would send them', () => {
    const [subject] = subjects(`kind: Job\nmetadata: {name: w}\nspec: {${template}}`, 'team');
    expect(subject && scan(subject.review)).toMatchObject({
      kind: 'pod',
      namespace: 'team',
      serviceAccount: 'web',
      displayName: 'w-',
      settled: undefined,
    });
  });

  it('are taken from a review as it is', () => {
    const review = {
      kind: 'AdmissionReview',
      apiVersion: 'admission.k8s.io/v1',
      request: {
        uid: 'u',
        namespace: 'a',
        operation: 'UPDATE',
        kind: { kind: 'Pod' },
        object: { metadata: { name: 'p' }, spec: { serviceAccountName: 's' } },
      },
    };
    const [subject] = subjects(JSON.stringify(review));
    expect(subject).toMatchObject({ kind: 'AdmissionReview', name: 'p', namespace: 'a', serviceAccount: 's' });
    expect(subject && scan(subject.review)).toMatchObject({ settled: 'NotACreate' });
  });

  it.each([
    ['no object', 'just text', [{ path: '', message: 'must be a Kubernetes object' }]],
    ['a list of no objects', 'kind: List\nitems: [1]', [{ path: '/items/0', message: 'must be a Kubernetes object' }]],
    ['a member twice', 'kind: Pod\nkind: Pod', [{ path: '', message: expect.stringContaining('unique') }]],
    [
      'two broken documents',
      'a: [\n---\nb: {\n',
      [
        { path: 'document 1', message: expect.any(String) },
        { path: 'document 2', message: expect.any(String) },
      ],
    ],
    [
      'aliases that multiply',
      `a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: [*c,*c,*c,*c,*c,*c,*c,*c,*c]`,
      [{ path: '', message: expect.stringContaining('alias') }],
    ],
  ])('are refused: %s', (_, text, problems) => expect(readManifests(text)).toEqual({ ok: false, problems }));
});

describe('a target', () => {
  it.each([
    ['pod/web-0', 'Pod web-0'],
    ['po/web', 'Pod web'],
    ['Pods/web', 'Pod web'],
    ['deployment/a.b', 'Deployment a.b'],
    ['sts/db', 'StatefulSet db'],
    ['cj/x', 'CronJob x'],
    ['rc/x', 'ReplicationController x'],
  ])('%s is %s', (text, expected) => {
    const target = parseTarget(text);
    expect(target && `${target.resource.kind} ${target.name}`).toBe(expected);
  });

  it.each(['web', 'pod/', '/web', 'service/web', 'pod/../x', 'pod/a/b', 'pod/A'])('%s names none', (text) =>
    expect(parseTarget(text)).toBeUndefined(),
  );
});
