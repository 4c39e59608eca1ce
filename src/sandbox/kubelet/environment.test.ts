import { describe, expect, it } from 'vitest';
import { containerEnvironment } from './environment.ts';
import type { Container, Pod } from './pod.ts';

const container: Container = {
  name: 'main',
  image: 'i',
  env: [
    { name: 'TOKEN_FILE', value: '/var/run/secrets/x/token' },
    { name: 'BESIDE', value: '/var/run/secrets/xy/token' },
    { name: 'ME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
    { name: 'TEAM', valueFrom: { fieldRef: { fieldPath: "metadata.labels['team']" } } },
    { name: 'EMPTY' },
  ],
  volumeMounts: [{ name: 'v', mountPath: '/var/run/secrets/x/' }],
};
const pod: Pod = { metadata: { name: 'p', namespace: 'n', uid: 'u', labels: { team: 'a' } }, spec: { containers: [container] } };
const host = { root: '/pods/1/root', home: '/pods/1/home', path: '/bin' };

describe('the environment of a container', () => {
  it('is what the pod says, PATH, HOME and the metadata switch, and nothing else', () => {
    expect(containerEnvironment(pod, container, host).env).toEqual({
      PATH: '/bin',
      HOME: '/pods/1/home',
      AWS_EC2_METADATA_DISABLED: 'true',
      TOKEN_FILE: '/pods/1/root/var/run/secrets/x/token',
      BESIDE: '/var/run/secrets/xy/token',
      ME: 'p',
      TEAM: 'a',
      EMPTY: '',
    });
  });

  it('says which values were moved below the root', () => {
    expect(containerEnvironment(pod, container, host).rewrites).toEqual([
      { name: 'TOKEN_FILE', from: '/var/run/secrets/x/token', to: '/pods/1/root/var/run/secrets/x/token' },
    ]);
  });

  it('names a variable whose source it does not serve', () => {
    const odd: Container = { name: 'main', image: 'i', env: [{ name: 'S', valueFrom: {} }] };
    expect(() => containerEnvironment(pod, odd, host)).toThrow('pod n/p, container main: the source of S is not served');
  });
});
