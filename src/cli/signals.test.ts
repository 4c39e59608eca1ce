import { EventEmitter } from 'node:events';
import { expect, it } from 'vitest';
import { createSignals } from './signals.ts';

function world() {
  const source = new EventEmitter();
  const said: string[] = [];
  const signals = createSignals({ source, onFirst: (name) => void said.push(`first ${name}`), onAgain: () => void said.push('again') });
  return { source, said, signals };
}

it('the first signal asks for the end, the second does not wait', () => {
  const { source, said } = world();
  source.emit('SIGHUP');
  source.emit('SIGTERM');
  expect(said).toEqual(['first SIGHUP', 'again']);
  expect(source.listenerCount('SIGQUIT')).toBe(0);
});

it('while somebody takes the signals they are nobody else’s, and afterwards they end the command again', () => {
  const { source, said, signals } = world();
  const giveBack = signals.take((name) => void said.push(`taken ${name}`));
  for (const name of ['SIGINT', 'SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR2']) source.emit(name);
  expect(said).toEqual(['taken SIGINT', 'taken SIGINT', 'taken SIGTERM', 'taken SIGHUP', 'taken SIGQUIT', 'taken SIGUSR2']);
  giveBack();
  source.emit('SIGINT');
  expect(said.at(-1)).toBe('first SIGINT');
  expect(source.listenerCount('SIGQUIT')).toBe(0);
});
