import type { ExplainCode } from './explain-codes.data.ts';
import type { NearestMiss, StatementExplanation, TrustCaller, TrustExplanation } from './explain-trust.ts';
import { halvesOf } from './internal/explain-value.ts';

/**
 * An explanation as sentences, the answer first, then the nearest miss, then what to change. Each is whole by itself, without a line
 * feed, and in the order in which one would say it.
 */
export function renderExplanation(explanation: TrustExplanation): readonly string[] {
  const { reason, caller, nearest, change, problem } = explanation;
  const lines: string[] = [];
  switch (reason) {
    case 'policy-unreadable':
      return [
        `denied: the trust policy cannot be read at "${problem?.path ?? ''}" (${problem?.message ?? 'unknown fault'}), so it lets nobody in`,
      ];
    case 'allowed':
      return [`allowed: ${decider(explanation)} lets ${who(caller)} in`];
    case 'explicit-deny':
      lines.push(`denied: ${decider(explanation)} is a Deny that matches ${who(caller)}, and no Allow outweighs a Deny`);
      break;
    case 'no-allow-matched':
      lines.push(`denied: no statement lets ${who(caller)} in`);
      break;
  }
  if (nearest !== undefined) lines.push(nearestSentence(nearest, explanation));
  if (change !== undefined) lines.push(`to allow it: ${change.summary}`);
  else lines.push('no small change lets this token in without letting others in as well, the policy has to be revised');
  return lines;
}

/** Every statement with what it made of the request, one sentence each; for a reader who wants to see it all. */
export function renderStatements(explanation: TrustExplanation): readonly string[] {
  return explanation.statements.map((statement) => `${nameOf(statement)} (${statement.effect}): ${outcome(statement, explanation.caller)}`);
}

function outcome(statement: StatementExplanation, caller: TrustCaller): string {
  if (statement.matched) return 'matches';
  const parts: string[] = [];
  for (const element of ['principal', 'action'] as const) {
    const { matched, path, reason, values } = statement[element];
    if (!matched) parts.push(sentence({ reason, element, path, expected: values[0], actual: undefined }, caller));
  }
  for (const condition of statement.conditions) {
    if (condition.matched) continue;
    const { path, reason, actual, values } = condition;
    const expected = (values.find((value) => value.reason === reason) ?? values[0])?.value;
    parts.push(sentence({ reason, element: 'condition', path, expected, actual }, caller));
  }
  return `does not match, because ${parts.join('; and ')}`;
}

function nearestSentence(nearest: NearestMiss, explanation: TrustExplanation): string {
  const statement = explanation.statements.find((one) => one.index === nearest.statement);
  const more =
    nearest.failures > 1 ? ` (and ${nearest.failures - 1} more of its elements ${nearest.failures === 2 ? 'does' : 'do'} not match)` : '';
  const place = explanation.statements.length > 1 && statement !== undefined ? `closest is ${nameOf(statement)}: ` : '';
  return `${place}${sentence(nearest, explanation.caller)}${more}`;
}

interface Miss {
  readonly reason: ExplainCode;
  readonly element: 'principal' | 'action' | 'condition';
  readonly path: string;
  readonly expected: string | undefined;
  readonly actual: string | readonly string[] | undefined;
}

