/** `meta/v1` MicroTime: RFC 3339 with exactly six decimals, or the API server answers 400. */
export function microTime(date: Date): string {
  return date.toISOString().replace('Z', '000Z');
}
