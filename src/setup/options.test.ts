import { describe, expect, it } from 'vitest';
import { DEFAULT_OPTIONS, mistakesInOptions } from './options.ts';

const paths = (given: Partial<typeof DEFAULT_OPTIONS>): readonly string[] =>
  mistakesInOptions({ ...DEFAULT_OPTIONS, ...given }).map(({ path }) => path);

describe('options', () => {
  it('of nothing are valid', () => {
    expect(mistakesInOptions(DEFAULT_OPTIONS)).toEqual([]);
  });

  it('are all judged at once', () => {
    expect(paths({ roleNames: '{role}', pipelinesBucket: 'Not_A_Bucket', thumbprints: ['ABC'] })).toEqual([
      '--role-names',
      '--with-pipelines',
      '--thumbprint',
    ]);
  });

  it('take five thumbprints in lower-case hex, as IAM does', () => {
    const thumbprint = '9e99a48a9960b14926bb7f3b02e22da2b0ab7280';
    expect(paths({ thumbprints: Array(5).fill(thumbprint) })).toEqual([]);
    expect(paths({ thumbprints: Array(6).fill(thumbprint) })).toEqual(['--thumbprint']);
    expect(paths({ thumbprints: [thumbprint.toUpperCase()] })).toEqual(['--thumbprint']);
  });

  it('name a bucket that cannot break out of its ARN', () => {
    expect(paths({ pipelinesBucket: '*' })).toEqual(['--with-pipelines']);
    expect(paths({ pipelinesBucket: 'my.bucket-1' })).toEqual([]);
  });
});
