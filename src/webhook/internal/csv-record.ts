/**
 * The fields of the first record of a CSV text, as Go's encoding/csv reads it: nothing is trimmed, blank lines before it are skipped,
 * quoted fields may hold commas, line breaks and doubled quotes. `undefined`: malformed. No record at all is an empty list.
 */
export function firstCsvRecord(text: string): readonly string[] | undefined {
  const input = text.replaceAll('\r\n', '\n');
  let at = 0;
  while (input[at] === '\n') at += 1;
  if (at >= input.length) return [];
  const fields: string[] = [];
  for (;;) {
    const field = input[at] === '"' ? quotedField(input, at + 1) : bareField(input, at);
    if (field === undefined) return undefined;
    fields.push(field.value);
    at = field.end;
    if (input[at] !== ',') return fields;
    at += 1;
  }
}

interface Field {
  readonly value: string;
  /** Offset of the comma or line break after it, or the end. */
  readonly end: number;
}

function bareField(input: string, start: number): Field | undefined {
  let end = start;
  while (end < input.length && input[end] !== ',' && input[end] !== '\n') {
    if (input[end] === '"') return undefined;
    end += 1;
  }
  return { value: input.slice(start, end), end };
}

function quotedField(input: string, start: number): Field | undefined {
  let value = '';
  let at = start;
  for (;;) {
    const quote = input.indexOf('"', at);
    if (quote === -1) return undefined;
    value += input.slice(at, quote);
    const after = input[quote + 1];
    if (after !== '"') return after === undefined || after === ',' || after === '\n' ? { value, end: quote + 1 } : undefined;
    value += '"';
    at = quote + 2;
  }
}
