/** The parts of a SigV4 `Authorization` header (AWS: "Signature Version 4 for API requests"). */
export interface Authorization {
  readonly accessKeyId: string;
  /** `YYYYMMDD`. */
  readonly date: string;
  readonly region: string;
  readonly service: string;
  /** Lower case, in the order given. */
  readonly signedHeaders: readonly string[];
  /** Lower-case hex. */
  readonly signature: string;
}

const ALGORITHM = 'AWS4-HMAC-SHA256';
const CREDENTIAL = /^([^/\s]+)\/(\d{8})\/([^/\s]*)\/([^/\s]+)\/aws4_request$/;

/** The header's parts, or undefined when it is not a complete SigV4 header. */
export function parseAuthorization(header: string): Authorization | undefined {
  if (!header.startsWith(`${ALGORITHM} `)) return undefined;
  const fields = new Map<string, string>();
  for (const part of header.slice(ALGORITHM.length).split(',')) {
    const equals = part.indexOf('=');
    if (equals < 0) return undefined;
    fields.set(part.slice(0, equals).trim(), part.slice(equals + 1).trim());
  }
  const [, accessKeyId, date, region, service] = CREDENTIAL.exec(fields.get('Credential') ?? '') ?? [];
  const signedHeaders = (fields.get('SignedHeaders') ?? '').split(';');
  const signature = fields.get('Signature') ?? '';
  if (accessKeyId === undefined || date === undefined || region === undefined || service === undefined) return undefined;
  if (!signedHeaders.includes('host') || !/^[0-9a-f]{64}$/.test(signature)) return undefined;
  return { accessKeyId, date, region, service, signedHeaders, signature };
}

const AMZ_DATE = /^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})Z$/;

/** Epoch milliseconds of an `X-Amz-Date` (`20261124T083148Z`), or undefined. */
export function parseAmzDate(text: string): number | undefined {
  const match = AMZ_DATE.exec(text);
  if (match === null) return undefined;
  const [, year, month, day, hour, minute, second] = match;
  const at = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  return Number.isNaN(at) ? undefined : at;
}

/** `YYYYMMDDTHHMMSSZ`. */
export function formatAmzDate(at: number): string {
  return new Date(at).toISOString().replace(/[-:]|\.\d{3}/g, '');
}
