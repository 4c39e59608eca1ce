import fc from 'fast-check';
import { describe, it } from 'vitest';
import { editTrust, type TrustEdit, type TrustEditInput } from './edit-trust.ts';
import { evaluateTrust } from './evaluate-trust.ts';
import { lintTrust } from './lint-trust.ts';
import { openStatements } from './open-statements.ts';
import { policySize } from './policy-size.ts';

const I = 'oidc.example.com/id/A1';
const J = 'oidc.example.com/id/B2';
const P = `arn:aws:iam::123456789012:oidc-provider/${I}`;
const Q = `arn:aws:iam::123456789012:oidc-provider/${J}`;
const SID = 'Podrole0123456789ab';
const WEB = 'sts:AssumeRoleWithWebIdentity';
const AUDIENCES = ['sts.amazonaws.com', 'other'] as const;
const SUBJECTS = ['a', 'b', 'c', 'd', 'e'].map((name) => `system:serviceaccount:team-${name}:default-editor`);
const RUNS = { numRuns: 300 };

const subject = fc.constantFrom(...SUBJECTS);
const subjects = fc.oneof(fc.uniqueArray(subject, { maxLength: 4 }), fc.array(subject, { maxLength: 5 }), subject);
const audience = fc.oneof(
  fc.constantFrom<unknown>(...AUDIENCES),
  fc.constant([...AUDIENCES]),
  fc.constant([]),
  fc.constant(['sts.amazonaws.com']),
);
const provider = fc.constantFrom<unknown>(P, [P], P, Q, [P, Q]);
const action = fc.constantFrom<unknown>(WEB, [WEB], WEB, [WEB, 'sts:TagSession'], 'sts:*', 'sts:AssumeRole');
const sid = fc.constantFrom(undefined, undefined, SID, 'Mine', 'PodroleClosed');

/** Whatever a human, Terraform, upstream's controller or a second podrole may have left behind. */
const legacy = fc
  .record({
    aud: fc.option(audience, { nil: undefined }),
    sub: fc.option(subjects, { nil: undefined }),
    federated: fc.constantFrom<unknown>(P, [P]),
  })
  .map(({ aud, sub, federated }) => ({
    Effect: 'Allow',
    Principal: { Federated: federated },
    Action: WEB,
    Condition: {
      StringEquals: { ...(aud === undefined ? {} : { [`${I}:aud`]: aud }), ...(sub === undefined ? {} : { [`${I}:sub`]: sub }) },
    },
  }));
const ours = fc
  .record({ base: legacy, extra: fc.constantFrom({}, {}, { Bool: { 'aws:SecureTransport': 'true' } }) })
  .map(({ base, extra }) => ({
    Sid: SID,
    ...base,
    Condition: { ...base.Condition, ...extra },
  }));
const closed = provider.map((federated) => ({ Sid: 'PodroleClosed', Effect: 'Deny', Principal: { Federated: federated }, Action: WEB }));
const condition = fc.constantFrom<unknown>(
  undefined,
  { StringEquals: { [`${I}:aud`]: 'sts.amazonaws.com' } },
  { StringEquals: { [`${I}:sub`]: SUBJECTS[0] } },
  { StringLike: { [`${I}:sub`]: 'system:serviceaccount:*:default-editor' } },
  { StringLike: { [`${I}:sub`]: '*' } },
  { StringNotEquals: { [`${I}:sub`]: SUBJECTS[1] } },
  { StringEquals: { [`${I}:sub`]: `\${${I}:sub}` } },
  { StringEqualsIfExists: { [`${I}:subject`]: 'x' } },
  { StringEquals: { [`${J}:sub`]: SUBJECTS[0] } },
);
const foreign = fc
  .record({ sid, effect: fc.constantFrom('Allow', 'Allow', 'Deny'), federated: provider, action, condition })
  .map(({ sid: Sid, effect, federated, action: Action, condition: Condition }) => ({
    Sid,
    Effect: effect,
    Principal: { Federated: federated },
    Action,
    Condition,
  }));
const service = fc.constant({ Effect: 'Allow', Principal: { Service: 'ec2.amazonaws.com' }, Action: 'sts:AssumeRole' });
const statement = fc.oneof({ weight: 3, arbitrary: legacy }, { weight: 3, arbitrary: ours }, closed, foreign, service);
const document = fc
  .record({
    version: fc.constantFrom('2012-10-17', '2012-10-17', '2008-10-17', undefined),
    list: fc.array(statement, { minLength: 1, maxLength: 4 }),
    single: fc.boolean(),
    indent: fc.constantFrom(0, 2),
  })
  .map(({ version, list, single, indent }) =>
    JSON.stringify({ Version: version, Id: 'x', Statement: single && list.length === 1 ? list[0] : list }, undefined, indent),
  );

