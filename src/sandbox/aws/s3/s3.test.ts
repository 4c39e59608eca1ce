import {
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteBucketPolicyCommand,
  DeleteObjectCommand,
  GetBucketLocationCommand,
  GetBucketPolicyCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListObjectsV2Command,
  PutBucketPolicyCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  ACCOUNT,
  ADMIN,
  accountWithRole,
  credentialsOf,
  element,
  exchange,
  type Listening,
  listen,
  query,
  REGION,
  ROLE,
  ROLE_ARN,
  signedRequest,
  type TestAccount,
  testClock,
} from '../testing/sandbox-account.ts';

describe('S3 through its SDK', () => {
  let account: TestAccount;
  let server: Listening;
  let s3: S3Client;

  beforeEach(async () => {
    account = await accountWithRole({ clock: testClock(Date.now()) });
    server = await listen(account.aws);
    s3 = new S3Client({ region: REGION, endpoint: server.endpoint, credentials: ADMIN });
    await s3.send(new CreateBucketCommand({ Bucket: 'docs' }));
  });
  afterEach(() => server.close());

  const put = (Key: string, Body: string | Uint8Array, more: object = {}) =>
    s3.send(new PutObjectCommand({ Bucket: 'docs', Key, Body, ...more }));
  const text = async (Key: string, client = s3) =>
    (await client.send(new GetObjectCommand({ Bucket: 'docs', Key }))).Body!.transformToString();
  const pod = async () => new S3Client({ region: REGION, endpoint: server.endpoint, credentials: credentialsOf(await exchange(account)) });

  it('gives back the bytes, headers and metadata of an object', async () => {
    const bytes = Uint8Array.from({ length: 70_000 }, (_, index) => index % 251);
    const { ETag } = await put('bin', bytes, { ContentType: 'application/x-thing', CacheControl: 'max-age=60', Metadata: { who: 'me' } });
    const got = await s3.send(new GetObjectCommand({ Bucket: 'docs', Key: 'bin' }));
    expect(Buffer.from(await got.Body!.transformToByteArray()).equals(Buffer.from(bytes))).toBe(true);
    const head = await s3.send(new HeadObjectCommand({ Bucket: 'docs', Key: 'bin' }));
    for (const answer of [got, head])
      expect(answer).toMatchObject({
        ContentType: 'application/x-thing',
        CacheControl: 'max-age=60',
        ContentLength: 70_000,
        Metadata: { who: 'me' },
        ETag,
      });
  });

  it('reads keys with every kind of character', async () => {
    for (const key of ['a b', 'ü/ж', '100%', 'a+b&c=d', "it's (1)*!", '.well-known/openid-configuration']) {
      await put(key, key);
      expect(await text(key)).toBe(key);
    }
  });

  it('knows missing things by their codes', async () => {
    await expect(text('none')).rejects.toMatchObject({ name: 'NoSuchKey', message: 'The specified key does not exist.' });
    await expect(s3.send(new GetObjectCommand({ Bucket: 'none', Key: 'k' }))).rejects.toMatchObject({ name: 'NoSuchBucket' });
    await expect(s3.send(new HeadObjectCommand({ Bucket: 'docs', Key: 'none' }))).rejects.toMatchObject({
      name: 'NotFound',
      $metadata: { httpStatusCode: 404 },
    });
    await expect(s3.send(new HeadBucketCommand({ Bucket: 'none' }))).rejects.toMatchObject({ name: 'NotFound' });
    await expect(s3.send(new GetBucketPolicyCommand({ Bucket: 'docs' }))).rejects.toMatchObject({ name: 'NoSuchBucketPolicy' });
  });

  it('lists keys in pages and folds them at the delimiter', async () => {
    for (const key of ['a', 'b/1', 'b/2', 'c', 'd/e/f']) await put(key, '');
    const folded = await s3.send(new ListObjectsV2Command({ Bucket: 'docs', Delimiter: '/' }));
    expect([folded.Contents!.map(({ Key }) => Key), folded.CommonPrefixes!.map(({ Prefix }) => Prefix), folded.KeyCount]).toEqual([
      ['a', 'c'],
      ['b/', 'd/'],
      4,
    ]);
    const first = await s3.send(new ListObjectsV2Command({ Bucket: 'docs', MaxKeys: 3 }));
    expect([first.Contents!.map(({ Key }) => Key), first.IsTruncated]).toEqual([['a', 'b/1', 'b/2'], true]);
    const second = await s3.send(new ListObjectsV2Command({ Bucket: 'docs', ContinuationToken: first.NextContinuationToken! }));
    expect([second.Contents!.map(({ Key }) => Key), second.IsTruncated]).toEqual([['c', 'd/e/f'], false]);
    expect((await s3.send(new ListObjectsV2Command({ Bucket: 'docs', Prefix: 'x' }))).KeyCount).toBe(0);
  });

  it('keeps buckets until they are empty', async () => {
    await put('k', 'v');
    expect((await s3.send(new ListBucketsCommand({}))).Buckets).toMatchObject([{ Name: 'docs' }]);
    expect((await s3.send(new GetBucketLocationCommand({ Bucket: 'docs' }))).LocationConstraint).toBe(REGION);
    await expect(s3.send(new CreateBucketCommand({ Bucket: 'docs' }))).rejects.toMatchObject({ name: 'BucketAlreadyOwnedByYou' });
    await expect(s3.send(new DeleteBucketCommand({ Bucket: 'docs' }))).rejects.toMatchObject({ name: 'BucketNotEmpty' });
    await s3.send(new DeleteObjectCommand({ Bucket: 'docs', Key: 'k' }));
    await s3.send(new DeleteObjectCommand({ Bucket: 'docs', Key: 'k' }));
    await s3.send(new DeleteBucketCommand({ Bucket: 'docs' }));
    await expect(s3.send(new HeadBucketCommand({ Bucket: 'docs' }))).rejects.toMatchObject({ name: 'NotFound' });
  });

  it('writes on condition', async () => {
    await put('k', '1', { IfNoneMatch: '*' });
    await expect(put('k', '2', { IfNoneMatch: '*' })).rejects.toMatchObject({ name: 'PreconditionFailed' });
    await expect(put('k', '2', { IfMatch: '"other"' })).rejects.toMatchObject({ name: 'PreconditionFailed' });
    expect(await text('k')).toBe('1');
  });

  it('does not tell who may not list that a key is missing', async () => {
    const grant = (Action: string, Resource: string) =>
      query(account, 'PutRolePolicy', {
        RoleName: ROLE,
        PolicyName: Action.slice(3),
        PolicyDocument: JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action, Resource }] }),
      });
    await grant('s3:GetObject', 'arn:aws:s3:::docs/*');
    const client = await pod();
    await expect(text('none', client)).rejects.toMatchObject({ name: 'AccessDenied', message: expect.stringContaining('s3:ListBucket') });
    await grant('s3:ListBucket', 'arn:aws:s3:::docs');
    await expect(text('none', client)).rejects.toMatchObject({ name: 'NoSuchKey' });
  });

  it('shows everybody what the bucket’s policy opens, and nothing else', async () => {
    await put('.well-known/jwks', '{}');
    const anonymous = (path: string, method = 'GET') => account.aws.handle(new Request(`http://127.0.0.1${path}`, { method }));
    expect((await anonymous('/docs/.well-known/jwks')).status).toBe(403);
    const policy = {
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Principal: '*', Action: 's3:GetObject', Resource: 'arn:aws:s3:::docs/.well-known/*' }],
    };
    await s3.send(new PutBucketPolicyCommand({ Bucket: 'docs', Policy: JSON.stringify(policy) }));
    expect(JSON.parse((await s3.send(new GetBucketPolicyCommand({ Bucket: 'docs' }))).Policy!)).toEqual(policy);
    expect(await (await anonymous('/docs/.well-known/jwks')).text()).toBe('{}');
    for (const [path, method] of [
      ['/docs/other', 'GET'],
      ['/docs/.well-known/jwks', 'DELETE'],
      ['/docs', 'GET'],
      ['/docs?list-type=2', 'GET'],
      ['/', 'GET'],
    ] as const) {
      expect((await anonymous(path, method)).status, `${method} ${path}`).toBeGreaterThanOrEqual(403);
    }
    await s3.send(new DeleteBucketPolicyCommand({ Bucket: 'docs' }));
    expect((await anonymous('/docs/.well-known/jwks')).status).toBe(403);
  });

  it('lets a bucket policy name a role, or deny one that its own policy allows', async () => {
    await put('k', 'v');
    const client = await pod();
    const statement = (Effect: string, AWS: string) => ({
      Version: '2012-10-17',
      Statement: [{ Effect, Principal: { AWS }, Action: 's3:*', Resource: ['arn:aws:s3:::docs', 'arn:aws:s3:::docs/*'] }],
    });
    const putPolicy = (policy: object) => s3.send(new PutBucketPolicyCommand({ Bucket: 'docs', Policy: JSON.stringify(policy) }));
    await putPolicy(statement('Allow', `arn:aws:iam::${ACCOUNT}:role/other`));
    await expect(text('k', client)).rejects.toMatchObject({ name: 'AccessDenied' });
    await putPolicy(statement('Allow', ROLE_ARN));
    expect(await text('k', client)).toBe('v');
    await query(account, 'AttachRolePolicy', { RoleName: ROLE, PolicyArn: 'arn:aws:iam::aws:policy/AmazonS3FullAccess' });
    await putPolicy(statement('Deny', ROLE_ARN));
    await expect(text('k', client)).rejects.toMatchObject({
      name: 'AccessDenied',
      message: expect.stringMatching(/with an explicit deny in a resource-based policy$/),
    });
  });

  it('finds the bucket in the host name too', async () => {
    await put('k', 'v');
    const response = await signedRequest(account, {
      service: 's3',
      method: 'GET',
      path: '/k',
      headers: { host: 'docs.s3.us-west-2.amazonaws.com' },
    });
    expect(await response.text()).toBe('v');
  });

  it('says so when it is asked for what it does not do', async () => {
    const response = await signedRequest(account, { service: 's3', method: 'GET', path: '/docs', query: { acl: '' } });
    expect([response.status, element(await response.text(), 'Code')]).toEqual([501, 'NotImplemented']);
  });
});
