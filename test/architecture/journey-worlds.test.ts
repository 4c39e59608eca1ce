import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { JOURNEYS, journeyProblems } from '../cluster/journey-table.ts';

const folder = new URL('../journeys/', import.meta.url);
const SUFFIX = '.test.ts';

describe('every journey runs on both worlds or says why not', () => {
  test('of those that there are', () => {
    const names = readdirSync(folder).map((file) => file.slice(0, -SUFFIX.length));
    const files = new Map(names.map((name) => [name, readFileSync(new URL(`${name}${SUFFIX}`, folder), 'utf8')]));
    expect(journeyProblems(JOURNEYS, files)).toEqual([]);
  });

  test('a new one without a line, a wrong line, an empty reason and a line too many are seen', () => {
    const takesWorld = "import { inWorld } from '../support/worlds/world.ts';\ninWorld('a subject', () => undefined);";
    const files = new Map([
      ['new', takesWorld],
      ['deaf', 'no world'],
      ['typed', "import type { World } from '../support/worlds/world.ts';\nconst inWorld: World = inWorld();"],
      ['polite', "import { worldSkipped } from '../support/worlds/world.ts';\nworldSkipped();"],
      ['idle', "import { inWorld } from '../support/worlds/world.ts';"],
      ['shy', takesWorld],
      ['mute', 'no world'],
      ['good', takesWorld],
      ['alone', 'no world'],
    ]);
    const problems = journeyProblems(
      {
        deaf: { worlds: 'both' },
        typed: { worlds: 'both' },
        polite: { worlds: 'both' },
        idle: { worlds: 'both' },
        shy: { sandboxOnly: 'a reason that is long enough' },
        mute: { sandboxOnly: 'because' },
        good: { worlds: 'both' },
        alone: { sandboxOnly: 'there is no Kubernetes API in it' },
        gone: { worlds: 'both' },
      },
      files,
    );
    expect(problems).toEqual([
      'new: neither takes a world nor says why not',
      'deaf: listed for both worlds, but takes none',
      'typed: listed for both worlds, but takes none',
      'polite: listed for both worlds, but takes none',
      'idle: listed for both worlds, but takes none',
      'shy: takes a world, but is listed for the sandbox alone',
      'mute: its reason says nothing',
      'gone: listed, but there is no such journey',
    ]);
  });
});
