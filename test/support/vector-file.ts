import { readFileSync } from 'node:fs';

/** A file of test/vectors, parsed; its shape is the reader's promise. */
export function vectorFile<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(`../vectors/${name}`, import.meta.url), 'utf8')) as T;
}
