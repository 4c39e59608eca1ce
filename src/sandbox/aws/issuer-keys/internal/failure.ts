/** Why the keys of an issuer cannot be had. Closed; STS answers all of them with the one text of its own. */
export type IssuerKeysReason =
  | 'issuer-invalid'
  | 'issuer-not-mapped'
  | 'connection-failed'
  | 'certificate-refused'
  | 'timeout'
  | 'status-unexpected'
  | 'redirect-refused'
  | 'encoding-refused'
  | 'document-too-large'
  | 'document-not-utf8'
  | 'discovery-invalid'
  | 'issuer-mismatch'
  | 'jwks-uri-refused'
  | 'key-set-invalid';

/** No keys; `message` names the document and the remedy, and is for the decision log, not for the wire. */
export interface IssuerKeysFailure {
  readonly ok: false;
  readonly reason: IssuerKeysReason;
  readonly message: string;
}

export function failure(reason: IssuerKeysReason, message: string): IssuerKeysFailure {
  return { ok: false, reason, message };
}
