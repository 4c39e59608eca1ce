import { compileTrust } from '../../src/iam/evaluate-trust.ts';
import { openStatements } from '../../src/iam/open-statements.ts';
import { policySize } from '../../src/iam/policy-size.ts';
import { ACCOUNT, HOST_PATH, ISSUER, NAMES, PROVIDER, ROLE_A, subjectOfProfile } from './scenario.ts';

type Statement = Readonly<Record<string, unknown>>;

/** Whether a statement is podrole's or the legacy shape: judged here apart from the product. */
function isOurs(statement: Statement): boolean {
  const sid = String(statement.Sid ?? '');
  const principal = statement.Principal as { Federated?: unknown } | undefined;
  return /^Podrole([0-9a-f]{12}|Closed)$/.test(sid) || (statement.Sid === undefined && principal?.Federated === PROVIDER);
}

const isClosing = (statement: Statement): boolean => statement.Effect === 'Deny' && statement.Sid === 'PodroleClosed';

/** Who is asked for: each profile's subject, a neighbour in its namespace, somebody in a namespace that nobody knows, and another cluster. */
const PROBES: readonly { readonly subject: string; readonly issuer: string }[] = [
  ...NAMES.map((name) => ({ subject: subjectOfProfile(name), issuer: ISSUER })),
  { subject: 'system:serviceaccount:user-a:default-viewer', issuer: ISSUER },
  { subject: 'system:serviceaccount:nobody-knows:default-editor', issuer: ISSUER },
  { subject: 'system:serviceaccount:ops:deployer', issuer: ISSUER },
  { subject: subjectOfProfile('user-a'), issuer: ISSUER.replace('0123', '9999') },
];

/** What is true of one document text. */
export interface DocumentFacts {
  /** Subjects that our statements admit, read the simple way. */
  readonly admitted: ReadonlySet<string>;
  /** The statements of others, as text, with their Sids. */
  readonly foreign: readonly { readonly sid: string; readonly text: string }[];
  /** Allows that let every token of the cluster in; undefined for a document that cannot be read. */
  readonly open: number | undefined;
  readonly size: number;
  /** Places of PROBES that the evaluator lets in, our closing Deny left out of account. */
  readonly lets: ReadonlySet<number>;
}

/** The name of a probe, for messages. */
export function probeName(at: number): string {
  const probe = PROBES[at];
  return `${probe?.subject} of ${probe?.issuer}`;
}

/** The subject that a probe asks for, where it is the cluster's own. */
export function probeSubject(at: number): string | undefined {
  const probe = PROBES[at];
  return probe?.issuer === ISSUER ? probe.subject : undefined;
}

const known = new Map<string, DocumentFacts>();
const MOST_KNOWN = 4_000;

/** The facts of a document: a function of its text alone, so they are worked out once for all the runs that meet it. */
export function factsOf(document: string): DocumentFacts {
  const before = known.get(document);
  if (before !== undefined) return before;
  const made = workOut(document);
  if (known.size >= MOST_KNOWN) known.clear();
  known.set(document, made);
  return made;
}

function workOut(document: string): DocumentFacts {
  const parsed = JSON.parse(document) as { readonly Statement: Statement | readonly Statement[] };
  const statements: readonly Statement[] = Array.isArray(parsed.Statement) ? parsed.Statement : [parsed.Statement as Statement];
  const open = openStatements(document, PROVIDER, ['sts.amazonaws.com']);
  const foreign = statements.filter((one) => !isOurs(one)).map((one) => ({ sid: String(one.Sid), text: JSON.stringify(one) }));
  return {
    admitted: admittedOf(statements),
    foreign,
    open: open.ok ? open.open.length : undefined,
    size: policySize(document),
    lets: letsIn({ ...parsed, Statement: statements.filter((one) => !isClosing(one)) }),
  };
}

function admittedOf(statements: readonly Statement[]): ReadonlySet<string> {
  if (statements.some(isClosing)) return new Set();
  const subjects = statements.filter(isOurs).flatMap((one) => {
    const equals = (one.Condition as { StringEquals?: Record<string, string | readonly string[]> } | undefined)?.StringEquals ?? {};
    return equals[`${HOST_PATH}:sub`] ?? [];
  });
  return new Set(subjects);
}

function letsIn(document: object): ReadonlySet<number> {
  const compiled = compileTrust(document);
  if (!compiled.ok) return new Set();
  const lets = PROBES.flatMap(({ subject, issuer }, at) => {
    const request = {
      action: 'sts:AssumeRoleWithWebIdentity',
      account: ACCOUNT,
      roleArn: ROLE_A,
      providerArn: `arn:aws:iam::${ACCOUNT}:oidc-provider/${issuer.slice('https://'.length)}`,
      issuer,
      sessionName: 'probe',
      claims: { iss: issuer, sub: subject, aud: 'sts.amazonaws.com' },
    };
    return compiled.evaluate(request).verdict === 'allow' ? [at] : [];
  });
  return new Set(lets);
}
