import { expect, it } from 'vitest';
import { selectorMatches } from './label-selector.ts';

const labels = { app: 'web', tier: 'front' };
const expression = (key: string, operator: string, values?: readonly string[]): object => ({
  matchExpressions: [{ key, operator, values }],
});

it.each([
  ['absent', undefined, true],
  ['null', null, true],
  ['empty', {}, true],
  ['a label that is so', { matchLabels: { app: 'web' } }, true],
  ['a label that is not so', { matchLabels: { app: 'web', tier: 'back' } }, false],
  ['In', expression('app', 'In', ['api', 'web']), true],
  ['In of an absent label', expression('zone', 'In', ['a']), false],
  ['NotIn', expression('app', 'NotIn', ['web']), false],
  ['NotIn of an absent label', expression('zone', 'NotIn', ['a']), true],
  ['Exists', expression('app', 'Exists'), true],
  ['Exists of an absent label', expression('zone', 'Exists'), false],
  ['DoesNotExist', expression('zone', 'DoesNotExist'), true],
  ['DoesNotExist of a label', expression('app', 'DoesNotExist'), false],
  ['an operator that nobody knows', expression('app', 'Like', ['w*']), false],
  ['a name of every object', { matchLabels: { constructor: 'x' } }, false],
  ['no object', 'app=web', false],
])('a selector that is %s', (_, selector, matches) => expect(selectorMatches(selector, labels)).toBe(matches));
