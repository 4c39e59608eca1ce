import { describe, expect, it } from 'vitest';
import { evaluateIdentity, type IdentityRequest } from './evaluate-identity.ts';

const document = (...statements: readonly object[]): object => ({ Version: '2012-10-17', Statement: statements });
const allow = (action: unknown, resource: unknown, more: object = {}): object => ({
  Effect: 'Allow',
  Action: action,
  Resource: resource,
  ...more,
});
const read: IdentityRequest = {
  action: 's3:GetObject',
  resource: 'arn:aws:s3:::bucket/a/b.txt',
  context: { 'aws:SourceIp': '10.0.0.1', 'aws:username': 'me' },
};
const verdict = (statement: object, request = read): string =>
  evaluateIdentity([{ name: 'p', document: document(statement) }], request).verdict;

describe('identity policies', () => {
  it.each<[object, 'allow' | 'deny']>([
    [allow('s3:GetObject', 'arn:aws:s3:::bucket/*'), 'allow'],
    [allow('S3:getobject', '*'), 'allow'],
    [allow(['ec2:*', 's3:Get*'], ['arn:aws:s3:::other', 'arn:aws:s3:::bucket/a/?.txt']), 'allow'],
    [allow('*', '*'), 'allow'],
    [allow('s3:PutObject', '*'), 'deny'],
    [allow('s3:GetObject', 'arn:aws:s3:::bucket'), 'deny'],
    [allow('s3:GetObject', 'ARN:aws:s3:::bucket/*'), 'deny'],
    [allow('s3:GetObject', 'arn:aws:*'), 'deny'],
    [{ Effect: 'Allow', NotAction: 'iam:*', Resource: '*' }, 'allow'],
    [{ Effect: 'Allow', NotAction: 's3:*', Resource: '*' }, 'deny'],
    [{ Effect: 'Allow', Action: 's3:*', NotResource: 'arn:aws:s3:::secret/*' }, 'allow'],
    [{ Effect: 'Allow', Action: 's3:*', NotResource: 'arn:aws:s3:::bucket/*' }, 'deny'],
    [allow('s3:*', '*', { Condition: { IpAddress: { 'aws:sourceip': '10.0.0.0/8' } } }), 'allow'],
    [allow('s3:*', '*', { Condition: { IpAddress: { 'aws:SourceIp': '11.0.0.0/8' } } }), 'deny'],
    [allow('s3:*', `arn:aws:s3:::bucket/\${aws:username}/*`), 'deny'],
  ])('%j: %s', (statement, expected) => {
    expect(verdict(statement)).toBe(expected);
  });

  it('replace variables in resources, as literal text', () => {
    const own = allow('s3:*', `arn:aws:s3:::bucket/\${aws:username}/*`);
    expect(verdict(own, { ...read, resource: 'arn:aws:s3:::bucket/me/x' })).toBe('allow');
    expect(verdict(own, { ...read, resource: 'arn:aws:s3:::bucket/you/x', context: { 'aws:username': '*' } })).toBe('deny');
    expect(verdict(own, { ...read, resource: 'arn:aws:s3:::bucket/me/x', context: {} })).toBe('deny');
  });

  it('let an explicit Deny of any policy win, and name the policy', () => {
    const policies = [
      { name: 'everything', document: document(allow('*', '*')) },
      { name: 'fence', document: JSON.stringify(document({ Effect: 'Deny', Action: 's3:*', Resource: '*' })) },
    ];
    expect(evaluateIdentity(policies, read)).toEqual({ verdict: 'deny', reason: 'explicit-deny', by: 'fence' });
    expect(evaluateIdentity(policies, { ...read, action: 'iam:GetRole' })).toEqual({ verdict: 'allow' });
  });

  it('deny without an Allow, and when a policy cannot be read', () => {
    expect(evaluateIdentity([], read)).toEqual({ verdict: 'deny', reason: 'no-allow' });
    const broken = [
      { name: 'all', document: document(allow('*', '*')) },
      { name: 'broken', document: '{' },
    ];
    expect(evaluateIdentity(broken, read)).toEqual({ verdict: 'deny', reason: 'no-allow', by: 'broken' });
    expect(evaluateIdentity([{ name: 'no resource', document: document({ Effect: 'Allow', Action: '*' }) }], read)).toEqual({
      verdict: 'deny',
      reason: 'no-allow',
      by: 'no resource',
    });
  });

  it.each([
    [{ Null: { 'aws:TagKeys': 'true' } }, 'allow'],
    [{ StringNotEquals: { 'aws:TagKeys': 'a' } }, 'allow'],
    [{ 'ForAnyValue:StringLike': { 'aws:TagKeys': '*' } }, 'deny'],
  ])('take a key without a value for one that is absent: %j', (Condition, expected) => {
    expect(verdict(allow('*', '*', { Condition }), { ...read, context: { 'aws:TagKeys': [] } })).toBe(expected);
  });
});
