import { isJsonObject, type JsonObject } from '../base/json.ts';
import { parseProviderArn } from '../iam/arn.ts';
import { parsePolicyText } from '../iam/policy-document.ts';
import { hostPathOf } from '../oidc/issuer-url.ts';

/** One step of a move from one issuer to another. */
export interface MoveStep {
  readonly title: string;
  /** Values of --service-account-issuer in their order; absent where no API server changes. */
  readonly issuers?: readonly [string, ...string[]];
  readonly breaks: string;
}

export interface IssuerMove {
  readonly from: string;
  readonly to: string;
}

/**
 * A second issuer beside an existing one, step by step. Replacing the one flag at once invalidates every token in the cluster (kops#14201,
 * amazon-eks-pod-identity-webhook#197): kubelets and controllers get 401 until they have new ones.
 */
export function moveSteps({ from, to }: IssuerMove): readonly MoveStep[] {
  return [
    {
      title: 'accept both, sign with the old one (if the key changes too, name the present one with --public-key); restart all API servers',
      issuers: [from, to],
      breaks: 'nobody: tokens are as before',
    },
    {
      title: `publish and verify ${to}, create its OIDC provider, and give every role a statement for it beside the old one`,
      breaks: 'nobody: statements are added, none is taken away. Trust policies grow: podrole trust lint tells the size',
    },
    {
      title: 'sign with the new one, accept both; restart all API servers',
      issuers: [to, from],
      breaks:
        'every reader of tokens that knows the old issuer alone: roles without a statement for the new provider, Vault and other OIDC relying parties, API gateways and service meshes with its URL in their settings',
    },
    {
      title: 'wait until the longest token of the old one has ended (24 hours for pods’ AWS tokens), then drop it; restart all API servers',
      issuers: [to],
      breaks:
        'tokens of Secrets (kubernetes.io/service-account-token) do not care, theirs is kubernetes/serviceaccount; tokens of the old issuer that somebody keeps in a file are refused',
    },
  ];
}

/** A role that would refuse tokens once the new issuer signs. */
export interface AffectedRole {
  readonly arn: string;
  /** Conditions on the old issuer's keys, which would need a counterpart. */
  readonly subjects: readonly string[];
}

/** Roles that let the old issuer's tokens in and not the new one's. A trust policy that cannot be read is left to the linter. */
export function affectedRoles(
  roles: readonly { readonly arn: string; readonly trustPolicy: string }[],
  { from, to }: IssuerMove,
): readonly AffectedRole[] {
  return roles.flatMap(({ arn, trustPolicy }) => {
    const statements = allowStatements(trustPolicy);
    const ofOld = statements.filter((statement) => namesProvider(statement, hostPathOf(from)));
    if (ofOld.length === 0 || statements.some((statement) => namesProvider(statement, hostPathOf(to)))) return [];
    return [{ arn, subjects: ofOld.flatMap((statement) => subjectsIn(statement, hostPathOf(from))) }];
  });
}

function allowStatements(text: string): readonly JsonObject[] {
  const parsed = parsePolicyText(text);
  const statement = parsed.ok && isJsonObject(parsed.document) ? parsed.document.Statement : undefined;
  return listOf(statement)
    .filter(isJsonObject)
    .filter(({ Effect }) => Effect === 'Allow');
}

function namesProvider({ Principal }: JsonObject, hostPath: string): boolean {
  const federated = isJsonObject(Principal) ? listOf(Principal.Federated) : [];
  return federated.some((arn) => {
    const parsed = typeof arn === 'string' ? parseProviderArn(arn) : undefined;
    return parsed?.ok === true && parsed.arn.hostPath === hostPath;
  });
}

function subjectsIn({ Condition }: JsonObject, hostPath: string): readonly string[] {
  const operators = isJsonObject(Condition) ? Object.values(Condition).filter(isJsonObject) : [];
  return operators.flatMap((keys) => listOf(keys[`${hostPath}:sub`])).filter((value) => typeof value === 'string');
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : value === undefined ? [] : [value];
}