function sentence(miss: Miss, caller: TrustCaller): string {
  if (miss.element !== 'condition') return elementSentence(miss, caller);
  const key = keyOf(miss.path);
  const operator = operatorOf(miss.path);
  const claim = key.slice(key.lastIndexOf(':') + 1);
  const policy = quote(miss.expected);
  const token = show(miss.actual);
  switch (miss.reason) {
    case 'value-other-namespace':
    case 'value-other-account':
      return subjectSentence(miss) ?? `the policy wants ${policy}, the token says ${token}`;
    case 'value-similar':
      return `the policy wants ${policy}, the token says ${token}: they differ by a letter or two, look for a typing error`;
    case 'value-case':
      return `the policy wants ${policy}, the token says ${token}: they differ only in upper and lower case, and ${operator} minds it`;
    case 'value-white-space':
      return `the policy wants ${policy}, the token says ${token}: they differ only in white space, which counts`;
    case 'value-wildcard-literal':
      return `${policy} stands under ${operator}, which takes * and ? literally; wildcards work only under StringLike`;
    case 'value-variable-literal':
      return `the policy variable in ${policy} is plain text, because the document does not say "Version": "2012-10-17"`;
    case 'value-variable-unresolved':
      return `the policy variable in ${policy} stands for a key that this request does not have, so the value equals nothing`;
    case 'value-excluded':
      return `${operator} excludes ${token}`;
    case 'value-type':
      return `${operator} cannot compare ${token} with ${policy}`;
    case 'no-values':
      return `the condition on ${key} lists no value, so nothing meets it`;
    case 'multivalued-under-scalar':
      return `${key} holds a list, and ${operator} never matches a list, put ForAnyValue: before it`;
    case 'key-other-issuer':
      return `the policy looks at ${key}, but the token comes from ${hostOf(caller)}, so that key is absent`;
    case 'key-has-scheme':
      return `the key ${key} is written with a scheme; keys start with the host, ${hostOf(caller)}:${claim}`;
    case 'key-slash':
      return `the key ${key} differs from the issuer ${hostOf(caller)} by a slash, so it is absent`;
    case 'key-not-published':
      return `the policy looks at ${key}, which AWS never shows to policies; only sub, aud, oaud, amr and email exist`;
    case 'key-absent':
      return `the policy looks at ${key}, which this request does not have`;
    case 'key-present':
      return `the policy asks that ${key} be absent, but the request has it`;
    default:
      if (claim === 'aud')
        return `the policy wants the audience ${policy}, the token's is ${token} (a token's azp, where it has one, stands in for its aud)`;
      return `the policy wants ${policy} for ${key}, the request has ${token}`;
  }
}

function subjectSentence(miss: Miss): string | undefined {
  const policy = halvesOf(miss.expected ?? '');
  const token = typeof miss.actual === 'string' ? halvesOf(miss.actual) : undefined;
  if (policy === undefined || token === undefined) return undefined;
  if (miss.reason === 'value-other-account')
    return `the policy names service account ${policy.name} of namespace ${policy.namespace}, the token says ${token.name}`;
  const account = policy.name === token.name || policy.name.includes('*') ? '' : `, and service account ${policy.name}, not ${token.name}`;
  return `the policy names namespace ${policy.namespace}, the token says ${token.namespace}${account}`;
}

function elementSentence(miss: Miss, caller: TrustCaller): string {
  const policy = quote(miss.expected);
  switch (miss.reason) {
    case 'principal-trailing-slash':
      return `the policy trusts ${policy}, the token's provider is "${caller.providerArn}": the slash at the end makes it another provider`;
    case 'principal-case':
      return `the policy trusts ${policy}, the token's provider is "${caller.providerArn}": upper and lower case make it another provider`;
    case 'principal-other-account':
      return `the policy trusts ${policy}, a provider of another account than "${caller.providerArn}"`;
    case 'principal-not-federated':
      return `the policy trusts ${policy}, which is no identity provider; a web identity is admitted only by its provider's ARN under Federated`;
    case 'principal-excluded':
      return `NotPrincipal leaves "${caller.providerArn}" out`;
    case 'action-other':
      return `the statement is about ${policy}, not about ${caller.action}`;
    case 'action-excluded':
      return `NotAction leaves ${caller.action} out`;
    default:
      return `the policy trusts ${policy}, the token's provider is "${caller.providerArn}"`;
  }
}

function decider(explanation: TrustExplanation): string {
  const statement = explanation.statements.find((one) => one.index === explanation.decidedBy);
  return statement === undefined ? 'the policy' : nameOf(statement);
}

function nameOf(statement: StatementExplanation): string {
  return statement.sid === undefined || statement.sid === '' ? `statement ${statement.index + 1}` : `statement "${statement.sid}"`;
}

function who(caller: TrustCaller): string {
  return caller.subject === undefined ? 'a token without subject' : `"${caller.subject}"`;
}

function hostOf(caller: TrustCaller): string {
  return caller.providerArn.slice(caller.providerArn.indexOf('/') + 1);
}

function quote(text: string | undefined): string {
  return text === undefined ? 'nothing' : JSON.stringify(text);
}

function show(value: string | readonly string[] | undefined): string {
  return value === undefined ? 'nothing' : JSON.stringify(value);
}

/** The last part of the pointer to a condition. */
function keyOf(path: string): string {
  return unescapePart(path.split('/').at(-1) ?? '');
}

function operatorOf(path: string): string {
  return unescapePart(path.split('/').at(-2) ?? '');
}

function unescapePart(part: string): string {
  return part.replaceAll('~1', '/').replaceAll('~0', '~');
}