const input = fc
  .record({
    document,
    desired: fc.uniqueArray(subject, { maxLength: 4 }),
    revoked: fc.uniqueArray(subject, { maxLength: 4 }),
    registered: fc.constantFrom<readonly string[]>(['sts.amazonaws.com'], [...AUDIENCES]),
    quota: fc.oneof(fc.constant('off' as const), fc.integer({ min: 200, max: 1500 })),
  })
  .map(
    ({ registered, ...rest }): TrustEditInput => ({
      ...rest,
      providerArn: P,
      sid: SID,
      audience: 'sts.amazonaws.com',
      registeredAudiences: registered,
    }),
  );

type Edited = Extract<TrustEdit, { kind: 'edited' }>;

/** Runs an edit and hands it on; a refusal has nothing to check but that it names a reason. */
function edited(given: TrustEditInput, check: (result: Edited) => void): void {
  const result = editTrust(given);
  if (result.kind === 'edited') check(result);
}

interface Token {
  readonly subject: string;
  readonly audience: string;
  readonly issuer: string;
}

function isAllowed(policy: string, token: Token): boolean {
  const issuer = `https://${token.issuer}`;
  return (
    evaluateTrust(policy, {
      action: WEB,
      account: '123456789012',
      roleArn: 'arn:aws:iam::123456789012:role/r',
      providerArn: `arn:aws:iam::123456789012:oidc-provider/${token.issuer}`,
      issuer,
      sessionName: 'session',
      claims: { iss: issuer, sub: token.subject, aud: token.audience },
      context: { 'aws:SecureTransport': 'true' },
    }).verdict === 'allow'
  );
}

const STRANGERS = ['system:serviceaccount:zz:yy', 'system:serviceaccount:zz:default-editor', 'x', ''];
const TOKENS = (registered: readonly string[]): readonly Token[] =>
  [...SUBJECTS, ...STRANGERS].flatMap((one) =>
    registered.flatMap((aud) => [I, J].map((issuer) => ({ subject: one, audience: aud, issuer }))),
  );

/** The document without our closing Deny, by which alone a grant may let others back in. */
function withoutClosed(policy: string): string {
  const root = JSON.parse(policy) as { Statement: object | object[] };
  const list = (Array.isArray(root.Statement) ? root.Statement : [root.Statement]) as {
    Sid?: string;
    Effect: string;
    Principal: { Federated?: unknown };
  }[];
  const rest = list.filter(
    (one) =>
      !(
        one.Sid === 'PodroleClosed' &&
        one.Effect === 'Deny' &&
        [P, [P]].some((p) => JSON.stringify(p) === JSON.stringify(one.Principal.Federated))
      ),
  );
  return JSON.stringify({ ...root, Statement: rest.length === 0 ? [{ Effect: 'Deny', Principal: '*', Action: WEB }] : rest });
}

/** Whether a statement is ours to close: legacy or with our Sid, and bound to no subject. */
function closable(policy: string): boolean {
  const { Statement } = JSON.parse(policy) as { Statement: object | object[] };
  const list = (Array.isArray(Statement) ? Statement : [Statement]) as { Sid?: string; Condition?: { StringEquals?: object } }[];
  return list.some((one) => {
    const equals = one.Condition?.StringEquals;
    if (equals === undefined) return one.Sid === SID;
    return (one.Sid === undefined || one.Sid === SID) && !(`${I}:sub` in equals);
  });
}

function foreignStatements(policy: string): readonly string[] {
  const { Statement } = JSON.parse(policy) as { Statement: object | object[] };
  const list = (Array.isArray(Statement) ? Statement : [Statement]) as {
    Sid?: string;
    Principal: { Federated?: unknown; Service?: unknown };
  }[];
  return list
    .filter((one) => one.Sid === 'Mine' || one.Principal.Service !== undefined || JSON.stringify(one.Principal.Federated).includes(J))
    .map((one) => JSON.stringify(one));
}

