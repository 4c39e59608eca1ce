import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decode } from '../resources/decode.ts';
import { decodeProtobuf, readEnvelope } from './decode-protobuf.ts';
import { MalformedProtobufError } from './protobuf-wire.ts';

/** Bodies that kubectl v1.36.3 sent. */
const bodies = {
  namespace: 'azhzAAoPCgJ2MRIJTmFtZXNwYWNlEhsKEwoDZm9vEgAaACIAKgAyADgAQgASABoCCgAaACIA',
  tokenRequest: 'azhzAAooChhhdXRoZW50aWNhdGlvbi5rOHMuaW8vdjESDFRva2VuUmVxdWVzdBIgChAKABIAGgAiACoAMgA4AEIAEgYKAWEgkBwaBAoAEgAaACIA',
  secret: 'azhzAAoMCgJ2MRIGU2VjcmV0EiAKFAoBcxIAGgNmb28iACoAMgA4AEIAEgYKAWESAWIaABoAIgA=',
  deployment:
    'azhzAAoVCgdhcHBzL3YxEgpEZXBsb3ltZW50EqwBCh4KAWQSABoDZm9vIgAqADIAOABCAFoICgNhcHASAWQSfAgBEgoKCAoDYXBwEgFkGmQKGgoAEgAaACIAKgAyADgAQgBaCAoDYXBwEgFkEkYSKAoBeBIDeDoxKgAyCgoAEAAYUCIAKgBCAGoAcgCAAQCIAQCQAQCiAQAaADIAQgBKAFIAWABgAGgAggEAigEAmgEAwgEAIgIKACgAOAAaDAgAEAAYACAAKAA4ABoAIgA=',
  quota: 'azhzAAoTCgJ2MRINUmVzb3VyY2VRdW90YRIzChQKAXESABoDZm9vIgAqADIAOABCABIZCgoKA2NwdRIDCgExCgsKBHBvZHMSAwoBMhoAGgAiAA==',
};

const bytes = (base64: string): Uint8Array => new Uint8Array(Buffer.from(base64, 'base64'));

function read(base64: string, typeName: string): unknown {
  const envelope = readEnvelope(bytes(base64));
  return { apiVersion: envelope.apiVersion, kind: envelope.kind, ...decode(typeName, decodeProtobuf(typeName, envelope.raw)) };
}

describe('protobuf bodies', () => {
  test('a namespace', () => {
    expect(read(bodies.namespace, 'core.v1.Namespace')).toStrictEqual({
      apiVersion: 'v1',
      kind: 'Namespace',
      ok: true,
      value: { metadata: { name: 'foo' }, spec: {}, status: {} },
      unknownFields: [],
    });
  });

  test('numbers, nested messages and lists', () => {
    expect(read(bodies.tokenRequest, 'authentication.v1.TokenRequest')).toMatchObject({
      value: { spec: { audiences: ['a'], expirationSeconds: 3600 } },
    });
    expect(read(bodies.deployment, 'apps.v1.Deployment')).toMatchObject({
      value: {
        metadata: { name: 'd', namespace: 'foo', labels: { app: 'd' } },
        spec: { replicas: 1, template: { spec: { containers: [{ name: 'x', image: 'x:1', ports: [{ containerPort: 80 }] }] } } },
      },
    });
  });

  test('bytes and quantities in maps', () => {
    expect(read(bodies.secret, 'core.v1.Secret')).toMatchObject({ value: { data: { a: 'Yg==' } } });
    expect(read(bodies.quota, 'core.v1.ResourceQuota')).toMatchObject({ value: { spec: { hard: { cpu: '1', pods: '2' } } } });
  });

  test('JSON is not protobuf', () => {
    expect(() => readEnvelope(new TextEncoder().encode('{}'))).toThrow(MalformedProtobufError);
  });

  test('any other bytes are read or refused, never anything else', () => {
    const samples = Object.values(bodies).map(bytes);
    fc.assert(
      fc.property(fc.constantFrom(...samples), fc.nat(), fc.nat(255), (sample, at, value) => {
        const changed = Uint8Array.from(sample);
        changed[4 + (at % (changed.length - 4))] = value;
        try {
          decodeProtobuf('apps.v1.Deployment', readEnvelope(changed).raw);
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(MalformedProtobufError);
        }
      }),
      { numRuns: 500 },
    );
  });
});
