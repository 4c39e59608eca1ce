import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import { type AdmissionHttpResponse, admissionAnswer, refused } from './admission-answer.ts';
import { readProfileReview } from './admission-review.ts';
import { CallGroup } from './internal/deadline.ts';
import { RoleFacts } from './internal/role-facts.ts';
import { type AdmissionFacts, judgeAdmission, type ProfileChange, taggedClaims } from './judge-admission.ts';
import type { Metrics, RoleReadOutcome, TrustPolicyStore } from './ports.ts';
import { nameOf } from './profile.ts';
import type { AllowedRole, RolePolicy } from './role-policy.ts';

/** A complete request as bytes. Header names are in lower case. */
export interface AdmissionHttpRequest {
  readonly method: string;
  /** Path and query, as sent. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: Uint8Array;
}

export interface ProfileWebhookDeps {
  /** The controller's own role as far as it is known by now. */
  readonly ownRole: () => RolePolicy['own'];
  /** The namespace of a name, from a cache. */
  readonly namespace: (name: string) => AdmissionFacts['namespace'];
  readonly getRole: TrustPolicyStore['getRole'];
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly log: Log;
}

export interface ProfileWebhookOptions {
  /** Empty: every role of the own account but its own. */
  readonly allowedRoles: readonly AllowedRole[];
  readonly defaultRole: string | undefined;
}

/** The validating webhook for Profiles: `POST /validate-profile` with an AdmissionReview of `admission.k8s.io/v1`. */
export interface ProfileWebhook {
  /**
   * Answers one request. Never rejects. Where IAM must be asked for a role's tags and does not answer within two seconds, the profile is
   * admitted with a warning: the reconcile decides by the same rules. What is no review is an HTTP error, so that the failurePolicy decides.
   */
  handle(request: AdmissionHttpRequest): Promise<AdmissionHttpResponse>;
  /** From now on no role is asked for any more. */
  stop(): void;
}

/** Where reviews are served. */
export const VALIDATE_PROFILE_PATH = '/validate-profile';

/** Of any object (RFC 1123 subdomain). */
const LONGEST_NAME = 253;

/** Builds the webhook on its ports. */
export function createProfileWebhook(deps: ProfileWebhookDeps, options: ProfileWebhookOptions): ProfileWebhook {
  const ending = new AbortController();
  const roles = new RoleFacts({ getRole: deps.getRole, clock: deps.clock, group: new CallGroup(ending.signal) });

  async function judge(change: ProfileChange): Promise<ReturnType<typeof judgeAdmission>> {
    const policy: RolePolicy = { allowed: options.allowedRoles, own: deps.ownRole() };
    const asked = new Set(taggedClaims(change, policy).map((claim) => claim.role.name));
    const answers = await Promise.all([...asked].map(async (name) => [name, await roles.of(name)] as const));
    return judgeAdmission(change, {
      policy,
      defaultRole: options.defaultRole,
      namespace: deps.namespace(nameOf(change.now)),
      roles: new Map<string, RoleReadOutcome>(answers),
    });
  }

  function count(verdict: 'allowed' | 'denied' | 'undecodable'): void {
    deps.metrics.count('podrole_profile_admissions_total', { verdict });
  }

  return {
    handle: async (request) => {
      const [path] = request.path.split('?', 1);
      if (path !== VALIDATE_PROFILE_PATH) return refused(404, 'there is nothing here; reviews go to /validate-profile');
      if (request.method !== 'POST') return refused(405, 'reviews come by POST', { allow: 'POST' });
      const type = String(request.headers['content-type'] ?? '');
      if (!/^application\/json(?: *;|$)/i.test(type)) return refused(415, 'reviews are application/json');
      const question = readProfileReview(request.body);
      if (question === undefined) {
        count('undecodable');
        deps.log.warn('review not understood', { reason: 'ReviewUndecodable' });
        return refused(400, 'the body is no AdmissionReview of admission.k8s.io/v1 about a Profile');
      }
      if (question.kind === 'other') return admissionAnswer(question.uid, '', { problems: [], warnings: [] });
      const verdict = await judge(question);
      const name = nameOf(question.now);
      count(verdict.problems.length === 0 ? 'allowed' : 'denied');
      for (const { reason } of verdict.problems) deps.metrics.count('podrole_profile_admission_problems_total', { reason });
      if (verdict.problems.length > 0)
        deps.log.info('profile refused', { name: name.slice(0, LONGEST_NAME), reason: verdict.problems[0]?.reason ?? '' });
      return admissionAnswer(question.uid, name, verdict);
    },
    stop: () => ending.abort(new Error('the webhook ended')),
  };
}
