import { createCipheriv, createDecipheriv, createHmac } from 'node:crypto';
import type { Tag } from '../store/records.ts';
import { bytesFrom } from '../store/unique-ids.ts';

/** What temporary credentials stand for. */
export interface Session {
  readonly roleName: string;
  /** The incarnation of the role; a role made again under the same name has another. */
  readonly roleId: string;
  readonly roleArn: string;
  readonly sessionName: string;
  /** Epoch seconds. */
  readonly issuedAt: number;
  /** Epoch seconds. */
  readonly expiresAt: number;
  readonly tags: readonly Tag[];
  readonly transitiveTagKeys: readonly string[];
  readonly sourceIdentity?: string;
  /** ARN of the provider whose token was exchanged. */
  readonly federatedProvider?: string;
  /** Inline session policy. */
  readonly policy?: string;
  /** ARNs of managed session policies. */
  readonly policyArns: readonly string[];
}

/**
 * Turns sessions into session tokens and back. The token is the session, encrypted and authenticated (AES-256-GCM)
 * together with its access key id, as AWS's own tokens are opaque and self-contained; so issuing one stores nothing.
 */
export interface SessionSeal {
  seal(accessKeyId: string, session: Session): string;
  /** The session, or undefined when the token was not made here for this access key id. */
  open(accessKeyId: string, token: string): Session | undefined;
  /** The secret access key that belongs to an access key id. */
  secretFor(accessKeyId: string): string;
}

const IV_BYTES = 12;
const TAG_BYTES = 16;

/** A seal whose keys come from `newId` and live as long as it does. */
export function createSessionSeal(newId: () => string): SessionSeal {
  const sealKey = bytesFrom(newId);
  const secretKey = bytesFrom(newId);
  return {
    seal(accessKeyId, session) {
      const iv = bytesFrom(newId).subarray(0, IV_BYTES);
      const cipher = createCipheriv('aes-256-gcm', sealKey, iv);
      cipher.setAAD(Buffer.from(accessKeyId));
      const sealed = Buffer.concat([iv, cipher.update(JSON.stringify(session), 'utf8'), cipher.final()]);
      return Buffer.concat([sealed, cipher.getAuthTag()]).toString('base64');
    },
    open(accessKeyId, token) {
      const bytes = Buffer.from(token, 'base64');
      if (bytes.length <= IV_BYTES + TAG_BYTES) return undefined;
      const decipher = createDecipheriv('aes-256-gcm', sealKey, bytes.subarray(0, IV_BYTES));
      decipher.setAAD(Buffer.from(accessKeyId));
      decipher.setAuthTag(bytes.subarray(bytes.length - TAG_BYTES));
      try {
        const text = decipher.update(bytes.subarray(IV_BYTES, bytes.length - TAG_BYTES), undefined, 'utf8') + decipher.final('utf8');
        return JSON.parse(text) as Session;
      } catch {
        // A tag that does not match is the one way in which this fails: not our token, or not for this key id.
        return undefined;
      }
    },
    secretFor(accessKeyId) {
      return createHmac('sha256', secretKey).update(accessKeyId).digest('base64').slice(0, 40);
    },
  };
}
