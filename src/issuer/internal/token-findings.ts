import type { Json, JsonObject } from '../../base/json.ts';
import { parseSubject } from '../../iam/service-account-subject.ts';
import { ALGORITHMS } from '../../oidc/algorithms.data.ts';
import type { DecodedToken } from '../../oidc/decode-token.ts';
import { parseIssuer } from '../../oidc/issuer-url.ts';
import type { Finding, Severity } from '../finding.ts';

/** Seconds by which AWS lets clocks differ. */
const LEEWAY = 300;
const USUAL_AUDIENCES: readonly string[] = ['sts.amazonaws.com', 'sts.amazonaws.com.cn'];
const REQUEST = 'podrole token request sa/NAMESPACE:NAME --audience sts.amazonaws.com';

/** What is wrong with a token as far as the token alone tells: without keys and without a trust policy. */
export function tokenFindings(token: DecodedToken, now: Date): readonly Finding[] {
  const { header, claims, duplicates, trimmed } = token;
  const findings: Finding[] = [];
  const say = (severity: Severity, code: string, at: string, message: string, fix: string): void =>
    void findings.push({ severity, code, at, message, fix });
  headerFindings(header, say);
  for (const name of ['iss', 'sub', 'aud', 'iat', 'exp'])
    if (!Object.hasOwn(claims, name))
      say(
        'error',
        'claim-missing',
        name,
        'AWS needs this claim',
        name === 'exp' || name === 'aud' ? `tokens of Secrets have none; ask for one: ${REQUEST}` : REQUEST,
      );
  issuerFindings(claims.iss, say);
  audienceFindings(claims, say);
  if (typeof claims.sub === 'string' && parseSubject(claims.sub) === undefined)
    say(
      'warning',
      'subject-foreign',
      'sub',
      'it is not the subject of a service account',
      'a pod’s token says system:serviceaccount:NAMESPACE:NAME',
    );
  timeFindings(claims, now, say);
  for (const path of duplicates)
    say('warning', 'member-duplicate', path, 'it stands twice, and readers differ on which counts', 'write it once');
  if (trimmed)
    say(
      'warning',
      'white-space',
      'token',
      'there is white space around it, which SDKs send along',
      'write the file without a last newline',
    );
  return findings;
}

type Say = (severity: Severity, code: string, at: string, message: string, fix: string) => void;

function headerFindings(header: JsonObject, say: Say): void {
  if (typeof header.alg !== 'string' || !ALGORITHMS.has(header.alg))
    say(
      'error',
      'algorithm-refused',
      'alg',
      `AWS verifies ${[...ALGORITHMS.keys()].join(', ')}, and this says ${JSON.stringify(header.alg ?? null)}`,
      'sign with an RSA key or a key on P-256, P-384 or P-521',
    );
  if (header.kid === undefined || header.kid === '')
    say(
      'warning',
      'kid-missing',
      'kid',
      'without it the key is found only while there is a single one',
      'sign with kube-apiserver 1.16 or newer',
    );
  if (Object.hasOwn(header, 'crit')) say('error', 'header-critical', 'crit', 'AWS refuses a token with it', 'leave it out');
}

function issuerFindings(iss: Json | undefined, say: Say): void {
  if (iss === undefined) return;
  const reading = parseIssuer(typeof iss === 'string' ? iss : '');
  const fix = 'start kube-apiserver with --service-account-issuer=https://NAME[/PATH]';
  if (!reading.ok) {
    for (const { message } of reading.problems) say('error', 'issuer-invalid', 'iss', message, fix);
  } else if (reading.url.issuer !== iss)
    say('error', 'issuer-port', 'iss', 'IAM drops the port of a provider, so this token matches none', `${fix}, without a port`);
  else if (/^kubernetes\.default\.svc(?:\.|$)/.test(reading.url.host))
    say(
      'error',
      'issuer-private',
      'iss',
      'nobody outside the cluster can reach this name',
      'give the cluster a public issuer: podrole issuer --help',
    );
}

function audienceFindings({ aud, azp }: JsonObject, say: Say): void {
  if (aud === undefined) return;
  const list = typeof aud === 'string' ? [aud] : Array.isArray(aud) ? aud : [];
  if (list.length === 0 || list.some((one) => typeof one !== 'string'))
    say('error', 'audience-empty', 'aud', 'it names no audience', REQUEST);
  else if (list.length > 1 && azp === undefined)
    say('error', 'audience-ambiguous', 'aud', 'AWS refuses several audiences', 'ask for a token with one audience');
  else if (!USUAL_AUDIENCES.includes(String(azp ?? list[0])))
    say(
      'warning',
      'audience-unusual',
      azp === undefined ? 'aud' : 'azp',
      'it is not sts.amazonaws.com; the provider must have it as a client id',
      REQUEST,
    );
}

function timeFindings(claims: JsonObject, now: Date, say: Say): void {
  const seconds = now.getTime() / 1000;
  for (const name of ['iat', 'nbf', 'exp'])
    if (Object.hasOwn(claims, name) && !isTimestamp(claims[name]))
      say('error', 'timestamp-invalid', name, 'AWS takes whole seconds only', 'write whole seconds since 1970');
  const { iat, nbf, exp } = claims;
  if (typeof exp === 'number' && exp + LEEWAY <= seconds)
    say('error', 'token-expired', 'exp', 'it has ended', 'read the token file anew for each exchange: the kubelet replaces it');
  else if (typeof exp === 'number' && exp <= seconds)
    say('warning', 'token-expiring', 'exp', 'it has ended, and AWS’s five minutes of patience are running', 'read the token file anew');
  if (typeof nbf === 'number' && nbf > seconds + LEEWAY)
    say('error', 'token-not-yet-valid', 'nbf', 'it is not valid yet', 'set the clock of the API server');
  if (typeof iat === 'number' && iat > seconds + LEEWAY)
    say('error', 'token-issued-in-future', 'iat', 'it comes from the future', 'set the clock of the API server');
}

/** Whole seconds, also as text. */
function isTimestamp(value: Json | undefined): boolean {
  return (typeof value === 'number' && Number.isInteger(value)) || (typeof value === 'string' && /^\d+$/.test(value));
}
