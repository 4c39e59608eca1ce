import fc from 'fast-check';
import { AWS_VARIABLES } from '../../src/identity/environment.ts';

const name = fc.constantFrom('main', 'sidecar', 'init', 'a b', 'ü', 'aws-iam-token', '');
const maybe = <T>(value: fc.Arbitrary<T>, ...absent: readonly (null | undefined)[]): fc.Arbitrary<T | null | undefined> =>
  fc.oneof({ weight: 4, arbitrary: value }, { weight: 1, arbitrary: fc.constantFrom(...(absent.length > 0 ? absent : [undefined, null])) });
/** Members that no version of podrole knows; they must survive. */
const future = fc.dictionary(fc.constantFrom('futureField', 'x-ü', 'spec', 'env'.toUpperCase(), 'nested'), fc.jsonValue({ maxDepth: 2 }), {
  maxKeys: 2,
});

const variable = fc
  .record(
    { name: fc.oneof(fc.constantFrom(...AWS_VARIABLES), fc.constantFrom('PATH', 'X', 'AWS_PROFILE')), value: maybe(fc.string()) },
    { requiredKeys: ['name'] },
  )
  .chain((known) => future.map((rest) => ({ ...rest, ...known })));

const mountPaths = [
  '/var/run/secrets/eks.amazonaws.com/serviceaccount',
  '/var/run/secrets/eks.amazonaws.com/serviceaccount/',
  '/var/run/secrets/eks.amazonaws.com/serviceaccount-podrole',
  '/var/run/secrets/pods.eks.amazonaws.com/serviceaccount',
  '/data',
  '',
];
const volumeNames = ['aws-iam-token', 'aws-iam-token-podrole', 'eks-pod-identity-token', 'data'];
const mount = fc
  .record(
    {
      name: fc.constantFrom(...volumeNames),
      mountPath: fc.constantFrom(...mountPaths),
      readOnly: fc.boolean(),
      subPath: fc.constantFrom('', 'part'),
      subPathExpr: fc.constantFrom('', '$(X)'),
    },
    { requiredKeys: ['name'] },
  )
  .chain((known) => future.map((rest) => ({ ...rest, ...known })));

const container = fc
  .record({ name, env: maybe(fc.array(variable, { maxLength: 6 })), volumeMounts: maybe(fc.array(mount, { maxLength: 3 })) })
  .chain((known) => future.map((rest) => ({ ...rest, ...known })));

const token = fc.record(
  {
    audience: fc.constantFrom('sts.amazonaws.com', 'pods.eks.amazonaws.com', 'other', ''),
    expirationSeconds: fc.nat(),
    path: fc.constantFrom('token', 'eks-pod-identity-token', 'x'),
  },
  { requiredKeys: ['path'] },
);
const source = fc.oneof(
  { weight: 4, arbitrary: token.map((serviceAccountToken) => ({ serviceAccountToken })) },
  { weight: 1, arbitrary: fc.constantFrom({ configMap: { name: 'c' } }, { serviceAccountToken: null }, null) },
);
const volume = fc.record(
  {
    name: fc.constantFrom(...volumeNames),
    projected: fc.oneof(fc.record({ sources: maybe(fc.array(source, { maxLength: 2 })) }), fc.constantFrom(null)),
    hostPath: fc.constantFrom({ path: '/x' }),
  },
  { requiredKeys: ['name'] },
);

const texts = fc.dictionary(
  fc.constantFrom(
    'eks.amazonaws.com/skip-containers',
    'eks.amazonaws.com/token-expiration',
    'eks.amazonaws.com/pod-identity',
    'podrole.dev/region',
    'podrole.dev/include-containers',
    'a',
  ),
  fc.constantFrom('main', 'main,sidecar', 'enabled', '3600', '1', 'abc', '"', 'auto', '', 'ü'),
  { maxKeys: 3 },
);

/** Pods as an API server sends them and stranger, but of a pod's shape. */
export const pods = fc
  .record({
    metadata: fc.record(
      {
        name: fc.constantFrom('p', 'x'.repeat(80)),
        generateName: fc.constantFrom('p-'),
        labels: maybe(texts, null),
        annotations: maybe(texts, null),
        managedFields: fc.constantFrom([{ fieldsV1: { 'f:spec': { 'f:containers': { 'k:{"name":"main"}': { '.': {} } } } } }]),
      },
      { requiredKeys: [] },
    ),
    spec: fc
      .record(
        {
          serviceAccountName: fc.constantFrom('sa'),
          containers: maybe(fc.array(container, { maxLength: 3 })),
          initContainers: maybe(fc.array(container, { maxLength: 2 })),
          volumes: maybe(fc.array(volume, { maxLength: 3 })),
          nodeSelector: maybe(
            fc.dictionary(fc.constantFrom('kubernetes.io/os', 'beta.kubernetes.io/os', 'a'), fc.constantFrom('windows', 'linux'), {
              maxKeys: 2,
            }),
            null,
          ),
          os: maybe(fc.record({ name: fc.constantFrom('windows', 'linux') }), null),
          ephemeralContainers: fc.array(container, { maxLength: 1 }),
        },
        { requiredKeys: ['serviceAccountName'] },
      )
      .chain((known) => future.map((rest) => ({ ...rest, ...known }))),
  })
  .chain((known) => future.map((rest) => ({ ...rest, ...known })))
  // As on the wire: a member that is undefined is absent.
  .map(
    (pod) =>
      JSON.parse(JSON.stringify(pod)) as {
        readonly metadata: Readonly<Record<string, unknown>>;
        readonly spec: Readonly<Record<string, unknown>>;
      },
  );
