import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What the script says to one exchange. */
export type StsTurn =
  | { readonly kind: 'credentials'; readonly seconds?: number; readonly slowMs?: number; readonly skewMs?: number }
  | { readonly kind: 'refusal'; readonly code: string; readonly status?: number; readonly message?: string; readonly retryAfter?: string }
  | { readonly kind: 'raw'; readonly status: number; readonly body: string; readonly headers?: Readonly<Record<string, string>> }
  | { readonly kind: 'hang' };

export interface StsRequest {
  readonly form: URLSearchParams;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
}

/** An STS that does what it is told, on loopback. Its clock is the process's, whatever a test makes of `Date`. */
export interface ScriptedSts {
  readonly url: string;
  /** Every exchange asked for, in order. */
  readonly requests: readonly StsRequest[];
  readonly mostInFlight: number;
  /** What comes next, turn by turn; the last one for ever. */
  script(...turns: readonly StsTurn[]): void;
  /** Forgets what was asked. */
  reset(): void;
  close(): Promise<void>;
}

const credentialsXml = (
  action: string,
  { role, number, expiration }: { readonly role: string; readonly number: number; readonly expiration: Date },
): string => {
  const [, , , , account = '', path = ''] = role.split(':');
  const name = path.split('/').at(-1) ?? '';
  return `<${action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <${action}Result>
    <AssumedRoleUser><AssumedRoleId>AROAEXAMPLE:s</AssumedRoleId><Arn>arn:aws:sts::${account}:assumed-role/${name}/s</Arn></AssumedRoleUser>
    <Credentials><AccessKeyId>ASIA${String(number).padStart(16, '0')}</AccessKeyId><SecretAccessKey>secret/${number}+key</SecretAccessKey><SessionToken>session/${number}==</SessionToken><Expiration>${expiration.toISOString().replace(/\.\d{3}/, '')}</Expiration></Credentials>
  </${action}Result>
  <ResponseMetadata><RequestId>r</RequestId></ResponseMetadata>
</${action}Response>`;
};

/** Starts it on a free port. */
export async function startScriptedSts(): Promise<ScriptedSts> {
  let turns: StsTurn[] = [{ kind: 'credentials' }];
  let requests: StsRequest[] = [];
  let inFlight = 0;
  let mostInFlight = 0;
  let number = 0;

  const answer = async (request: StsRequest, response: ServerResponse): Promise<void> => {
    const turn = (turns.length > 1 ? turns.shift() : turns[0]) as StsTurn;
    if (turn.kind === 'hang') return;
    const skewMs = turn.kind === 'credentials' ? (turn.skewMs ?? 0) : 0;
    if (turn.kind === 'credentials' && turn.slowMs !== undefined) await new Promise((resolve) => setTimeout(resolve, turn.slowMs));
    const now = new Date(Date.now() + skewMs);
    const headers: Record<string, string> = { 'content-type': 'text/xml', date: now.toUTCString() };
    if (turn.kind === 'raw') {
      response.writeHead(turn.status, { ...headers, ...turn.headers }).end(turn.body);
      return;
    }
    if (turn.kind === 'refusal') {
      if (turn.retryAfter !== undefined) headers['retry-after'] = turn.retryAfter;
      response
        .writeHead(turn.status ?? 403, headers)
        .end(
          `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>${turn.code}</Code><Message>${turn.message ?? `${turn.code} it is`}</Message></Error><RequestId>r</RequestId></ErrorResponse>`,
        );
      return;
    }
    number += 1;
    const expiration = new Date(now.getTime() + (turn.seconds ?? 3_600) * 1_000);
    response
      .writeHead(200, headers)
      .end(credentialsXml(request.form.get('Action') ?? '', { role: request.form.get('RoleArn') ?? '', number, expiration }));
  };

  const server = createServer((incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const request = { form: new URLSearchParams(Buffer.concat(chunks).toString()), headers: incoming.headers };
      requests.push(request);
      inFlight += 1;
      mostInFlight = Math.max(mostInFlight, inFlight);
      response.once('close', () => {
        inFlight -= 1;
      });
      void answer(request, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get requests() {
      return requests;
    },
    get mostInFlight() {
      return mostInFlight;
    },
    script: (...next) => {
      turns = [...next];
    },
    reset: () => {
      requests = [];
      mostInFlight = 0;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** An unsigned token with these claims, for programs that do not verify. */
export function fakeToken(claims: Readonly<Record<string, unknown>>): string {
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'RS256', kid: 'k' })}.${part(claims)}.c2lnbmF0dXJl`;
}
