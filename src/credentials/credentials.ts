/** Temporary credentials in the shape that the AWS SDK for JavaScript v3 takes (`AwsCredentialIdentity`). */
export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  /** When they end, by **this machine's** clock: what STS said, less the skew between the two clocks. */
  readonly expiration: Date;
  /** Twelve digits; absent where the answer does not tell. */
  readonly accountId?: string;
}
