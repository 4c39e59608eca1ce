import { createHash, timingSafeEqual } from 'node:crypto';
import type { Decision, DecisionFilter, DecisionLog } from '../sandbox/aws/decision-log.ts';

/** Where a sandbox's AWS endpoint serves its decision log. AWS has no such path: no bucket's name begins with an underscore. */
export const DECISIONS_PATH = '/_podrole/decisions';

/** Members that a query may filter by. */
export const DECISION_FILTERS: readonly (keyof DecisionFilter)[] = [
  'operation',
  'verdict',
  'code',
  'reason',
  'roleArn',
  'subject',
  'caller',
  'id',
];

/** Decisions that a follower may lag behind before it is cut off: a reader that stalls must not fill the memory. */
const MAX_LAG = 1_000;

/**
 * Answers `GET /_podrole/decisions` to whoever holds the sandbox's token, and hands everything else on. JSON lines, oldest first; with
 * `follow=true` those to come too, until the reader goes.
 */
export function decisionsEndpoint(
  log: DecisionLog,
  options: { readonly token: string; readonly next: (request: Request) => Promise<Response> },
): (request: Request) => Promise<Response> {
  const expected = digest(`Bearer ${options.token}`);
  return async (request) => {
    // Parsing a URL costs more than this look at it, and every call of AWS passes here.
    if (!request.url.includes(DECISIONS_PATH)) return options.next(request);
    const { pathname, searchParams } = new URL(request.url);
    if (pathname !== DECISIONS_PATH) return options.next(request);
    if (!timingSafeEqual(digest(request.headers.get('authorization') ?? ''), expected))
      return refusal(401, 'the decision log is read with the token of the sandbox, as a bearer token', { 'www-authenticate': 'Bearer' });
    if (request.method !== 'GET') return refusal(405, 'the decision log is only read', { allow: 'GET' });
    const filter = Object.fromEntries(DECISION_FILTERS.flatMap((name) => (searchParams.has(name) ? [[name, searchParams.get(name)]] : [])));
    const body = searchParams.get('follow') === 'true' ? following(log, filter) : log.list(filter).map(line).join('');
    return new Response(body, { headers: { 'content-type': 'application/jsonl', 'cache-control': 'no-store' } });
  };
}

function following(log: DecisionLog, filter: DecisionFilter): ReadableStream<Uint8Array> {
  const wanted = Object.entries(filter);
  const encoder = new TextEncoder();
  let end = (): void => undefined;
  return new ReadableStream<Uint8Array>(
    {
      start: (controller) => {
        const past = log.list(filter);
        if (past.length > 0) controller.enqueue(encoder.encode(past.map(line).join('')));
        end = log.subscribe((decision) => {
          if (!wanted.every(([name, value]) => decision[name as keyof Decision] === value)) return;
          if ((controller.desiredSize ?? 0) <= 0) {
            end();
            controller.error(new Error('the reader of the decision log does not keep up'));
            return;
          }
          controller.enqueue(encoder.encode(line(decision)));
        });
      },
      cancel: () => end(),
    },
    new CountQueuingStrategy({ highWaterMark: MAX_LAG }),
  );
}

const line = (decision: Decision): string => `${JSON.stringify(decision)}\n`;

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

function refusal(status: number, message: string, headers: Record<string, string>): Response {
  return Response.json({ message }, { status, headers });
}
