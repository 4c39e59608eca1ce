import { appendFileSync, chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { PodroleError } from '../../base/errors.ts';
import type { AwsSnapshot } from '../../sandbox/aws/store/snapshot.ts';
import { WorldJournal, type WorldState } from './world-journal.ts';

const aws = (roles: number): AwsSnapshot => ({
  version: 1,
  roles: Array.from({ length: roles }, () => ({})) as never,
  providers: [],
  policies: [],
  instanceProfiles: [],
  clusters: [],
  associations: [],
  buckets: [],
});
const object = (name: string): { readonly metadata: { readonly name: string } } => ({ metadata: { name } });
const state: WorldState = {
  kube: { revision: 5, buckets: { pods: [{ key: 'a/x', object: object('x') }] } },
  aws: aws(0),
  ports: { kube: 1, aws: 2 },
};

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'podrole-journal-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Opens, reads and lets go. */
function reopened(): WorldState | undefined {
  const { journal, state: found } = WorldJournal.open(folder);
  journal.close();
  return found;
}

function started(): WorldJournal {
  const { journal } = WorldJournal.open(folder);
  journal.restart(state);
  return journal;
}

describe('a world on disk', () => {
  it('is new where there is none', () => {
    expect(reopened()).toBeUndefined();
  });

  it('is its state with the changes since', () => {
    const journal = started();
    journal.append({ kube: { revision: 6, bucket: 'pods', type: 'ADDED', key: 'a/y', object: object('y') } });
    journal.append({ kube: { revision: 7, bucket: 'pods', type: 'DELETED', key: 'a/x', object: object('x') } });
    journal.append({ kube: { revision: 8, bucket: 'secrets', type: 'ADDED', key: 'a/s', object: object('s') } });
    journal.append({ aws: aws(1) });
    journal.append({ aws: aws(2) });
    journal.append({ ports: { kube: 3, aws: 4 } });
    journal.close();
    expect(reopened()).toEqual({
      kube: { revision: 8, buckets: { pods: [{ key: 'a/y', object: object('y') }], secrets: [{ key: 'a/s', object: object('s') }] } },
      aws: aws(2),
      ports: { kube: 3, aws: 4 },
    });
  });

  it('is the same after its state was written anew, with an empty journal and one file of each', () => {
    const journal = started();
    journal.append({ ports: { kube: 3, aws: 4 } });
    expect(journal.bytes).toBeGreaterThan(0);
    journal.restart({ ...state, ports: { kube: 3, aws: 4 } });
    expect(journal.bytes).toBe(0);
    journal.close();
    expect(reopened()?.ports).toEqual({ kube: 3, aws: 4 });
    expect(readdirSync(folder).sort()).toEqual(['journal-3.jsonl', 'state.json']);
    expect(statSync(join(folder, 'state.json')).mode & 0o777).toBe(0o600);
  });

  it('does without a last line that was cut, and goes on behind the line before', () => {
    const journal = started();
    journal.append({ ports: { kube: 3, aws: 4 } });
    journal.close();
    appendFileSync(join(folder, 'journal-2.jsonl'), '{"kube":{"revision":6,"buc');
    const { journal: again, state: found } = WorldJournal.open(folder);
    expect(found?.kube.revision).toBe(5);
    again.append({ kube: { revision: 6, bucket: 'pods', type: 'ADDED', key: 'a/y', object: object('y') } });
    again.close();
    expect(reopened()?.kube.revision).toBe(6);
  });

  it('is what it was before when the process ended between the new journal and the new state', () => {
    const journal = started();
    journal.append({ ports: { kube: 3, aws: 4 } });
    journal.close();
    writeFileSync(join(folder, 'journal-3.jsonl'), '');
    writeFileSync(join(folder, 'state.json.0123456789ab'), '{"version":1,"jour');
    expect(reopened()?.ports).toEqual({ kube: 3, aws: 4 });
    expect(readdirSync(folder).sort()).toEqual(['journal-2.jsonl', 'state.json']);
  });

  it('is damaged without the journal that its state names', () => {
    started().close();
    rmSync(join(folder, 'journal-2.jsonl'));
    expect(() => reopened()).toThrow(`${join(folder, 'journal-2.jsonl')} cannot be read as what a sandbox keeps`);
  });

  it('goes on with the old journal when the new state cannot be written', () => {
    const journal = started();
    rmSync(join(folder, 'state.json'));
    mkdirSync(join(folder, 'state.json'));
    expect(() => journal.restart(state)).toThrow();
    journal.append({ ports: { kube: 3, aws: 4 } });
    journal.close();
    expect(readFileSync(join(folder, 'journal-2.jsonl'), 'utf8')).toBe('{"ports":{"kube":3,"aws":4}}\n');
  });

  it('is for its owner alone, whoever could read the files before', () => {
    started().close();
    for (const name of readdirSync(folder)) chmodSync(join(folder, name), 0o644);
    const { journal } = WorldJournal.open(folder);
    journal.restart(state);
    journal.append({ ports: { kube: 3, aws: 4 } });
    journal.close();
    reopened();
    expect(readdirSync(folder).map((name) => statSync(join(folder, name)).mode & 0o777)).toEqual([0o600, 0o600]);
  });

  it('keeps every prefix of its lines: a journal cut anywhere is an earlier moment, never an error', () => {
    const journal = started();
    const ports = [11, 12, 13, 14];
    for (const port of ports) journal.append({ ports: { kube: port, aws: 1 } });
    journal.close();
    const file = join(folder, 'journal-2.jsonl');
    const whole = readFileSync(file);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: whole.length }), (length) => {
        writeFileSync(file, whole.subarray(0, length));
        const lines = whole.subarray(0, length).toString().split('\n').length - 1;
        expect(reopened()?.ports.kube).toBe(lines === 0 ? 1 : ports[lines - 1]);
      }),
      { numRuns: 40 },
    );
  });

  it('names the file and the line that cannot be read', () => {
    started().close();
    writeFileSync(join(folder, 'journal-2.jsonl'), '{"ports":{"kube":1,"aws":1}}\nnot json\n');
    expect(() => reopened()).toThrow(`${join(folder, 'journal-2.jsonl')}:2 cannot be read as what a sandbox keeps`);
  });

  it.each([
    'null',
    '5',
    '{}',
    '{"kube":5}',
    '{"kube":{"revision":6,"bucket":"pods"}}',
    '{"aws":{}}',
    '{"aws":{"version":2}}',
    '{"ports":"x"}',
  ])('names the line that is no change: %s', (line) => {
    started().close();
    writeFileSync(join(folder, 'journal-2.jsonl'), `${line}\n`);
    expect(() => reopened()).toThrow(`${join(folder, 'journal-2.jsonl')}:1 cannot be read as what a sandbox keeps`);
  });

  it.each([
    ['kube', undefined],
    ['kube', { revision: 5, buckets: { pods: [null] } }],
    ['kube', { revision: '5', buckets: {} }],
    ['aws', {}],
    ['aws', { ...aws(0), version: 2 }],
    ['ports', undefined],
  ])('is damaged where the %s of its state is %j', (member, value) => {
    writeFileSync(join(folder, 'state.json'), JSON.stringify({ version: 1, journal: 'journal-1.jsonl', ...state, [member]: value }));
    writeFileSync(join(folder, 'journal-1.jsonl'), '');
    expect(() => reopened()).toThrow(`${join(folder, 'state.json')} cannot be read as what a sandbox keeps`);
  });

  it('is damaged, not new, where its state was taken away', () => {
    const journal = started();
    journal.append({ ports: { kube: 3, aws: 4 } });
    journal.close();
    rmSync(join(folder, 'state.json'));
    expect(() => reopened()).toThrow(`${join(folder, 'state.json')} cannot be read as what a sandbox keeps`);
    expect(readdirSync(folder)).toEqual(['journal-2.jsonl']);
  });

  it('is damaged where its state was taken away after it had ended in order', () => {
    const journal = started();
    journal.restart(state);
    journal.close();
    rmSync(join(folder, 'state.json'));
    expect(() => reopened()).toThrow(`${join(folder, 'state.json')} cannot be read as what a sandbox keeps`);
  });

  it('is new when the process ended before its first state was there', () => {
    writeFileSync(join(folder, 'journal-1.jsonl'), '{"ports":{"kube":3,"aws":4}}\n');
    writeFileSync(join(folder, 'journal-2.jsonl'), '');
    expect(reopened()).toBeUndefined();
  });

  it('refuses foreign bytes in place of its state, whatever they are', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        writeFileSync(join(folder, 'state.json'), text);
        try {
          reopened();
          throw new Error('it was read');
        } catch (error) {
          expect((error as PodroleError).code).toBe('data-dir-damaged');
        }
      }),
      { numRuns: 60 },
    );
  });
});
