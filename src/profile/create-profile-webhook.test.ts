import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { memoryLog } from '../../test/support/memory-log.ts';
import { createProfileWebhook, type ProfileWebhookOptions } from './create-profile-webhook.ts';
import type { RoleReadOutcome, TrustPolicyStore } from './ports.ts';
import { parseAllowedRole } from './role-policy.ts';

const ROLE = 'arn:aws:iam::111122223333:role/kf-user-a';
const PLACEHOLDER = '\u0024{ROLE}';
const decoder = new TextDecoder();
const encoder = new TextEncoder();
const tag = parseAllowedRole('tag:team=a');
const TAGGED: ProfileWebhookOptions = { allowedRoles: tag.ok ? [tag.allowed] : [], defaultRole: undefined };

function open(
  getRole: TrustPolicyStore['getRole'] = () => Promise.resolve({ kind: 'absent' }),
  options: Partial<ProfileWebhookOptions> = {},
) {
  const clock = new FakeClock();
  const counts = new Map<string, number>();
  const log = memoryLog();
  const webhook = createProfileWebhook(
    {
      ownRole: () => ({ account: '111122223333', roleName: 'kf-admin' }),
      namespace: () => ({ kind: 'known', object: undefined }),
      getRole,
      metrics: {
        count: (name, labels) =>
          void counts.set(`${name} ${Object.values(labels).join()}`, (counts.get(`${name} ${Object.values(labels).join()}`) ?? 0) + 1),
        set: () => undefined,
      },
      clock,
      log,
    },
    { allowedRoles: [], defaultRole: undefined, ...options },
  );
  const send = (body: string | Uint8Array, over: { method?: string; path?: string; type?: string } = {}) =>
    webhook.handle({
      method: over.method ?? 'POST',
      path: over.path ?? '/validate-profile?timeout=5s',
      headers: { 'content-type': over.type ?? 'application/json' },
      body: typeof body === 'string' ? encoder.encode(body) : body,
    });
  const admit = async (review: object) => JSON.parse(decoder.decode((await send(JSON.stringify(review))).body)).response;
  return { clock, counts, log, webhook, send, admit };
}

const profileOf = (awsIamRole: unknown, metadata: object = {}) => ({
  apiVersion: 'kubeflow.org/v1',
  kind: 'Profile',
  metadata: { name: 'team-a', ...metadata },
  spec: { owner: { kind: 'User', name: 'a@example.com' }, plugins: [{ kind: 'AwsIamForServiceAccount', spec: { awsIamRole } }] },
});
const reviewOf = (object: unknown, request: object = {}) => ({
  apiVersion: 'admission.k8s.io/v1',
  kind: 'AdmissionReview',
  request: {
    uid: 'u-1',
    operation: 'CREATE',
    resource: { group: 'kubeflow.org', version: 'v1', resource: 'profiles' },
    object,
    oldObject: null,
    ...request,
  },
});

