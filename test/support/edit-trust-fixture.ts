import { editTrust, type TrustEdit, type TrustEditInput } from '../../src/iam/edit-trust.ts';

// The provider and subjects of upstream's own unit tests.
export const I = 'oidc.example.com/id/50D94CFC65139194EDC21891B611EF72';
export const P = `arn:aws:iam::34892524:oidc-provider/${I}`;
export const OTHER = 'arn:aws:iam::34892524:oidc-provider/oidc.example.com/id/OTHER';
export const SID = 'Podrole0123456789ab';
export const AUD = 'sts.amazonaws.com';
export const WEB = 'sts:AssumeRoleWithWebIdentity';
export const sa1 = 'system:serviceaccount:ns1:sa1';
export const sa2 = 'system:serviceaccount:ns1:sa2';
export const sa3 = 'system:serviceaccount:ns1:sa3';

export const legacy = (equals: object, action: string | string[] = WEB): object => ({
  Effect: 'Allow',
  Principal: { Federated: P },
  Action: action,
  Condition: { StringEquals: equals },
});
export const ours = (subjects: string[], more: object = {}): object => ({
  Sid: SID,
  ...legacy({ [`${I}:aud`]: AUD, [`${I}:sub`]: subjects }),
  ...more,
});
export const doc = (...statements: object[]): string => JSON.stringify({ Version: '2012-10-17', Statement: statements });
export const EC2 = { Effect: 'Allow', Principal: { Service: 'ec2.amazonaws.com' }, Action: 'sts:AssumeRole' };
export const CLOSED = { Sid: 'PodroleClosed', Effect: 'Deny', Principal: { Federated: P }, Action: WEB };
export const OPEN = { Effect: 'Allow', Principal: { Federated: P }, Action: WEB };

export function edit(document: string, wish: Partial<TrustEditInput>): Extract<TrustEdit, { kind: 'edited' }> {
  const result = tryEdit(document, wish);
  if (result.kind !== 'edited') throw new Error(result.message);
  return result;
}

export function tryEdit(document: string, wish: Partial<TrustEditInput>): TrustEdit {
  return editTrust({
    document,
    providerArn: P,
    sid: SID,
    audience: AUD,
    registeredAudiences: [AUD],
    desired: [],
    revoked: [],
    quota: 2048,
    ...wish,
  });
}

export function statements(document: string): readonly unknown[] {
  const list = (JSON.parse(document) as { Statement: unknown }).Statement;
  return Array.isArray(list) ? list : [list];
}
