import { stringify } from 'yaml';
import type { Terminal } from './terminal.ts';

/** The version of every JSON document that a command prints; it only ever grows. */
export const API_VERSION = 'cli.podrole.dev/v1';

export type Format = 'text' | 'json' | 'yaml';

/** A machine-readable answer: `kind` names its schema. */
export interface Document {
  readonly kind: string;
  readonly [member: string]: unknown;
}

/** One line of JSON. */
export function jsonLine(document: Document): string {
  return `${JSON.stringify({ apiVersion: API_VERSION, ...document })}\n`;
}

/** Prints the one document of a command, as JSON or YAML. */
export function printDocument(terminal: Terminal, document: Document, format: 'json' | 'yaml'): void {
  const whole = { apiVersion: API_VERSION, ...document };
  terminal.out(format === 'yaml' ? stringify(whole) : `${JSON.stringify(whole, null, 2)}\n`);
}
