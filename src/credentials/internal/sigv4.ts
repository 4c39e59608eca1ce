import { createHash, createHmac } from 'node:crypto';

export interface SigningKeys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
}

export interface SignedRequest {
  readonly url: string;
  readonly region: string;
  readonly service: string;
  readonly contentType: string;
  readonly body: string;
  /** By AWS's clock: a signature lives five minutes. */
  readonly at: Date;
}

const sha256 = (text: string): string => createHash('sha256').update(text, 'utf8').digest('hex');
const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text, 'utf8').digest();

/** The headers that sign a POST with a form body ("AWS Signature Version 4 for API requests", AWS General Reference). The URL has no query. */
export function signPost(request: SignedRequest, keys: SigningKeys): Readonly<Record<string, string>> {
  const { host, pathname } = new URL(request.url);
  const instant = request.at.toISOString().replace(/[-:]|\.\d{3}/g, '');
  const scope = `${instant.slice(0, 8)}/${request.region}/${request.service}/aws4_request`;
  const headers: readonly (readonly [string, string])[] = [
    ['content-type', request.contentType],
    ['host', host],
    ['x-amz-date', instant],
    ['x-amz-security-token', keys.sessionToken],
  ];
  const signed = headers.map(([name]) => name).join(';');
  const canonical = ['POST', pathname, '', ...headers.map(([name, value]) => `${name}:${value}`), '', signed, sha256(request.body)].join(
    '\n',
  );
  const signingKey = [request.region, request.service, 'aws4_request'].reduce<Buffer>(
    hmac,
    hmac(`AWS4${keys.secretAccessKey}`, instant.slice(0, 8)),
  );
  const signature = hmac(signingKey, `AWS4-HMAC-SHA256\n${instant}\n${scope}\n${sha256(canonical)}`).toString('hex');
  return {
    'x-amz-date': instant,
    'x-amz-security-token': keys.sessionToken,
    authorization: `AWS4-HMAC-SHA256 Credential=${keys.accessKeyId}/${scope}, SignedHeaders=${signed}, Signature=${signature}`,
  };
}
