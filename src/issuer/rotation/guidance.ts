import { type Platform, type PlatformText, platformText } from '../platforms.ts';
import type { RotationState } from './state.ts';

/** What whoever runs the API servers has to do at a step. */
export interface RotationGuidance {
  readonly title: string;
  readonly todo: readonly string[];
  /** The API servers' flags from this step on; none where nothing changes. */
  readonly flags: PlatformText | undefined;
}

export interface GuidanceOptions {
  readonly platform: Platform;
  readonly apiAudiences: readonly string[];
}

/** The step's instructions. Only from `switch` on do the flags sign with the new key, and only from `done` on do they lack the old one. */
export function rotationGuidance(state: RotationState, { platform, apiAudiences }: GuidanceOptions): RotationGuidance {
  const { current, next, issuer, jwksPath } = state;
  const flags = (signer: 'current' | 'next', publicKeyFiles: readonly string[]): PlatformText =>
    platformText(platform, {
      issuers: [issuer],
      jwksUri: `${issuer.replace(/\/$/, '')}/${jwksPath}`,
      signingKeyFile: signer === 'current' ? current.privateFile : next.privateFile,
      publicKeyFiles,
      apiAudiences,
    });
  const both = [current.publicFile, next.publicFile];
  switch (state.step) {
    case 'publish':
      return { title: 'the new key is being published', todo: ['nothing yet'], flags: undefined };
    case 'wait':
      return {
        title: 'the new key is published; readers learn it',
        todo: ['add the new public key to every API server and restart each: they must know it before the first of them signs with it'],
        flags: flags('current', both),
      };
    case 'switch':
      return {
        title: 'every reader knows the new key; switch the signer',
        todo: [
          'every API server must already accept both public keys (the flags of the step before)',
          'give every API server the new signing key and restart each',
          'then: podrole issuer rotate --switched, or --token - with a fresh token of each API server',
        ],
        flags: flags('next', both),
      };
    case 'keep':
      return { title: 'the new key signs; tokens of the old one run out', todo: ['change nothing'], flags: flags('next', both) };
    case 'retire':
      return { title: 'no token of the old key lives; it is being taken away', todo: ['nothing yet'], flags: undefined };
    case 'done':
      return {
        title: 'the old key is retired',
        todo: [
          'tokens of Secrets never end: while any is signed with the old key, leave its public half on the API servers (kubectl get secrets -A --field-selector type=kubernetes.io/service-account-token)',
          'take the old public key off every API server and restart each, then destroy the old private key',
        ],
        flags: flags('next', [next.publicFile]),
      };
  }
}
