import { XMLBuilder } from 'fast-xml-parser';

/** What an answer's XML is built from: `undefined` members are left out, arrays repeat their element. */
export type XmlValue = string | number | boolean | undefined | XmlObject | readonly XmlValue[];
export interface XmlObject {
  readonly [element: string]: XmlValue;
}

const builder = new XMLBuilder({ ignoreAttributes: false, attributeNamePrefix: '@', suppressEmptyNode: true });

// XML 1.0, production Char: what stands outside cannot be written, not even as a reference.
const NOT_XML = /(?![\t\n\r\u0080-\u009F])[\p{Cc}\p{Cs}\uFFFE\uFFFF]/gu;

function cleaned(value: XmlValue): unknown {
  if (typeof value === 'string') return value.replace(NOT_XML, '\uFFFD');
  if (value === undefined || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map(cleaned);
  const result: Record<string, unknown> = {};
  for (const [name, member] of Object.entries(value)) if (member !== undefined) result[name] = cleaned(member);
  return result;
}

/** XML text of one root element; members starting with `@` are attributes. */
export function xml(root: string, content: XmlObject): string {
  return builder.build({ [root]: cleaned(content) });
}

/** A Query list: `<member>` elements, or an empty element. */
export function members(values: readonly XmlValue[]): XmlObject {
  return { member: values };
}
