import { readFile } from 'node:fs/promises';
import { type Clock, sleep } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import type { CredentialFailure } from '../errors.ts';
import { readClaims, type TokenClaims } from './token-claims.ts';

/** A token that may be sent. `claims` is absent for one that is no JWT; `problem` says why. */
export type FileToken = {
  readonly ok: true;
  readonly text: string;
  readonly claims: TokenClaims | undefined;
  readonly problem: string | undefined;
  /** Since when it has been expired, within the leeway that AWS gives. */
  readonly staleSince: Date | undefined;
};

export type TokenReading = FileToken | { readonly ok: false; readonly failure: CredentialFailure; readonly identity: string | undefined };

interface TokenQuestion {
  readonly file: string;
  readonly audience: string | undefined;
  readonly clock: Clock;
  /** AWS's clock less this machine's, in milliseconds, as far as it is known. */
  readonly skewMs: number;
}

/** Times the file is opened: the kubelet replaces a symbolic link, and others write in place. */
const READS = 3;
const READ_PAUSE_MS = 50;
/** Longest `WebIdentityToken` of AssumeRoleWithWebIdentity, in characters. */
const MAX_LENGTH = 20_000;
/** AWS takes a token until five minutes past its `exp`. */
const LEEWAY_MS = 300_000;
/** Audiences that are never registered for STS: the API server's own, and the EKS Pod Identity agent's. */
const FOREIGN_AUDIENCE = /^(?:https:\/\/)?kubernetes\.default(?:\.svc(?:\.[\w.-]+)?)?$|^pods\.eks\.amazonaws\.com$/;

/** Reads, trims and checks the token. What cannot be right is a failure that names file, `exp`, `aud` and `sub`, and is not sent. */
export async function readTokenFile(question: TokenQuestion, signal: AbortSignal): Promise<TokenReading> {
  const { file, clock } = question;
  let failure: CredentialFailure | undefined;
  for (let read = 1; read <= READS; read += 1) {
    try {
      const text = (await readFile(file, { encoding: 'utf8', signal })).trim();
      if (text !== '') return check(text, question);
      failure = {
        code: 'token-file-empty',
        message: `token file ${file} is empty`,
        hint: 'who writes it? for a pod that is the kubelet',
        retry: 'backoff',
        sent: false,
      };
    } catch (cause) {
      if (signal.aborted) throw cause;
      failure = {
        code: 'token-file-unreadable',
        message: `token file ${file} cannot be read: ${(cause as NodeJS.ErrnoException).code ?? messageOf(cause)}`,
        hint: 'is the service account token volume mounted into this container?',
        retry: 'backoff',
        sent: false,
        cause,
      };
    }
    if (read < READS) await sleep(clock, READ_PAUSE_MS, signal);
  }
  return { ok: false, failure: failure as CredentialFailure, identity: undefined };
}

function check(text: string, { file, audience, clock, skewMs }: TokenQuestion): TokenReading {
  const refuse = (
    code: 'token-too-long' | 'token-expired' | 'token-audience-wrong',
    claims: TokenClaims | undefined,
    what: string,
    hint: string,
  ): TokenReading => ({
    ok: false,
    identity: claims?.identity,
    failure: {
      code,
      message: `token in ${file} ${what}${claims === undefined ? '' : ` (${describe(claims)})`}`,
      hint,
      retry: code === 'token-expired' ? 'backoff' : 'never',
      sent: false,
      detail: { file, ...(claims === undefined ? {} : detailOf(claims)) },
    },
  });
  if (text.length > MAX_LENGTH)
    return refuse(
      'token-too-long',
      undefined,
      `has ${text.length} characters; STS takes ${MAX_LENGTH}`,
      'the file must hold one token and nothing else',
    );
  const read = readClaims(text);
  if (!read.ok) return { ok: true, text, claims: undefined, problem: read.problem, staleSince: undefined };
  const { claims } = read;
  const awsNow = clock.now().getTime() + skewMs;
  const expired = claims.expires !== undefined && claims.expires.getTime() <= awsNow ? claims.expires : undefined;
  if (expired !== undefined && expired.getTime() + LEEWAY_MS <= awsNow)
    return refuse(
      'token-expired',
      claims,
      `expired ${expired.toISOString()}`,
      'the kubelet renews it at 80 % of its life: is the file a copy, or is this clock wrong?',
    );
  const wrong = audienceProblem(claims, audience);
  if (wrong !== undefined)
    return refuse(
      'token-audience-wrong',
      claims,
      wrong,
      'ask for a token with the audience sts.amazonaws.com, or the one registered for this issuer',
    );
  return { ok: true, text, claims, problem: undefined, staleSince: expired };
}

function audienceProblem({ audiences, authorizedParty, issuer }: TokenClaims, wanted: string | undefined): string | undefined {
  if (audiences.length === 0) return 'has no audience';
  if (wanted !== undefined && !audiences.includes(wanted)) return `is not for ${wanted}`;
  if (audiences.length > 1 && authorizedParty === undefined) return 'has more than one audience, which STS refuses';
  const [audience = ''] = audiences;
  if (audiences.length === 1 && (FOREIGN_AUDIENCE.test(audience) || audience === issuer)) return `is for ${audience}, not for STS`;
  return undefined;
}

const detailOf = ({ expires, audiences, subject }: TokenClaims): Readonly<Record<string, string | readonly string[]>> => ({
  exp: expires?.toISOString() ?? 'absent',
  aud: audiences,
  sub: subject ?? 'absent',
});

const describe = (claims: TokenClaims): string => {
  const { exp, aud, sub } = detailOf(claims);
  return `exp ${String(exp)}, aud ${(aud as readonly string[]).join(' ') || 'none'}, sub ${String(sub)}`;
};
