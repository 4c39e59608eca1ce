import { expect, it } from 'vitest';
import { warningsIn } from './warnings.ts';

it.each([
  ['299 - "unknown field \\"spec.nope\\""', ['unknown field "spec.nope"']],
  ['299 - "one", 299 - "two, with a comma"', ['one', 'two, with a comma']],
  [Buffer.from('299 - "Grüße 😀"').toString('latin1'), ['Grüße 😀']],
  ['299 - "back\\\\slash"', ['back\\slash']],
  ['299 agent "x" "Tue, 24 Nov 2026 08:29:20 GMT"', ['x']],
  ['nonsense', []],
])('reads %j', (header, texts) => {
  expect(warningsIn(header)).toEqual(texts);
});
