import { describe, expect, it } from 'vitest';
import { evaluateIdentity } from '../iam/evaluate-identity.ts';
import { parsePolicyText } from '../iam/policy-document.ts';
import { policySize } from '../iam/policy-size.ts';
import { type PolicyName, policyOf } from './policies.ts';

const values = {
  partition: 'aws-cn',
  userRoleArn: 'arn:aws-cn:iam::111122223333:role/kf-user-demo',
  ownRoleArn: 'arn:aws-cn:iam::111122223333:role/kf-admin-demo',
  bucket: 'artifacts',
};
const ALL: readonly PolicyName[] = ['alb-ingress-v1', 'alb-ingress-v2', 'cloudwatch', 'fsx-csi', 'pipelines', 'profile-controller'];

const judge = (name: PolicyName, action: string, resource: string, context = {}): string =>
  evaluateIdentity([policyOf(name, values)], { action, resource, context }).verdict;

describe('the shipped policies', () => {
  it.each(ALL)('%s is filled in, and of the caller’s partition only', (name) => {
    const { document } = policyOf(name, values);
    expect(parsePolicyText(document).ok).toBe(true);
    expect(document).not.toMatch(/\$\{(?!aws:)|arn:aws:/);
  });

  it('fit on one role together', () => {
    const names = ALL.filter((name) => name !== 'alb-ingress-v1');
    expect(names.map((name) => policySize(policyOf(name, values).document)).reduce((sum, size) => sum + size, 0)).toBeLessThan(10_240);
  });

  it('of both generations of the load balancer controller take each other’s place', () => {
    expect(policyOf('alb-ingress-v1', values).name).toBe(policyOf('alb-ingress-v2', values).name);
  });

  it('let the Profile controller edit the users’ role and no other, its own least of all', () => {
    const edit = (arn: string): string => judge('profile-controller', 'iam:UpdateAssumeRolePolicy', arn);
    expect(edit(values.userRoleArn)).toBe('allow');
    expect(edit(values.ownRoleArn)).toBe('deny');
    expect(edit('arn:aws-cn:iam::111122223333:role/admin')).toBe('deny');
    expect(judge('profile-controller', 'iam:GetAccountSummary', '*')).toBe('allow');
  });

  it('let pipelines into one bucket', () => {
    expect(judge('pipelines', 's3:PutObject', 'arn:aws-cn:s3:::artifacts/run/1')).toBe('allow');
    expect(judge('pipelines', 's3:ListBucket', 'arn:aws-cn:s3:::artifacts')).toBe('allow');
    expect(judge('pipelines', 's3:GetObject', 'arn:aws-cn:s3:::artifacts-of-others/x')).toBe('deny');
    expect(judge('pipelines', 's3:DeleteBucket', 'arn:aws-cn:s3:::artifacts')).toBe('deny');
  });

  it('let the load balancer controller change what carries a cluster’s tag only', () => {
    const group = 'arn:aws-cn:ec2:cn-north-1:111122223333:security-group/sg-1';
    expect(judge('alb-ingress-v2', 'ec2:DeleteSecurityGroup', group, { 'aws:ResourceTag/elbv2.k8s.aws/cluster': 'demo' })).toBe('allow');
    expect(judge('alb-ingress-v2', 'ec2:DeleteSecurityGroup', group)).toBe('deny');
  });

  it('give nobody the power over IAM roles that kfctl gave', () => {
    for (const name of ALL) expect(judge(name, 'iam:UpdateAssumeRolePolicy', 'arn:aws-cn:iam::111122223333:role/any')).toBe('deny');
  });
});
