/** A document as IAM's answers carry it: percent-encoded by RFC 3986, which also encodes what `encodeURIComponent` leaves (`!'()*`). */
export function encodeDocument(document: string): string {
  return encodeURIComponent(document).replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}
