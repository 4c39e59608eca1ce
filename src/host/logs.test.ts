import { describe, expect, it } from 'vitest';
import { jsonLog, type LogOptions } from './json-log.ts';
import { textLog } from './text-log.ts';

function capture(make: typeof jsonLog, options: Partial<LogOptions> = {}) {
  let text = '';
  const destination = { write: (piece: string) => (text += piece) };
  return { log: make({ destination, now: () => new Date('2026-01-02T03:04:05.678Z'), ...options }), text: () => text };
}

describe('the JSON log', () => {
  it('writes one object a line, without process noise', () => {
    const { log, text } = capture(jsonLog, { base: { component: 'webhook' } });
    log.child({ namespace: 'n' }).warn('pod skipped', { reason: 'no-role', containers: ['a', 'b'] });
    expect(text()).toBe(
      '{"level":"warn","time":"2026-01-02T03:04:05.678Z","component":"webhook","namespace":"n","reason":"no-role","containers":["a","b"],"msg":"pod skipped"}\n',
    );
  });

  it('leaves out what is below its level', () => {
    const { log, text } = capture(jsonLog, { level: 'error' });
    log.debug('a');
    log.info('a');
    log.warn('a');
    log.error('b');
    expect(text()).toContain('"msg":"b"');
    expect(text().split('\n')).toHaveLength(2);
  });

  it('keeps a line a line, whatever is in the fields', () => {
    const { log, text } = capture(jsonLog);
    log.info('x', { name: 'a\nb\u0000\u001b[31m' });
    expect(text().trimEnd()).not.toMatch(/\p{Cc}/u);
    expect(JSON.parse(text()).name).toBe('a\nb\u0000\u001b[31m');
  });

  it('hides fields that are named like secrets', () => {
    const { log, text } = capture(jsonLog);
    log.info('x', { token: 'eyJ', authorization: 'Bearer x' });
    expect(text()).not.toMatch(/eyJ|Bearer/);
  });
});

describe('the text log', () => {
  it('writes time, level, message and fields', () => {
    const { log, text } = capture(textLog, { base: { a: 1 } });
    log.info('server is up', { url: 'http://127.0.0.1:1', note: 'two words', none: undefined, list: ['x', 'y'] });
    expect(text()).toBe('03:04:05 info  server is up  a=1  url=http://127.0.0.1:1  note="two words"  list=x,y\n');
  });

  it('lets no control character reach the terminal', () => {
    const { log, text } = capture(textLog);
    log.child({ name: 'a\u001b[2J\nb' }).error('x');
    expect(text()).toBe('03:04:05 error x  name=a\\u001b[2J\\u000ab\n');
  });

  it('leaves out what is below its level', () => {
    const { log, text } = capture(textLog, { level: 'warn' });
    log.info('a');
    expect(text()).toBe('');
  });
});