describe('editing a trust policy, judged by the evaluator', () => {
  it('lets every admitted subject in, unless a foreign Deny keeps it out', () => {
    fc.assert(
      fc.property(input, (given) => {
        edited(given, (result) => {
          const denied = result.warnings.filter((warning) => warning.code === 'denied-elsewhere').map((warning) => warning.message);
          for (const one of result.admitted) {
            if (
              !denied.some((message) => message.includes(one)) &&
              !isAllowed(result.document, { subject: one, audience: given.audience, issuer: I })
            )
              throw new Error(`${one} is kept out`);
          }
          for (const one of given.desired) {
            if (!result.admitted.includes(one) && !result.refused.some((refusal) => refusal.subject === one))
              throw new Error(`${one} is neither admitted nor refused`);
          }
        });
      }),
      RUNS,
    );
  });

  it('keeps every revoked subject out, unless it says that another statement lets it in', () => {
    fc.assert(
      fc.property(input, (given) => {
        edited(given, (result) => {
          for (const one of given.revoked) {
            if (given.desired.includes(one)) continue;
            const isReported = result.warnings.some((warning) => warning.code === 'still-admitted' && warning.message.includes(one));
            const isIn = given.registeredAudiences.some((aud) => isAllowed(result.document, { subject: one, audience: aud, issuer: I }));
            if (isIn !== isReported) throw new Error(`${one}: admitted ${isIn}, reported ${isReported}`);
          }
        });
      }),
      RUNS,
    );
  });

  it('a removal admits nobody new (S2)', () => {
    fc.assert(
      fc.property(input, (given) => {
        edited({ ...given, desired: [] }, (result) => {
          for (const token of TOKENS(given.registeredAudiences)) {
            if (isAllowed(result.document, token) && !isAllowed(given.document, token)) throw new Error(`${JSON.stringify(token)} gained`);
          }
        });
      }),
      RUNS,
    );
  });

  it('changes no verdict but those asked for, save that it closes what binds nobody (S3, S5)', () => {
    fc.assert(
      fc.property(input, (given) => {
        edited(given, (result) => {
          const before = withoutClosed(given.document);
          const after = withoutClosed(result.document);
          const closes = closable(given.document);
          for (const token of TOKENS(given.registeredAudiences)) {
            const was = isAllowed(before, token);
            const is = isAllowed(after, token);
            const isNamed = token.issuer === I && (given.desired.includes(token.subject) || given.revoked.includes(token.subject));
            if (is && !was && !(token.issuer === I && given.desired.includes(token.subject)))
              throw new Error(`${JSON.stringify(token)} gained`);
            if (was && !is && !isNamed && !(closes && token.issuer === I)) throw new Error(`${JSON.stringify(token)} lost`);
            if (was && !is && given.desired.includes(token.subject) && !closes) throw new Error(`desired ${JSON.stringify(token)} lost`);
          }
        });
      }),
      RUNS,
    );
  });

  it('is done after once: the same wish again changes nothing', () => {
    fc.assert(
      fc.property(input, (given) => {
        edited(given, (result) => {
          const again = editTrust({ ...given, document: result.document });
          if (again.kind !== 'edited') throw new Error(again.message);
          if (again.changed) throw new Error(`changed again to ${again.document}`);
        });
      }),
      RUNS,
    );
  });

  it('keeps foreign statements, their order, Id and Version (S4)', () => {
    fc.assert(
      fc.property(input, (given) => {
        edited(given, (result) => {
          const before = foreignStatements(given.document).join('\n');
          const after = foreignStatements(result.document).join('\n');
          if (before !== after) throw new Error(`before:\n${before}\nafter:\n${after}`);
          const [a, b] = [JSON.parse(given.document), JSON.parse(result.document)] as { Id: unknown; Version: unknown }[];
          if (a?.Id !== b?.Id || a?.Version !== b?.Version) throw new Error('Id or Version changed');
        });
      }),
      RUNS,
    );
  });

  it('writes nothing of ours that is open, nothing over the quota that grants, and nothing without need (S1, S10)', () => {
    fc.assert(
      fc.property(input, (given) => {
        edited(given, (result) => {
          if (!result.changed) {
            if (result.document !== given.document) throw new Error('returned another document as unchanged');
            return;
          }
          const open = openStatements(result.document, P, given.registeredAudiences);
          if (!open.ok) throw new Error(open.problem.message);
          const root = JSON.parse(result.document) as { Statement: object | object[] };
          const list = (Array.isArray(root.Statement) ? root.Statement : [root.Statement]) as { Sid?: string; Condition?: object }[];
          for (const { index, sid: openSid } of open.open) {
            if (openSid === SID) throw new Error(`our statement ${index} is open`);
          }
          const errors = lintTrust(result.document).findings.filter(
            (finding) => finding.severity === 'error' && list[Number(finding.path.split('/')[2])]?.Sid === SID,
          );
          if (errors.length > 0) throw new Error(JSON.stringify(errors));
          const grants = result.admitted.some((one) => !given.document.includes(one));
          if (given.quota !== 'off' && grants && result.size > given.quota) throw new Error('over the quota');
          if (policySize(result.document) !== result.size) throw new Error('wrong size');
        });
      }),
      RUNS,
    );
  });
});
