import { describe, expect, it } from 'vitest';
import { canonicalJson, sameJson, trustedProviders } from './policy-json.ts';

const arn = (host: string): string => `arn:aws:iam::111122223333:oidc-provider/${host}`;
const document = (...statements: readonly object[]): string => JSON.stringify({ Version: '2012-10-17', Statement: statements });

describe('the providers that a trust policy lets in', () => {
  it.each([
    ['one', document({ Effect: 'Allow', Principal: { Federated: arn('a') } }), [arn('a')]],
    ['a list, each once', document({ Effect: 'Allow', Principal: { Federated: [arn('a'), arn('b'), arn('a')] } }), [arn('a'), arn('b')]],
    [
      'a statement that is no list',
      '{"Statement":{"Effect":"Allow","Principal":{"Federated":"x:oidc-provider/y"}}}',
      ['x:oidc-provider/y'],
    ],
    ['none that is denied', document({ Effect: 'Deny', Principal: { Federated: arn('a') } }), []],
    ['no SAML provider', document({ Effect: 'Allow', Principal: { Federated: 'arn:aws:iam::111122223333:saml-provider/x' } }), []],
    ['no service', document({ Effect: 'Allow', Principal: { Service: 'ec2.amazonaws.com' } }, { Effect: 'Allow', Principal: '*' }), []],
    ['none of a text that is no policy', 'not JSON', []],
    ['none of JSON that is no policy', '[null]', []],
    ['none of a statement that is none', '{"Statement":[null,1]}', []],
  ])('are %s', (_, text, providers) => {
    expect(trustedProviders(text)).toEqual(providers);
  });
});

describe('JSON', () => {
  it('is the same whatever the order of members, and not whatever the order of items', () => {
    expect(sameJson('{"a":{"b":1,"c":2}}', '{ "a": {"c": 2, "b": 1} }')).toBe(true);
    expect(sameJson('{"a":[1,2]}', '{"a":[2,1]}')).toBe(false);
    expect(sameJson('{', '{')).toBe(false);
  });

  it('has one canonical text', () => {
    expect(canonicalJson({ b: [{ d: 1, c: undefined }], a: null })).toBe('{"a":null,"b":[{"d":1}]}');
  });
});
