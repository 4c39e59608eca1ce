import { stringClass, utf8Length } from './utf8.ts';

/** How deep a body may nest; a Pod with every field set stays below 20. */
export const MAX_DEPTH = 64;

/** The bytes are not JSON (RFC 8259, UTF-8). */
export class JsonSyntaxError extends Error {
  override readonly name: string = 'JsonSyntaxError';
}

/** The bytes nest deeper than {@link MAX_DEPTH}. */
export class JsonDepthError extends Error {
  override readonly name: string = 'JsonDepthError';
}

const SPACE = 0x20;
const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_LIST = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_LIST = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/** Most of a body is passed over, so this is the webhook's innermost loop: offsets in, offsets out, nothing allocated. */
type Bytes = Uint8Array;

export function syntaxError(at: number): never {
  throw new JsonSyntaxError(`the body is no JSON at byte ${at}`);
}

export function depthError(): never {
  throw new JsonDepthError(`the body nests deeper than ${MAX_DEPTH} levels`);
}

/** The offset of the next byte that is no white space; the length when there is none. */
export function skipSpace(bytes: Bytes, start: number): number {
  let at = start;
  while (at < bytes.length) {
    const byte = bytes[at] as number;
    if (byte > 0x20 || (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09)) return at;
    at += 1;
  }
  return at;
}

/** The offset after the text that starts at `start`; negative where the text holds an escape or a byte beyond ASCII. */
export function skipText(bytes: Bytes, start: number): number {
  let at = start + 1;
  while (stringClass[bytes[at] as number] === 0) at += 1;
  return bytes[at] === QUOTE ? at + 1 : -skipOddText(bytes, at);
}

/** The offset after the text that goes on at `start` with something else than plain ASCII. */
function skipOddText(bytes: Bytes, start: number): number {
  let at = start;
  for (;;) {
    while (stringClass[bytes[at] as number] === 0) at += 1;
    const byte = bytes[at];
    if (byte === QUOTE) return at + 1;
    if (byte === undefined) syntaxError(at);
    const length = byte === BACKSLASH ? escapeLength(bytes, at) : utf8Length(bytes, at);
    if (length === 0) syntaxError(at);
    at += length;
  }
}

/** Which of the open objects and lists are objects, by depth. Shared by all calls, since none of them waits. */
const isObject = new Uint8Array(MAX_DEPTH + 1);

/**
 * The offset after the value that starts at `start`, which is no white space; `depth` objects and lists are open around it. One loop
 * without recursion. White space hardly ever stands between the tokens of an API server, so it is looked for without a call.
 */
export function skipValue(bytes: Bytes, start: number, depth: number): number {
  let at = start;
  let open = depth;
  for (;;) {
    const first = bytes[at];
    if (first === QUOTE) {
      at += 1;
      while (stringClass[bytes[at] as number] === 0) at += 1;
      at = bytes[at] === QUOTE ? at + 1 : skipOddText(bytes, at);
    } else if (first === OPEN_OBJECT || first === OPEN_LIST) {
      if (open === MAX_DEPTH) depthError();
      at += 1;
      if ((bytes[at] as number) <= SPACE) at = skipSpace(bytes, at);
      if (bytes[at] === (first === OPEN_OBJECT ? CLOSE_OBJECT : CLOSE_LIST)) at += 1;
      else {
        open += 1;
        isObject[open] = first === OPEN_OBJECT ? 1 : 0;
        if (first === OPEN_OBJECT) at = skipKey(bytes, at);
        continue;
      }
    } else at = skipScalar(bytes, at);

    for (;;) {
      if (open === depth) return at;
      if ((bytes[at] as number) <= SPACE) at = skipSpace(bytes, at);
      const byte = bytes[at];
      const inObject = isObject[open] === 1;
      if (byte === COMMA) {
        at += 1;
        if ((bytes[at] as number) <= SPACE) at = skipSpace(bytes, at);
        if (inObject) at = skipKey(bytes, at);
        break;
      }
      if (byte !== (inObject ? CLOSE_OBJECT : CLOSE_LIST)) syntaxError(at);
      at += 1;
      open -= 1;
    }
  }
}

/** The offset of a member's value; its key starts at `start`. */
function skipKey(bytes: Bytes, start: number): number {
  if (bytes[start] !== QUOTE) syntaxError(start);
  let at = start + 1;
  while (stringClass[bytes[at] as number] === 0) at += 1;
  at = bytes[at] === QUOTE ? at + 1 : skipOddText(bytes, at);
  if (bytes[at] !== COLON) at = skipSpace(bytes, at);
  if (bytes[at] !== COLON) syntaxError(at);
  at += 1;
  return (bytes[at] as number) <= SPACE ? skipSpace(bytes, at) : at;
}

function skipScalar(bytes: Bytes, start: number): number {
  switch (bytes[start]) {
    case 0x74:
      return skipLiteral(bytes, start, 'true');
    case 0x66:
      return skipLiteral(bytes, start, 'false');
    case 0x6e:
      return skipLiteral(bytes, start, 'null');
    default:
      return skipNumber(bytes, start);
  }
}

function skipLiteral(bytes: Bytes, start: number, literal: 'true' | 'false' | 'null'): number {
  for (let at = 1; at < literal.length; at += 1) if (bytes[start + at] !== literal.charCodeAt(at)) syntaxError(start);
  return start + literal.length;
}

function skipNumber(bytes: Bytes, start: number): number {
  let at = bytes[start] === 0x2d ? start + 1 : start;
  const whole = skipDigits(bytes, at);
  if (whole === at || (bytes[at] === 0x30 && whole > at + 1)) syntaxError(at);
  at = whole;
  if (bytes[at] === 0x2e) at = someDigits(bytes, at + 1);
  if (bytes[at] === 0x65 || bytes[at] === 0x45) {
    const sign = bytes[at + 1];
    at = someDigits(bytes, sign === 0x2b || sign === 0x2d ? at + 2 : at + 1);
  }
  return at;
}

function someDigits(bytes: Bytes, start: number): number {
  const at = skipDigits(bytes, start);
  return at === start ? syntaxError(start) : at;
}

function skipDigits(bytes: Bytes, start: number): number {
  let at = start;
  while ((bytes[at] as number) >= 0x30 && (bytes[at] as number) <= 0x39) at += 1;
  return at;
}

/** Bytes of the escape at `start`; 0: it is none. */
function escapeLength(bytes: Bytes, start: number): 0 | 2 | 6 {
  switch (bytes[start + 1]) {
    case 0x22:
    case 0x5c:
    case 0x2f:
    case 0x62:
    case 0x66:
    case 0x6e:
    case 0x72:
    case 0x74:
      return 2;
    case 0x75:
      for (let at = start + 2; at < start + 6; at += 1) if (!isHexDigit(bytes[at])) return 0;
      return 6;
    default:
      return 0;
  }
}

function isHexDigit(byte: number | undefined): boolean {
  if (byte === undefined) return false;
  return (byte >= 0x30 && byte <= 0x39) || (byte >= 0x41 && byte <= 0x46) || (byte >= 0x61 && byte <= 0x66);
}
