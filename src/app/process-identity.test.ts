import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { isRunning, processState, readProcessIdentity, thisProcess } from './process-identity.ts';

const me = thisProcess();

describe('the state of a process', () => {
  it('is alive for this one, also as an older version wrote it', () => {
    expect(processState(me)).toBe('alive');
    expect(processState({ pid: me.pid, started: me.started, host: '', boot: '', pidNamespace: '' })).toBe('alive');
  });

  it('is gone when its number is free, or another process has it', () => {
    const { pid } = spawnSync(process.execPath, ['-e', '']);
    expect(processState({ ...me, pid })).toBe('gone');
    expect(processState({ ...me, started: 'before' })).toBe(me.started === '' ? 'alive' : 'gone');
  });

  it.skipIf(me.started === '')('is gone when it ended and its parent, as the first process of many containers, does not care', async () => {
    const parent = spawn('sh', ['-c', 'sleep 30 & echo $!; exec sleep 31'], { stdio: ['ignore', 'pipe', 'ignore'] });
    const [line] = (await once(parent.stdout, 'data')) as [Buffer];
    const pid = Number(line.toString());
    const stat = (): string => readFileSync(`/proc/${pid}/stat`, 'utf8');
    const until = async (holds: () => boolean): Promise<void> => {
      while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5));
    };
    // The shell would ask for its child; what it becomes does not.
    await until(() => readFileSync(`/proc/${parent.pid}/cmdline`, 'utf8').startsWith('sleep'));
    process.kill(pid, 'SIGKILL');
    await until(() => /\) Z/.test(stat()));
    const started =
      stat()
        .slice(stat().lastIndexOf(')') + 2)
        .split(' ')[19] ?? '';
    expect([processState({ ...me, pid, started }), isRunning(pid)]).toEqual(['gone', false]);
    parent.kill();
  });

  it.skipIf(me.boot === '')('is gone when the machine was started anew since, and elsewhere when it is another machine', () => {
    expect(processState({ ...me, boot: 'before' })).toBe('gone');
    expect(processState({ ...me, boot: 'theirs', host: `not-${me.host}` })).toBe('elsewhere');
  });

  it.skipIf(me.pidNamespace === '')('is elsewhere in another PID namespace, whatever runs here under that number', () => {
    expect(processState({ ...me, pidNamespace: '1' })).toBe('elsewhere');
    expect(processState({ ...me, pid: 2 ** 22 + 1, pidNamespace: '1' })).toBe('elsewhere');
  });
});

it('reads what it wrote, and nothing that names no process', () => {
  expect(readProcessIdentity(JSON.parse(JSON.stringify(me)))).toEqual(me);
  for (const value of [undefined, null, 3, [], {}, { pid: '1' }, { pid: 0 }, { pid: -1 }, { pid: 1.5 }])
    expect(readProcessIdentity(value)).toBeUndefined();
});
