import { describe, expect, it } from 'vitest';
import { FakeClock, settle } from '../../../test/support/fake-clock.ts';
import type { CredentialFetch, CredentialRequest } from '../fetch.ts';
import { type AwsReply, askAws } from './ask-aws.ts';

const question = {
  url: 'https://sts.example.com/',
  method: 'POST',
  headers: { 'x-own': '1' },
  body: 'b',
  what: 'sts:X',
  background: false,
} as const;
const never = new AbortController().signal;
const answer = (headers: Readonly<Record<string, string>> = {}, body: AsyncIterable<Uint8Array> | null = null): CredentialFetch => {
  return async () => ({ status: 200, headers: new Headers(headers), body });
};

function ask(fetch: CredentialFetch, options: { readonly signal?: AbortSignal; readonly background?: boolean } = {}) {
  const clock = new FakeClock();
  const access = { fetch, clock, deadline: (ms: number, run: () => void) => clock.after(ms, run) };
  const reply = askAws({ ...question, background: options.background ?? false }, access, options.signal ?? never);
  return { clock, reply };
}
const failureOf = (reply: AwsReply) => (reply.ok ? undefined : reply.failure);

describe('a question to AWS', () => {
  it('is given up after ten seconds, and the request with it', async () => {
    let request: CredentialRequest | undefined;
    const { clock, reply } = ask((_url, sent) => {
      request = sent;
      return new Promise((_resolve, reject) => sent.signal.addEventListener('abort', () => reject(sent.signal.reason)));
    });
    await clock.advance(9_999);
    expect(request?.signal.aborted).toBe(false);
    await clock.advance(1);
    expect(failureOf(await reply)).toMatchObject({
      code: 'exchange-failed',
      message: 'sts:X: no answer within 10 s',
      retry: 'backoff',
      sent: true,
    });
    expect(clock.pending).toBe(0);
  });

  it('is given up as well when the answer begins and does not end', async () => {
    const { clock, reply } = ask(async (_url, { signal }) => ({
      status: 200,
      headers: new Headers(),
      body: (async function* () {
        yield Buffer.from('<a>');
        await new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
      })(),
    }));
    await clock.advance(10_000);
    expect(failureOf(await reply)?.message).toBe('sts:X: no answer within 10 s');
  });

  it('ends with the caller’s own signal by rejecting', async () => {
    const stop = new AbortController();
    const { clock, reply } = ask(
      (_url, { signal }) => new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
      { signal: stop.signal },
    );
    const rejected = expect(reply).rejects.toBe('stop');
    stop.abort('stop');
    await rejected;
    await settle();
    expect(clock.pending).toBe(0);
  });

  it('follows no redirect, says who asks, and says when nobody waits', async () => {
    const requests: CredentialRequest[] = [];
    for (const background of [false, true]) {
      await ask(
        async (_url, request) => {
          requests.push(request);
          return { status: 200, headers: new Headers(), body: null };
        },
        { background },
      ).reply;
    }
    expect(requests[0]).toMatchObject({
      method: 'POST',
      body: 'b',
      redirect: 'manual',
      headers: { 'user-agent': expect.stringMatching(/^podrole\//), 'x-own': '1' },
    });
    expect(requests.map(({ background }) => background)).toEqual([undefined, true]);
  });

  it.each([
    ['3', 3_000],
    ['Thu, 01 Jan 2026 00:00:07 GMT', 7_000],
    ['Wed, 31 Dec 2025 23:59:00 GMT', undefined],
    ['soon', undefined],
    ['-1', undefined],
  ])('reads Retry-After %s as %s ms', async (header, retryAfterMs) =>
    expect(await ask(answer({ 'retry-after': header })).reply).toMatchObject({ ok: true, retryAfterMs }),
  );

  it.each([
    ['Thu, 01 Jan 2026 00:10:00 GMT', 600_000],
    ['Wed, 31 Dec 2025 23:50:00 GMT', -600_000],
    ['Thu, 01 Jan 2026 00:00:20 GMT', 0],
    ['yesterday', 0],
  ])('takes the Date %s for a clock that is %i ms ahead', async (date, skewMs) =>
    expect(await ask(answer({ date })).reply).toMatchObject({ ok: true, skewMs }),
  );

  it('refuses bytes that are not UTF-8', async () => {
    const body = (async function* () {
      yield new Uint8Array([0xff, 0xfe]);
    })();
    expect(failureOf(await ask(answer({}, body)).reply)?.code).toBe('answer-unreadable');
  });
});
