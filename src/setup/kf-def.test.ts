import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseKfDef } from './kf-def.ts';

const vector = (name: string): string => readFileSync(new URL(`../../test/vectors/kfdef/${name}`, import.meta.url), 'utf8');
const example = (name: string): string => readFileSync(new URL(`../../examples/${name}`, import.meta.url), 'utf8');

/** A KfDef around the lines of the plugin's spec. */
const kfDef = (spec: string, metadata = 'name: demo'): string =>
  `apiVersion: kfdef.apps.kubeflow.org/v1\nkind: KfDef\nmetadata: {${metadata}}\nspec:\n  plugins:\n  - kind: KfAwsPlugin\n    spec:\n${spec.replace(/^/gm, '      ')}`;

const problemsOf = (text: string): readonly string[] => {
  const read = parseKfDef(text);
  return read.ok ? [] : read.problems.map(({ path, message }) => `${path}: ${message}`);
};

describe('real KfDefs', () => {
  it('the documentation’s block needs no auth', () => {
    expect(parseKfDef(vector('seed.yaml'))).toEqual({
      ok: true,
      request: {
        cluster: 'demo',
        region: 'us-west-2',
        namespace: 'kubeflow',
        enablePodIamPolicy: true,
        enableNodeGroupLog: false,
        outside: [],
      },
    });
  });

  it.each([
    ['kfctl_aws.v1.2.0.yaml', true, ["auth.basicAuth: sign-in with a static password is not podrole's"]],
    ['kfctl_aws_cognito.v1.2.0.yaml', true, ["auth.cognito: sign-in with Cognito is not podrole's"]],
    [
      'kfctl_aws.v1.0.2.yaml',
      false,
      [
        "auth.basicAuth: sign-in with a static password is not podrole's",
        "roles: policies of node roles (eksctl-kubeflow-aws-nodegroup-ng-a2-NodeInstanceRole-xxxxxxx) are not podrole's, and pods need none of them",
      ],
    ],
  ] as const)('%s', (name, enablePodIamPolicy, outside) => {
    expect(parseKfDef(vector(name), { cluster: 'demo' })).toEqual({
      ok: true,
      request: { cluster: 'demo', region: 'us-west-2', namespace: 'kubeflow', enablePodIamPolicy, enableNodeGroupLog: false, outside },
    });
  });

  it('a file without a name needs --cluster, whatever its folder is called', () => {
    expect(problemsOf(vector('kfctl_aws.v1.2.0.yaml'))).toEqual(['4:3: the cluster has no name: give --cluster NAME or metadata.name']);
  });

  it.each(['kfctl_aws.yaml', 'kfctl_aws_cognito.yaml'])('the shipped example %s is valid', (name) => {
    expect(parseKfDef(example(name))).toMatchObject({ ok: true, request: { cluster: 'demo', enablePodIamPolicy: true } });
  });
});

describe('the blocks that are not podrole’s', () => {
  it('are all looked at, whichever comes first', () => {
    expect(
      problemsOf(
        kfDef(
          'auth:\n  basicAuth: {username: admin}\nmanagedRelationDatabase: {host: db, username: ""}\nmanagedObjectStorage: {endpoint: e, bucket: b}',
        ),
      ),
    ).toEqual([
      '9:20: basicAuth.password is missing or empty',
      '10:53: managedRelationDatabase.username is missing or empty',
      '10:32: managedRelationDatabase.password is missing or empty',
      '11:29: managedObjectStorage.region is missing or empty',
    ]);
  });

  it('are named when they are complete', () => {
    const read = parseKfDef(
      kfDef(
        [
          'auth: {oidc: {oidcAuthorizationEndpoint: a, oidcIssuer: b, oidcTokenEndpoint: c, oidcUserInfoEndpoint: d, certArn: e, oAuthClientId: f, oAuthClientSecret: g}}',
          'managedRelationDatabase: {host: db, port: 3306, database: kf, username: u, password: p}',
          'managedObjectStorage: {endpoint: e, region: r, bucket: b, pathPrefix: p}',
          'managedCluster: true',
          'enablePodIamPolicy: true',
        ].join('\n'),
      ),
    );
    expect(read.ok && read.request.outside).toEqual([
      "auth.oidc: sign-in with an OpenID Connect provider is not podrole's",
      "managedRelationDatabase: the external database of pipelines and metadata is not podrole's",
      "managedObjectStorage: the external object storage of pipelines (kfctl read it and did nothing with it) is not podrole's",
      "managedCluster: the creation of the cluster is not podrole's, use eksctl",
    ]);
  });

  it('one form of sign-in is enough', () => {
    expect(problemsOf(kfDef('auth:\n  basicAuth: {username: a, password: b}\n  saml: {}'))).toEqual([
      '10:9: auth has no member saml: it takes basicAuth, cognito, oidc',
    ]);
    expect(
      problemsOf(
        kfDef(
          'auth:\n  basicAuth: {username: a, password: b}\n  cognito: {cognitoAppClientId: a, cognitoUserPoolArn: b, cognitoUserPoolDomain: c, certArn: d}',
        ),
      ),
    ).toEqual(['9:9: auth must have one form of sign-in']);
  });

  it('a password is never in a problem', () => {
    expect(problemsOf(kfDef('auth: {basicAuth: {username: a, password: hunter2, extra: hunter2}}\nregion: 5')).join()).not.toContain(
      'hunter2',
    );
  });
});

