import { describe, expect, it } from 'vitest';
import { WebhookWorld } from '../../test/support/webhook-world.ts';
import { autoRegion, partitionOfRegion } from './region.ts';

describe('the region of a role', () => {
  it.each([
    ['arn:aws:iam::111122223333:role/r', 'us-west-2', 'us-west-2'],
    ['arn:aws:iam::111122223333:role/r', undefined, undefined],
    ['arn:aws:iam::111122223333:role/r', 'cn-north-1', undefined],
    ['arn:aws-cn:iam::111122223333:role/r', 'cn-northwest-1', 'cn-northwest-1'],
    ['arn:aws-cn:iam::111122223333:role/r', 'us-west-2', 'cn-north-1'],
    ['arn:aws-us-gov:iam::111122223333:role/r', undefined, 'us-gov-west-1'],
    [undefined, 'us-west-2', 'us-west-2'],
    [undefined, undefined, undefined],
  ])('of %s in a cluster in %s is %s', (role, home, region) => expect(autoRegion(role, home)).toBe(region));

  it('belongs to a partition', () => {
    expect(
      [
        'us-west-2',
        'cn-north-1',
        'us-gov-west-1',
        'us-iso-west-1',
        'us-isob-east-1',
        'eu-isoe-west-1',
        'us-isof-south-1',
        'eusc-de-east-1',
      ].map(partitionOfRegion),
    ).toEqual(['aws', 'aws-cn', 'aws-us-gov', 'aws-iso', 'aws-iso-b', 'aws-iso-e', 'aws-iso-f', 'aws-eusc']);
  });
});

describe('the region injected', () => {
  const role = { 'eks.amazonaws.com/role-arn': 'arn:aws:iam::111122223333:role/r' };
  const admitted = async (account: Readonly<Record<string, string>>, pod: Readonly<Record<string, string>>, options = {}) => {
    const world = new WebhookWorld(options).know('default/sa', { ...role, ...account });
    await world.admit({ metadata: { annotations: pod }, spec: { serviceAccountName: 'sa', containers: [{ name: 'c' }] } });
    const operation = world.decisions[0]?.patch?.operations.find(({ path }) => path.endsWith('/env'));
    const env = operation?.op === 'add' ? (operation.value as { name: string; value: string }[]) : [];
    return { region: env.find(({ name }) => name === 'AWS_REGION')?.value, notes: world.decisions[0]?.notes.map(({ reason }) => reason) };
  };

  it('is the pod’s, else the account’s, else the flag’s', async () => {
    const key = 'podrole.dev/region';
    expect(await admitted({ [key]: 'a' }, { [key]: 'p' }, { region: 'f' })).toMatchObject({ region: 'p' });
    expect(await admitted({ [key]: 'a' }, {}, { region: 'f' })).toMatchObject({ region: 'a' });
    expect(await admitted({}, {}, { region: 'f' })).toMatchObject({ region: 'f' });
    expect(await admitted({}, {})).toMatchObject({ region: undefined, notes: [] });
  });

  it('is none, with a note, where auto knows none', async () => {
    expect(await admitted({}, {}, { region: 'auto' })).toEqual({ region: undefined, notes: ['RegionUnknown'] });
    expect(await admitted({}, {}, { region: 'auto', homeRegion: 'eu-west-1' })).toEqual({ region: 'eu-west-1', notes: [] });
  });

  it.each([['us–west–2'], ['us_west_2'], ['eu-west-1 '], ['US-WEST-2'], ['-'], ['r'.repeat(64)]])(
    'is never %j, which is no region: the next in line is taken, with a note',
    async (text) => {
      const key = 'podrole.dev/region';
      const notes = ['InvalidRegion'];
      expect(await admitted({ [key]: 'eu-west-1' }, { [key]: text }, { region: 'us-east-1' })).toEqual({ region: 'eu-west-1', notes });
      expect(await admitted({ [key]: text }, {}, { region: 'us-east-1' })).toEqual({ region: 'us-east-1', notes });
      expect(await admitted({ [key]: text }, { [key]: 'eu-west-1' })).toEqual({ region: 'eu-west-1', notes });
      expect(await admitted({ [key]: text }, { [key]: text })).toEqual({ region: undefined, notes: [...notes, ...notes] });
    },
  );
});
