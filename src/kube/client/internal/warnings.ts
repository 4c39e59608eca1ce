/**
 * The texts of a `Warning` header (RFC 7234, 5.5) as the API server writes it: `299 - "text", 299 - "text"`, quotes and backslashes
 * escaped, the text raw UTF-8. Node hands header bytes over as Latin-1, so they are read again as UTF-8.
 */
export function warningsIn(header: string): readonly string[] {
  const texts: string[] = [];
  for (const match of header.matchAll(/\d{3} \S+ "((?:[^"\\]|\\.)*)"/g)) {
    texts.push(asUtf8((match[1] ?? '').replace(/\\(.)/g, '$1')));
  }
  return texts;
}

function asUtf8(latin1: string): string {
  const bytes = Buffer.from(latin1, 'latin1');
  const text = bytes.toString('utf8');
  return text.includes('\ufffd') ? latin1 : text;
}
