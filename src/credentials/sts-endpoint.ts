import type { CredentialEnvironment } from './environment.ts';
import { type Partition, partitions } from './partitions.data.ts';

/** Where STS is asked, and the region that a signature for it names. */
export interface StsEndpoint {
  readonly url: string;
  readonly region: string;
}

export type EndpointChoice =
  | { readonly ok: true; readonly endpoint: StsEndpoint }
  | { readonly ok: false; readonly path: string; readonly message: string };

interface EndpointQuestion {
  readonly endpoint: string | undefined;
  readonly region: string | undefined;
  readonly roleArn: string;
  readonly env: CredentialEnvironment;
}

/** `AWS_ENDPOINT_URL*` and `AWS_USE_*` as AWS's "SDKs and tools reference" describes them. */
const TRUE = /^true$/i;

/**
 * The address of STS: an endpoint that was given, then `AWS_ENDPOINT_URL_STS`, then `AWS_ENDPOINT_URL`, then the region's own by its
 * partition's rules, always regional. Without a region it is the global endpoint, or outside the partition `aws` that of its first region.
 */
export function stsEndpoint({ endpoint, region, roleArn, env }: EndpointQuestion): EndpointChoice {
  const arnPartition = partitions.find(({ name }) => name === roleArn.split(':')[1]) ?? commercial;
  const signingRegion = region ?? arnPartition.defaultRegion;
  const ignored = TRUE.test(env.AWS_IGNORE_CONFIGURED_ENDPOINT_URLS ?? '');
  const [path, given] =
    endpoint !== undefined
      ? ['endpoint', endpoint]
      : ignored
        ? ['', undefined]
        : env.AWS_ENDPOINT_URL_STS !== undefined
          ? ['AWS_ENDPOINT_URL_STS', env.AWS_ENDPOINT_URL_STS]
          : ['AWS_ENDPOINT_URL', env.AWS_ENDPOINT_URL];
  if (given !== undefined) {
    const problem = endpointProblem(given);
    return problem === undefined ? { ok: true, endpoint: { url: given, region: signingRegion } } : { ok: false, path, message: problem };
  }
  if (region !== undefined && !/^[a-z0-9-]{1,63}$/.test(region))
    return { ok: false, path: 'region', message: 'it is not the name of a region' };
  const partition = region === undefined ? arnPartition : partitionOf(region);
  const dualStack = TRUE.test(env.AWS_USE_DUALSTACK_ENDPOINT ?? '');
  const fips = TRUE.test(env.AWS_USE_FIPS_ENDPOINT ?? '');
  if (region === undefined && partition === commercial && !fips && !dualStack)
    return { ok: true, endpoint: { url: 'https://sts.amazonaws.com/', region: signingRegion } };
  // In GovCloud the ordinary name is the validated one.
  const host = fips && !(partition.name === 'aws-us-gov' && !dualStack) ? 'sts-fips' : 'sts';
  const suffix = dualStack ? partition.dualStackSuffix : partition.dnsSuffix;
  return { ok: true, endpoint: { url: `https://${host}.${signingRegion}.${suffix}/`, region: signingRegion } };
}

/** The last of the table takes every region that no other claims, as the SDKs do. */
const commercial = partitions.at(-1) as Partition;

function partitionOf(region: string): Partition {
  return partitions.find(({ regions }) => regions.test(region)) ?? commercial;
}

/** A token is a secret: it goes over TLS, or not off this machine. */
function endpointProblem(text: string): string | undefined {
  if (!URL.canParse(text)) return 'it is not a URL';
  const url = new URL(text);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return 'it must begin with https://';
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '')
    return 'it must not hold credentials, a query or a fragment';
  if (url.protocol === 'http:' && !isLoopback(url.hostname))
    return 'http:// is for loopback alone, as the token would cross the network in clear text; use https://';
  return undefined;
}

/** Whether a URL's host is this machine, without asking DNS. */
export function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname.endsWith('.localhost') || hostname === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(hostname);
}
