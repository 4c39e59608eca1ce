import { CREDENTIAL_PAIRS } from '../identity/environment.ts';
import { WEB_IDENTITY } from '../identity/token-volume.ts';
import type { Explanation } from './explain-pod.ts';
import { containersOf, type PodContainer, type PodVolume, volumesOf } from './internal/pod-containers.ts';
import type { PodFinding } from './pod-findings.ts';

/** What an admitted pod is held against. */
export interface Expectation {
  /** What the webhook would do to this very pod now. */
  readonly explanation: Explanation;
  /** Seconds that the token of a new pod would live; `undefined`: not known, or spread by chance. */
  readonly expirationSeconds: number | undefined;
  /** Why the pod lacks its credentials, if it does, as far as times tell. */
  readonly cause: PodFinding | undefined;
  /** Whether it is known that the API server does not call the webhook for such a pod. */
  readonly notCalled: boolean;
  /** The command that makes the pod anew. */
  readonly restart: string;
}

/** Holds what an admitted pod really has against what a new one would get. */
export function comparePod(pod: unknown, expectation: Expectation): readonly PodFinding[] {
  const { explanation } = expectation;
  const volumes = volumesOf(pod);
  const containers = containersOf(pod);
  if (explanation.method === undefined) return removed(containers, expectation);
  const listed = new Set(explanation.containers.flatMap(({ name, outcome }) => (outcome === 'skipped' ? [name] : [])));
  const wanting = containers.filter(({ name }) => !listed.has(name));
  const findings: PodFinding[] = [...lacking(wanting, expectation)];
  for (const container of wanting) {
    if (explanation.method === 'web-identity') findings.push(...roleOf(container, expectation));
    findings.push(...tokenFileOf(container, volumes));
  }
  return [...findings, ...volumeOf(volumes, expectation)];
}

/** What a container that names a token file has there. Also right for a manifest, whose own file the webhook leaves alone. */
export function tokenFileOf({ name, env, mounts }: PodContainer, volumes: readonly PodVolume[]): readonly PodFinding[] {
  return Object.values(CREDENTIAL_PAIRS).flatMap(({ tokenFile }): readonly PodFinding[] => {
    const file = env
      .get(tokenFile)
      ?.replace(/^[A-Za-z]:/, '')
      .replaceAll('\\', '/');
    if (file === undefined || file === '') return [];
    const mount = mounts
      .filter(({ mountPath }) => file === mountPath || file.startsWith(mountPath.endsWith('/') ? mountPath : `${mountPath}/`))
      .sort((one, other) => other.mountPath.length - one.mountPath.length)[0];
    const volume = volumes.find((each) => each.name === mount?.name);
    if (volume?.token !== undefined || mount?.partial === true) return [];
    const what = mount === undefined ? 'nothing is mounted' : `volume ${mount.name} is mounted, which is no service account token`;
    return [
      {
        code: 'TokenNotMounted',
        severity: mount === undefined ? 'error' : 'warning',
        message: `container ${name} looks for its token in ${file}, where ${what}`,
        remedy: `remove ${tokenFile} and its other half from the container, so that the webhook sets both`,
        container: name,
      },
    ];
  });
}

function lacking(containers: readonly PodContainer[], { explanation, cause, notCalled, restart }: Expectation): readonly PodFinding[] {
  const { method } = explanation;
  if (method === undefined) return [];
  const pair = CREDENTIAL_PAIRS[method];
  const without = containers.filter(({ env }) => !env.has(pair.source) && !env.has(pair.tokenFile));
  if (without.length === 0) return [];
  const names = without.map(({ name }) => name).join(', ');
  if (without.length < containers.length)
    return [
      {
        code: 'ContainerNotInjected',
        severity: 'error',
        message: `these containers of the pod have no credentials while others have: ${names}`,
        remedy: `set reinvocationPolicy IfNeeded where a later webhook adds containers, then ${restart}`,
      },
    ];
  if (cause !== undefined) return [cause];
  return [
    {
      code: 'NotInjected',
      severity: 'error',
      message: `no container of the pod has credentials (${names})${notCalled ? '' : ': when it was made the webhook could not be reached, or the account had no role yet'}`,
      remedy: notCalled ? `mend the registration of the webhook, then ${restart}` : restart,
    },
  ];
}

function roleOf({ name, env }: PodContainer, { explanation, restart }: Expectation): readonly PodFinding[] {
  const role = env.get(CREDENTIAL_PAIRS['web-identity'].source);
  if (role === undefined || role === explanation.role) return [];
  return [
    {
      code: 'RoleChanged',
      severity: 'error',
      message: `container ${name} has the role ${role}, a new pod would get ${explanation.role ?? 'none'}`,
      remedy: `${restart}; or, where the manifest sets AWS_ROLE_ARN itself, remove it there`,
      container: name,
    },
  ];
}

function volumeOf(volumes: readonly PodVolume[], expectation: Expectation): readonly PodFinding[] {
  const { explanation, expirationSeconds, restart } = expectation;
  const token = volumes.find(({ name }) => name === explanation.volume?.name)?.token;
  if (token === undefined) return [];
  const findings: PodFinding[] = [];
  if (token.audience !== explanation.audience)
    findings.push({
      code: 'AudienceChanged',
      severity: 'error',
      message: `the pod's token is for ${said(token.audience)}, a new one would be for ${said(explanation.audience ?? '')}`,
      remedy: restart,
    });
  if (expirationSeconds !== undefined && token.expirationSeconds !== undefined && token.expirationSeconds !== expirationSeconds)
    findings.push({
      code: 'ExpirationChanged',
      severity: 'warning',
      message: `the pod's token lives ${token.expirationSeconds} seconds, a new one would live ${expirationSeconds}`,
      remedy: restart,
    });
  return findings;
}

const said = (audience: string): string => (audience === '' ? 'the API server' : audience);

/** An injected pod of an account that gives nothing any more. */
function removed(containers: readonly PodContainer[], { restart }: Expectation): readonly PodFinding[] {
  const { source, tokenFile } = CREDENTIAL_PAIRS['web-identity'];
  const injected = containers.filter(
    ({ env, mounts }) => env.has(tokenFile) && mounts.some(({ name }) => name === WEB_IDENTITY.volumeName),
  );
  const [first] = injected;
  if (first === undefined) return [];
  return [
    {
      code: 'RoleRemoved',
      severity: 'warning',
      message: `the pod has the role ${first.env.get(source) ?? 'of its own'}, a new one would get none`,
      remedy: `annotate the service account again, or ${restart} to take the role away`,
    },
  ];
}
