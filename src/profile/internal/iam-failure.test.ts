import { expect, it } from 'vitest';
import { iamFailure } from './iam-failure.ts';

it('tells an IAM that is away or throttles from one that refuses', () => {
  const reasonOf = (code: string): string => iamFailure({ code, message: 'm' }, 'kf-user').reason;
  expect(['unreachable', 'Throttling', 'ThrottlingException', 'AccessDenied', 'ServiceFailure'].map(reasonOf)).toEqual([
    'IamUnavailable',
    'IamUnavailable',
    'IamUnavailable',
    'IamRefused',
    'IamRefused',
  ]);
});

it('asks about the name of a role that the controller may not see', () => {
  expect(iamFailure({ code: 'AccessDenied', message: 'no' }, 'kf-usr').message).toBe(
    'AccessDenied: no; is kf-usr spelt right, and may the controller read it (iam:GetRole)?',
  );
  expect(iamFailure({ code: 'ServiceFailure', message: 'no' }, 'kf-usr').message).toBe('ServiceFailure: no');
});
