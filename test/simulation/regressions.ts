import { readFileSync } from 'node:fs';
import type { KeptCase } from './shrink.ts';

/** A case that broke an invariant once, as shrinking left it. */
export interface Regression {
  readonly found: string;
  readonly broke: string;
  readonly case: KeptCase;
}

/** All of them: seeds mean something else with every change of the code, these do not. */
export function regressions(): readonly Regression[] {
  return JSON.parse(readFileSync(new URL('regressions.json', import.meta.url), 'utf8')) as readonly Regression[];
}
