import type { Injection } from '../../src/identity/pod-patch.ts';

export const MOUNT_PATH = '/var/run/secrets/eks.amazonaws.com/serviceaccount';
/** What a service account with a role and nothing else asks for. */
export const baseInjection: Injection = {
  method: 'web-identity',
  source: 'arn:aws:iam::111122223333:role/r',
  volume: { name: 'aws-iam-token', audience: 'sts.amazonaws.com', expirationSeconds: 3600, file: 'token' },
  mountPath: MOUNT_PATH,
  region: undefined,
  stsRegional: false,
  sessionNameFromPod: false,
  completePairs: false,
  volumeClash: 'keep',
  skip: [],
  include: undefined,
};
