/** Default quota of a role's trust policy, characters. Source: IAM quotas, "role trust policy length". */
export const DEFAULT_TRUST_POLICY_QUOTA = 2048;

/**
 * Characters as IAM counts them against a quota: white space between the parts of the JSON is free, inside strings it counts.
 * Source: IAM quotas, "IAM doesn't count white space".
 */
export function policySize(text: string): number {
  let size = 0;
  let inString = false;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (inString) {
      size += 1;
      if (code === 0x5c) {
        at += 1;
        if (at < text.length) size += 1;
      } else if (code === 0x22) {
        inString = false;
      }
    } else if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) {
      size += 1;
      inString = code === 0x22;
    }
  }
  return size;
}
