import type { FetchDocument, Fetched } from '../fetch-port.ts';
import type { Finding } from '../finding.ts';

export interface ReadDocument {
  readonly url: string;
  /** The media type that it should have. */
  readonly type: string;
  readonly fetch: FetchDocument;
  /** Gets what is wrong. */
  readonly findings: Finding[];
}

const MAX_REDIRECTS = 3;
/** From this share of the five seconds on an issuer is too near the edge. */
const SLOW_MS = 2_500;

/**
 * The text of a document; undefined when there is none, and then there is a finding. Redirects are followed on the same host alone: where
 * another host answers in an issuer's name, whoever owns that host owns the issuer.
 */
export async function readDocument(options: ReadDocument, signal: AbortSignal): Promise<string | undefined> {
  const { url, type, findings } = options;
  const found = await followed(options, signal);
  if (found === undefined) return undefined;
  const { status, headers, text, ms, privateAddress } = found;
  if (status !== 200) {
    findings.push({ severity: 'error', code: 'status', at: url, message: `it answers ${status}`, fix: statusFix(status) });
    return undefined;
  }
  const encoding = headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity') {
    findings.push({
      severity: 'error',
      code: 'encoded',
      at: url,
      message: `it is encoded as ${encoding}, unasked`,
      fix: 'serve it as it is',
    });
    return undefined;
  }
  const given = headers['content-type']?.split(';')[0]?.trim().toLowerCase();
  if (given !== type && given !== 'application/json')
    findings.push({
      severity: 'warning',
      code: 'content-type',
      at: url,
      message: `its content type is ${given ?? 'not given'}`,
      fix: `serve it as ${type}`,
    });
  if (!/\bmax-age=\d+/.test(headers['cache-control'] ?? ''))
    findings.push({
      severity: 'warning',
      code: 'cache-control',
      at: url,
      message: 'it does not say how long it may be kept, so a rotation cannot know when every reader has it anew',
      fix: 'send Cache-Control: public, max-age=3600',
    });
  if (privateAddress !== undefined)
    findings.push({
      severity: 'warning',
      code: 'address-private',
      at: url,
      message: `its host is ${privateAddress} from here, and AWS comes from the internet`,
      fix: 'give the name a public address; where only this network sees a private one, look from outside',
    });
  if (ms > SLOW_MS)
    findings.push({
      severity: 'warning',
      code: 'slow',
      at: url,
      message: `it took ${Math.round(ms)} ms; AWS gives up after 5000`,
      fix: 'put it on a faster host, or a cache before it',
    });
  return text;
}

type Answer = Extract<Fetched, { readonly ok: true }>;

async function followed({ url, findings, ...port }: ReadDocument, signal: AbortSignal): Promise<Answer | undefined> {
  let at = url;
  for (let hops = 0; ; hops += 1) {
    const found = await port.fetch(at, signal);
    if (!found.ok) {
      findings.push({ severity: 'error', code: found.reason, at, message: found.message, fix: FIXES[found.reason] });
      return undefined;
    }
    if (found.status < 300 || found.status >= 400) return found;
    const location = found.headers.location;
    const target = location !== undefined && URL.canParse(location, at) ? new URL(location, at) : undefined;
    if (target === undefined || target.host !== new URL(url).host || target.protocol !== 'https:' || hops >= MAX_REDIRECTS) {
      const to =
        target === undefined
          ? 'nowhere'
          : target.host === new URL(url).host && target.protocol === 'https:'
            ? 'on and on'
            : `to ${target.origin}`;
      findings.push({
        severity: 'error',
        code: 'redirect',
        at,
        message: `it redirects ${to}`,
        fix: 'serve the document itself at this URL',
      });
      return undefined;
    }
    findings.push({
      severity: 'warning',
      code: 'redirect',
      at,
      message: `it redirects to ${target.href}`,
      fix: 'serve the document itself at this URL',
    });
    at = target.href;
  }
}

const FIXES: Readonly<Record<Extract<Fetched, { readonly ok: false }>['reason'], string>> = {
  timeout: 'AWS gives up after 5 seconds: use a public host that answers at once',
  'connection-failed': 'the host must be reachable from the internet, on port 443',
  'certificate-refused':
    'use a certificate of a public authority, with its chain; for a private one give --ca here and its thumbprint to IAM',
  'document-too-large': 'is it the right file? the documents are a few kilobytes',
  'document-not-utf8': 'is it the right file? the documents are JSON',
  'host-unknown': 'create the DNS name, or give --resolve HOST=ADDRESS:PORT for a test before it exists',
};

function statusFix(status: number): string {
  if (status === 403 || status === 401)
    return 'the documents must be public: in a bucket, print the policy with podrole issuer publish, and lift Block Public Access';
  if (status === 404) return 'publish both documents with podrole issuer publish; is the path that of the issuer?';
  return 'serve both documents with status 200';
}