describe('the validating webhook for profiles', () => {
  it('logs no more of a name than a name may have: anybody on the network may send one', async () => {
    const { admit, log } = open();
    const name = 'x'.repeat(100_000);
    expect((await admit(reviewOf(profileOf(ROLE, { name })))).allowed).toBe(false);
    expect(log.lines.map(({ fields }) => fields)).toEqual([{ name: name.slice(0, 253), reason: 'NamespaceNameIllegal' }]);
  });

  it('refuses with every problem in the message, and one cause each', async () => {
    const { admit, counts } = open();
    const bad = profileOf(PLACEHOLDER);
    const response = await admit(reviewOf({ ...bad, spec: { plugins: bad.spec.plugins } }));
    const owner = 'spec.owner wants a kind and a name (OwnerMissing)';
    const role = `awsIamRole "${PLACEHOLDER}" still holds a placeholder, put the real value in (RoleArnPlaceholder)`;
    expect(response).toEqual({
      uid: 'u-1',
      allowed: false,
      status: {
        status: 'Failure',
        code: 422,
        reason: 'Invalid',
        message: `spec.owner: ${owner}; spec.plugins[0].spec.awsIamRole: ${role}`,
        details: {
          name: 'team-a',
          group: 'kubeflow.org',
          kind: 'Profile',
          causes: [
            { reason: 'FieldValueInvalid', message: owner, field: 'spec.owner' },
            { reason: 'FieldValueInvalid', message: role, field: 'spec.plugins[0].spec.awsIamRole' },
          ],
        },
      },
      auditAnnotations: { reason: 'OwnerMissing,RoleArnPlaceholder' },
    });
    expect(counts.get('podrole_profile_admissions_total denied')).toBe(1);
    expect(counts.get('podrole_profile_admission_problems_total RoleArnPlaceholder')).toBe(1);
  });

  it('admits with warnings that an API server passes on whole', async () => {
    const { admit } = open();
    const { allowed, warnings } = await admit(reviewOf(profileOf(ROLE)));
    expect([allowed, warnings]).toEqual([
      true,
      ["podrole: no --allowed-role is set: profiles may name every role of the account but the controller's own (AnyRoleAllowed)"],
    ]);
  });

  it.each([
    ['a deletion', { operation: 'DELETE', object: null, oldObject: profileOf('') }],
    ['a status', { operation: 'UPDATE', subResource: 'status', object: profileOf(''), oldObject: profileOf(ROLE) }],
    ['another kind', { resource: { group: '', version: 'v1', resource: 'pods' }, object: { metadata: {} } }],
    ['the removal of a finalizer', { operation: 'UPDATE', object: profileOf('', { deletionTimestamp: 't' }), oldObject: profileOf(ROLE) }],
    ['a label on a bad profile', { operation: 'UPDATE', object: profileOf('', { labels: { a: 'b' } }), oldObject: profileOf('') }],
  ])('lets %s through', async (_, request) => {
    expect(await open().admit(reviewOf(null, request))).toMatchObject({ uid: 'u-1', allowed: true });
  });

  it.each([
    ['no JSON', 'no'],
    ['bad UTF-8', new Uint8Array([0x22, 0xff, 0x22])],
    ['no review', '{}'],
    ['the old version', JSON.stringify({ ...reviewOf(profileOf(ROLE)), apiVersion: 'admission.k8s.io/v1beta1' })],
    ['no uid', JSON.stringify(reviewOf(profileOf(ROLE), { uid: '' }))],
    ['plugins that are no list', JSON.stringify(reviewOf({ metadata: { name: 'a' }, spec: { plugins: {} } }))],
    ['an update without what was', JSON.stringify(reviewOf(profileOf(ROLE), { operation: 'UPDATE' }))],
  ])('answers %s by HTTP alone, so that the failurePolicy decides', async (_, body) => {
    const { send, counts } = open();
    const answer = await send(body);
    expect([answer.status, JSON.parse(decoder.decode(answer.body)).kind]).toEqual([400, 'Status']);
    expect(counts.get('podrole_profile_admissions_total undecodable')).toBe(1);
  });

  it.each([
    [404, { path: '/validate-profile/' }],
    [404, { path: '/mutate' }],
    [405, { method: 'GET' }],
    [415, { type: 'text/plain' }],
    [415, { type: 'application/jsonp' }],
    [200, { type: 'application/json; charset=utf-8' }],
  ])('answers %i to %j', async (status, over) => {
    expect((await open().send(JSON.stringify(reviewOf(profileOf(ROLE))), over)).status).toBe(status);
  });

  it('asks IAM once for a tag, and keeps the answer for a while', async () => {
    let calls = 0;
    const read: RoleReadOutcome = { kind: 'found', role: { arn: ROLE, document: '', tags: { team: 'b' } } };
    const { admit, clock } = open(() => {
      calls += 1;
      return Promise.resolve(read);
    }, TAGGED);
    const both = await Promise.all([admit(reviewOf(profileOf(ROLE))), admit(reviewOf(profileOf(ROLE)))]);
    expect([both.map(({ allowed }) => allowed), calls]).toEqual([[false, false], 1]);
    await clock.advance(11_000);
    await admit(reviewOf(profileOf(ROLE)));
    expect(calls).toBe(2);
  });

  it('does not wait for IAM longer than the API server waits for it', async () => {
    const { admit, clock } = open(() => new Promise(() => undefined), TAGGED);
    const answer = admit(reviewOf(profileOf(ROLE)));
    await clock.advance(2_000);
    expect(await answer).toMatchObject({ allowed: true, warnings: [expect.stringContaining('(IamUnavailable)')] });
  });

  it('never throws, whatever comes', async () => {
    const { send } = open();
    const junk = fc.anything({ maxDepth: 4 }).map((value) => JSON.stringify(value) ?? '');
    const nearly = fc
      .record({ metadata: fc.anything(), spec: fc.anything() })
      .map((object) => JSON.stringify(reviewOf({ ...profileOf(ROLE), ...object }, { operation: 'UPDATE', oldObject: profileOf(ROLE) })));
    const plugins = fc
      .anything()
      .map((spec) => JSON.stringify(reviewOf({ ...profileOf(ROLE), spec: { plugins: [{ kind: 'AwsIamForServiceAccount', spec }] } })));
    await fc.assert(
      fc.asyncProperty(fc.oneof(junk, nearly, plugins), async (body) => {
        expect([200, 400]).toContain((await send(body)).status);
      }),
      { numRuns: 500 },
    );
  });
});
