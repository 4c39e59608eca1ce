import { edited, listOf, type Members, membersOf, objectOf, textOf, withDefaults } from './edit.ts';

/** A container with its defaults; on the host's network a port is the host's port too. */
export function defaultContainer(container: Members, { host }: { readonly host: boolean }): Members {
  return edited(
    withDefaults(container, {
      resources: {},
      terminationMessagePath: '/dev/termination-log',
      terminationMessagePolicy: 'File',
      imagePullPolicy: isLatest(textOf(container.image)) ? 'Always' : 'IfNotPresent',
    }),
    {
      ports: (value) => listOf(value, (port) => defaultPort(port, host)),
      env: (value) => listOf(value, defaultEnv),
      resources: (value) => objectOf(value, defaultRequests),
      livenessProbe: defaultProbe,
      readinessProbe: defaultProbe,
      startupProbe: defaultProbe,
      lifecycle: (value) => objectOf(value, (hooks) => edited(hooks, { postStart: defaultHandler, preStop: defaultHandler })),
    },
  );
}

/** `repository[:tag][@digest]`: neither tag nor digest means the tag `latest`. A colon before the last slash is a port. */
function isLatest(image: string): boolean {
  const [name = '', digest] = image.split('@');
  const tag = /:([^/:]+)$/.exec(name)?.[1];
  return tag === undefined ? digest === undefined : tag === 'latest';
}

function defaultPort(port: Members, host: boolean): Members {
  return withDefaults(port, { protocol: 'TCP', ...(host ? { hostPort: port.containerPort } : {}) });
}

function defaultEnv(variable: Members): Members {
  return edited(variable, { valueFrom: (value) => objectOf(value, (source) => edited(source, { fieldRef: defaultFieldRef })) });
}

/** A field reference speaks of `v1`. */
export function defaultFieldRef(value: unknown): unknown {
  return objectOf(value, (reference) => withDefaults(reference, { apiVersion: 'v1' }));
}

/** What is limited and not requested is requested up to the limit. */
function defaultRequests(resources: Members): Members {
  const limits = membersOf(resources.limits);
  if (Object.keys(limits).length === 0) return resources;
  return { ...resources, requests: { ...limits, ...membersOf(resources.requests) } };
}

function defaultProbe(value: unknown): unknown {
  const numbers = { timeoutSeconds: 1, periodSeconds: 10, successThreshold: 1, failureThreshold: 3 };
  return objectOf(value, (probe) => withDefaults(membersOf(defaultHandler(probe)), numbers));
}

function defaultHandler(value: unknown): unknown {
  return objectOf(value, (handler) =>
    edited(handler, {
      httpGet: (request) => objectOf(request, (members) => withDefaults(members, { path: '/', scheme: 'HTTP' })),
      grpc: (request) => objectOf(request, (members) => ({ ...members, service: members.service ?? '' })),
    }),
  );
}
