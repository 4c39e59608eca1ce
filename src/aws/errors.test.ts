import { describe, expect, it } from 'vitest';
import { awsCall, deniedAction, isAbsent, isTaken } from './errors.ts';

/** What the SDK throws for an answer of AWS's. */
const sdkError = (name: string, httpStatusCode: number | undefined, Code?: string): Error =>
  Object.assign(new Error('the message'), { name, $metadata: { httpStatusCode }, ...(Code === undefined ? {} : { Code }) });

const failure = (thrown: unknown, signal?: AbortSignal): Promise<unknown> =>
  awsCall('iam:GetRole demo', signal, () => Promise.reject(thrown)).catch((error: unknown) => error);

describe('what a call of the SDK throws', () => {
  it('is AWS’s refusal, by the code on the wire', async () => {
    const error = await failure(sdkError('NoSuchEntityException', 404, 'NoSuchEntity'));
    expect(error).toMatchObject({
      code: 'aws-refused',
      awsCode: 'NoSuchEntity',
      httpStatus: 404,
      retry: 'never',
      message: 'iam:GetRole demo: NoSuchEntity: the message',
    });
    expect([isAbsent(error), isTaken(error), deniedAction(error)]).toEqual([true, false, undefined]);
  });

  it.each([
    ['Throttling', 400],
    ['ConcurrentModification', 409],
    ['ServiceFailure', 500],
  ])('%s is worth another try', async (code, status) => {
    expect(await failure(sdkError(code, status))).toMatchObject({ retry: 'backoff' });
  });

  it('names the action that the caller may not call', async () => {
    expect(deniedAction(await failure(sdkError('AccessDenied', 403)))).toBe('iam:GetRole');
    expect(deniedAction(await failure(sdkError('AccessDeniedException', 403)))).toBe('iam:GetRole');
    expect(deniedAction(new Error('AccessDenied'))).toBeUndefined();
  });

  it('knows that a name is taken', async () => {
    expect(isTaken(await failure(sdkError('EntityAlreadyExistsException', 409, 'EntityAlreadyExists')))).toBe(true);
  });

  it.each([
    ['a connection that failed', Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })],
    ['an answer that is no AWS’s', sdkError('SyntaxError', 200)],
  ])('of %s is neither a refusal nor an absence: the outcome is unknown', async (_, thrown) => {
    const error = await failure(thrown);
    expect(error).toMatchObject({ code: 'aws-unreachable', retry: 'backoff' });
    expect(isAbsent(error)).toBe(false);
  });

  it('without credentials says so, and not that AWS is unreachable', async () => {
    expect(await failure(Object.assign(new Error('none found'), { name: 'CredentialsProviderError' }))).toMatchObject({
      code: 'aws-credentials-missing',
      message: 'iam:GetRole demo: no AWS credentials: none found',
      hint: expect.stringContaining('AWS_PROFILE'),
    });
  });

  it('after an abort is the reason of the abort', async () => {
    expect(await failure(new Error('aborted'), AbortSignal.abort('SIGINT'))).toBe('SIGINT');
  });
});