describe('mistakes', () => {
  it('are told all at once, each with its place', () => {
    expect(
      problemsOf(
        'apiVersion: kfdef.apps.kubeflow.org/v1alpha1\nkind: Deployment\nmetadata: {name: a/b, namespace: Kube}\nspec:\n  plugins:\n  - kind: KfAwsPlugin\n    spec: {region: mars, enablePodIamPolicy: yes please, addons: []}\n',
      ),
    ).toEqual([
      '2:7: kind must be KfDef',
      '1:13: apiVersion must be one of kfdef.apps.kubeflow.org/v1, kfdef.apps.kubeflow.org/v1beta1',
      '3:18: "a/b" is not a cluster name: letters, digits, - and _, at most 100',
      '3:34: "Kube" is not the name of a namespace',
      '7:20: "mars" is not an AWS region, such as us-west-2',
      '7:46: enablePodIamPolicy must be true or false',
      '7:58: KfAwsPlugin has no member addons',
    ]);
  });

  it.each([
    ['- a list', '1:1: the file is not a KfDef: it holds no mapping'],
    ['', '1:1: the file is not a KfDef: it holds no mapping'],
    ['kind: KfDef\nkind: KfDef', '2:1: Map keys must be unique'],
    [`a: ${'['.repeat(65)}`, '1:1: the file nests deeper than 64 levels'],
    ['x'.repeat(256 * 1024 + 1), '1:1: the file is larger than 256 KiB'],
  ])('%#: one that stops the reading', (text, problem) => {
    expect(problemsOf(text)).toEqual([problem]);
  });

  it('a file without the plugin says so', () => {
    expect(
      problemsOf('apiVersion: kfdef.apps.kubeflow.org/v1\nkind: KfDef\nmetadata: {name: demo}\nspec: {plugins: [{kind: KfGcpPlugin}]}'),
    ).toEqual(['4:7: spec.plugins holds no plugin of kind KfAwsPlugin']);
  });

  it('an alias is no mapping, so a bomb of them stays folded', () => {
    const bomb = Array.from(
      { length: 30 },
      (_, level) => `a${level}: &a${level} [${level === 0 ? '1' : `*a${level - 1}, *a${level - 1}`}]`,
    ).join('\n');
    expect(problemsOf(`${bomb}\nspec: *a29`)).toContain('31:7: spec must be a mapping');
  });
});

describe('any text', () => {
  const word = fc.constantFrom(
    'kind: ',
    'KfDef',
    'spec:',
    'plugins:',
    '- ',
    '\n',
    '  ',
    '{',
    '}',
    '[',
    ']',
    '&a ',
    '*a',
    'auth: ',
    '"',
    ': ',
    '!!js/function ',
    '<<: ',
    '\u0000',
  );
  it('is read or refused with places, and never throws', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(word, { maxLength: 40 }).map((words) => words.join('')),
        ),
        (text) => {
          const read = parseKfDef(text);
          if (!read.ok) expect(read.problems.every(({ path }) => /^\d+:\d+$/.test(path))).toBe(true);
          return true;
        },
      ),
      { numRuns: 500 },
    );
  });
});
