import { isJsonObject } from '../../../base/json.ts';
import type { KubeObject } from '../../../kube/core/object.ts';
import { defaultContainer } from './internal/container-defaults.ts';
import { edited, listOf, type Members, withDefaults } from './internal/edit.ts';
import { defaultVolume } from './internal/volume-defaults.ts';

/**
 * A pod with the defaults of its type (`pkg/apis/core/v1/defaults.go`), as a body is read. The next steps of a create are: ownership
 * (`recordUpdate`), in-tree admission (`admitServiceAccount`, `admitPod`), webhooks, validation, and last `startingStatus`;
 * what admission adds is owned by nobody.
 */
export function defaultPod(pod: KubeObject): KubeObject {
  return { ...pod, spec: defaultPodSpec(isJsonObject(pod.spec) ? pod.spec : {}), status: pod.status ?? {} };
}

const SPEC_DEFAULTS = {
  dnsPolicy: 'ClusterFirst',
  restartPolicy: 'Always',
  securityContext: {},
  terminationGracePeriodSeconds: 30,
  schedulerName: 'default-scheduler',
  enableServiceLinks: true,
} as const;

function defaultPodSpec(spec: Members): Members {
  const host = spec.hostNetwork === true;
  // The deprecated name of the account is kept equal to the current one, whichever was given.
  const account = spec.serviceAccountName || spec.serviceAccount;
  return edited(withDefaults(spec, { ...SPEC_DEFAULTS, ...(account ? { serviceAccountName: account, serviceAccount: account } : {}) }), {
    containers: (value) => listOf(value, (container) => defaultContainer(container, { host })),
    initContainers: (value) => listOf(value, (container) => defaultContainer(container, { host })),
    volumes: (value) => listOf(value, defaultVolume),
  });
}
