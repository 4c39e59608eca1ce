import { base64url } from 'jose';

/**
 * The name of a key as Kubernetes gives it to keys that sign service account tokens: unpadded base64url of the SHA-256 of the public key as
 * DER-encoded SubjectPublicKeyInfo (kube-apiserver, `pkg/serviceaccount`).
 */
export async function keyId(spkiDer: Uint8Array<ArrayBuffer>): Promise<string> {
  return base64url.encode(new Uint8Array(await crypto.subtle.digest('SHA-256', spkiDer)));
}
