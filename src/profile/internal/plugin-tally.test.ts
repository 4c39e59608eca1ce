import { expect, it } from 'vitest';
import { PluginTally } from './plugin-tally.ts';

it('tells how many profiles have the plugin and what became of it, and nothing once it leads no more', () => {
  const gauges = new Map<string, number>();
  const tally = new PluginTally({
    count: () => undefined,
    set: (name, labels, value) => void gauges.set(`${name} ${labels.plugin} ${labels.result}`, value),
  });
  const told = (): readonly (number | undefined)[] =>
    ['ready', 'waiting', 'failed'].map((result) => gauges.get(`podrole_profiles AwsIamForServiceAccount ${result}`));
  for (const [profile, reason] of [
    ['a', 'Trusted'],
    ['b', 'AnnotatedTrusted'],
    ['c', 'RoleNotFound'],
    ['d', 'Granting'],
    ['e', 'NoPlugin'],
  ] as const)
    tally.saw(profile, { reason, message: '' });
  expect(told()).toEqual([2, 1, 1]);
  tally.saw('c', { reason: 'Trusted', message: '' });
  tally.saw('a', { reason: 'NoPlugin', message: '' });
  tally.forget('d');
  expect(told()).toEqual([2, 0, 0]);
  tally.clear();
  expect(told()).toEqual([0, 0, 0]);
});
