import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Json } from '../base/json.ts';
import { decodePlugins } from './decode-plugins.ts';
import type { Profile } from './profile.ts';

const ROLE = 'arn:aws:iam::123456789012:role/test-iam-role';
const profile = (...specs: readonly (Json | undefined)[]): Profile => ({
  metadata: { name: 'user-a' },
  spec: { plugins: specs.map((spec) => ({ kind: 'AwsIamForServiceAccount', ...(spec === undefined ? {} : { spec }) })) },
});

describe('decodePlugins', () => {
  it('reads annotateOnly as given (upstream vector)', () => {
    const { plugins } = decodePlugins(profile({ awsIamRole: ROLE, annotateOnly: true }, { awsIamRole: ROLE, annotateOnly: false }));
    expect(plugins.map((plugin) => plugin.annotateOnly)).toEqual([true, false]);
  });

  it('takes a missing annotateOnly for false (upstream vector)', () => {
    expect(decodePlugins(profile({ awsIamRole: ROLE }))).toEqual({
      plugins: [{ path: '/spec/plugins/0', awsIamRole: ROLE, annotateOnly: false, serviceAccounts: ['default-editor'] }],
      problems: [],
    });
  });

  it('matches member names in any case, and the last one wins', () => {
    const { plugins } = decodePlugins(
      profile({ AwsIamRole: 'first', AnnotateOnly: true, awsIamRole: ROLE, ſerviceAccounts: ['default', 'default'] }),
    );
    expect(plugins).toEqual([{ path: '/spec/plugins/0', awsIamRole: ROLE, annotateOnly: true, serviceAccounts: ['default'] }]);
  });

  it('takes null and a missing spec for the zero value, and ignores unknown members', () => {
    const { plugins, problems } = decodePlugins(
      profile(undefined, null, { awsIamRole: null, annotateOnly: null, serviceAccounts: null, other: 1 }),
    );
    expect(plugins.map((plugin) => [plugin.awsIamRole, plugin.annotateOnly, plugin.serviceAccounts])).toEqual(
      Array(3).fill(['', false, ['default-editor']]),
    );
    expect(problems).toEqual([]);
  });

  it('names every wrong type of one entry and keeps the others', () => {
    const { plugins, problems } = decodePlugins(
      profile({ awsIamRole: 5, annotateOnly: 'true', serviceAccounts: ['a', {}] }, { awsIamRole: ROLE }, 'text'),
    );
    expect(plugins.map((plugin) => plugin.path)).toEqual(['/spec/plugins/1']);
    expect(problems).toEqual([
      {
        path: '/spec/plugins/0/spec/awsIamRole',
        reason: 'PluginUndecodable',
        message: 'AwsIamForServiceAccount wants a string, not a number',
      },
      {
        path: '/spec/plugins/0/spec/annotateOnly',
        reason: 'PluginUndecodable',
        message: 'AwsIamForServiceAccount wants true or false without quotes, not a string',
      },
      {
        path: '/spec/plugins/0/spec/serviceAccounts/1',
        reason: 'PluginUndecodable',
        message: 'AwsIamForServiceAccount wants a name, not an object',
      },
      { path: '/spec/plugins/2/spec', reason: 'PluginUndecodable', message: 'AwsIamForServiceAccount wants an object, not a string' },
    ]);
  });

  it('reports plugins of other clouds and skips them', () => {
    const foreign: Profile = {
      metadata: { name: 'user-a' },
      spec: { plugins: [{ kind: 'WorkloadIdentity', spec: { gcpServiceAccount: 'x' } }] },
    };
    expect(decodePlugins(foreign)).toEqual({
      plugins: [],
      problems: [
        { path: '/spec/plugins/0/kind', reason: 'PluginUnknown', message: 'plugin kind "WorkloadIdentity" is not known and is skipped' },
      ],
    });
  });

  it('never throws and accounts for every entry', () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue(), { maxLength: 4 }), (specs) => {
        const { plugins, problems } = decodePlugins(profile(...(specs as Json[])));
        const seen = new Set([
          ...plugins.map((plugin) => plugin.path),
          ...problems.map((problem) => problem.path.split('/spec', 3).slice(0, 2).join('/spec')),
        ]);
        expect(seen.size).toBe(specs.length);
      }),
      { numRuns: 300 },
    );
  });
});
