/** What an operator should know though an edit went through. A condition, a metric and a log line carry the same code. */
export type TrustEditWarningCode = keyof typeof TRUST_EDIT_WARNINGS;

/** Every warning of an edit with its meaning. */
export const TRUST_EDIT_WARNINGS = {
  'role-open': 'a statement that is not ours lets every service account of the provider in; grants are refused until it binds a subject',
  'open-until-write': 'a statement of the legacy shape binds no subject; the next grant or revocation closes it',
  'open-to-other-provider': 'a statement lets every token of another provider in; nothing is done about it',
  'closed-overrides': 'an Allow has no effect while PodroleClosed denies its provider, and takes effect with the next grant',
  'audience-unbound': 'a statement of ours does not test the audience; it will with the next subject',
  'still-admitted': 'a revoked subject is let in by a statement that is not ours',
  'denied-elsewhere': 'a desired subject is kept out by a Deny that is not ours',
} as const;
