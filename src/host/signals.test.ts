import { EventEmitter } from 'node:events';
import { expect, it } from 'vitest';
import { exitCodeOf, onTermination } from './signals.ts';

it('tells the first signal from those of the impatient, until it is told to leave', () => {
  const source = new EventEmitter();
  const heard: string[] = [];
  const leave = onTermination({
    source,
    onFirst: (signal) => heard.push(`first ${signal}`),
    onAgain: (signal) => heard.push(`again ${signal}`),
  });
  source.emit('SIGTERM');
  source.emit('SIGINT');
  source.emit('SIGTERM');
  leave();
  source.emit('SIGTERM');
  expect(heard).toEqual(['first SIGTERM', 'again SIGINT', 'again SIGTERM']);
});

it('knows the exit codes that shells expect', () => {
  expect([exitCodeOf('SIGHUP'), exitCodeOf('SIGINT'), exitCodeOf('SIGTERM')]).toEqual([129, 130, 143]);
});
