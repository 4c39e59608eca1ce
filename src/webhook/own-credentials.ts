import { CREDENTIAL_PAIRS } from '../identity/environment.ts';
import { outlineOf, ShapeError } from '../identity/pod-outline.ts';
import type { CredentialMethod } from '../identity/token-volume.ts';
import { containersOf, type PodContainer, specOf } from './internal/pod-containers.ts';
import type { PodFinding } from './pod-findings.ts';

const PROFILE = ['AWS_PROFILE', 'AWS_DEFAULT_PROFILE'] as const;
const FILES = ['AWS_SHARED_CREDENTIALS_FILE', 'AWS_CONFIG_FILE'] as const;

/**
 * What a pod that gets credentials brings itself and what would win over them, in the order in which SDKs look (AWS SDKs and tools reference guide,
 * standardised credential providers: access keys, then web identity, then shared files, then the container endpoint, then the instance). Only names of
 * variables are looked at.
 */
export function ownCredentials(pod: unknown, method: CredentialMethod): readonly PodFinding[] {
  const findings = containersOf(pod).flatMap((container) => inContainer(container, method));
  if (specOf(pod)?.hostNetwork === true)
    findings.push({
      code: 'HostNetwork',
      severity: 'info',
      message: "the pod uses the node's network: whatever its credentials, it reaches the node's instance metadata and role",
      remedy: 'do without hostNetwork, or set AWS_EC2_METADATA_DISABLED=true so that a failure does not pass for the role of the node',
    });
  if (method === 'container-credentials' && isForWindows(pod))
    findings.push({
      code: 'WindowsPodIdentity',
      severity: 'error',
      message: 'the pod is for Windows nodes, where no EKS Pod Identity agent answers',
      remedy: 'bind the service account to a role with a role-arn annotation instead of an association',
    });
  return findings;
}

function inContainer({ name, env, mounts, takesFromElsewhere }: PodContainer, method: CredentialMethod): PodFinding[] {
  const findings: PodFinding[] = [];
  const find = (finding: Omit<PodFinding, 'container'>): void => void findings.push({ ...finding, container: name });
  const has = (variable: string): boolean => env.has(variable);
  if (has('AWS_ACCESS_KEY_ID') && has('AWS_SECRET_ACCESS_KEY'))
    find({
      code: 'StaticKeysWin',
      severity: 'error',
      message: `container ${name} sets AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, which every SDK takes before the role`,
      remedy: 'remove both variables',
    });
  const profile = PROFILE.find(has);
  if (profile !== undefined)
    find({
      code: 'ProfileSet',
      severity: 'warning',
      message: `container ${name} sets ${profile}, and some SDKs take the profile before the role`,
      remedy: `remove ${profile}`,
    });
  const file = FILES.find(has) ?? mounts.find(({ mountPath }) => /\/\.aws\/?$/.test(mountPath))?.mountPath;
  if (file !== undefined)
    find({
      code: 'SharedFilesMounted',
      severity: 'warning',
      message: `container ${name} has AWS configuration files of its own (${file}), which some SDKs take before the role`,
      remedy: 'remove them, or keep no credentials in them',
    });
  if (takesFromElsewhere)
    find({
      code: 'EnvFromUnseen',
      severity: 'info',
      message: `container ${name} takes variables from ConfigMaps or Secrets (envFrom), which the webhook does not look at`,
      remedy: 'see that they bring no AWS_ variables',
    });
  const { source, tokenFile } = CREDENTIAL_PAIRS['web-identity'];
  if (method === 'container-credentials' && has(source) && has(tokenFile))
    find({
      code: 'MethodShadowed',
      severity: 'warning',
      message: `container ${name} has ${source} and ${tokenFile}, which SDKs take before EKS Pod Identity`,
      remedy: 'remove both, or the association',
    });
  return findings;
}

function isForWindows(pod: unknown): boolean {
  try {
    return outlineOf(pod, []).windows;
  } catch (error) {
    if (error instanceof ShapeError) return false;
    throw error;
  }
}
