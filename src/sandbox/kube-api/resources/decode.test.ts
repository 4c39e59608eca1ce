import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decode } from './decode.ts';
import { builtInTypes } from './types.data.ts';

describe('reading JSON as a built-in type', () => {
  test('puts members in the order of the type and sorts maps', () => {
    const decoded = decode('core.v1.ConfigMap', {
      data: { b: '1', a: '2' },
      metadata: { labels: { z: '', y: '' }, name: 'x' },
      kind: 'ConfigMap',
    });
    expect(JSON.stringify(decoded)).toBe(
      JSON.stringify({
        ok: true,
        value: { kind: 'ConfigMap', metadata: { name: 'x', labels: { y: '', z: '' } }, data: { a: '2', b: '1' } },
        unknownFields: [],
      }),
    );
  });

  test('leaves out empty optional members and fills in required ones', () => {
    const decoded = decode('core.v1.Pod', {
      metadata: { labels: {}, annotations: null },
      spec: { containers: [{ name: 'a', image: '' }] },
    });
    expect(decoded).toStrictEqual({
      ok: true,
      value: { metadata: {}, spec: { containers: [{ name: 'a', resources: {} }] }, status: {} },
      unknownFields: [],
    });
  });

  test('a pointer keeps an empty value', () => {
    expect(decode('core.v1.ConfigMap', { immutable: false })).toMatchObject({ value: { immutable: false } });
    expect(decode('coordination.v1.LeaseSpec', { leaseTransitions: 0 })).toMatchObject({ value: { leaseTransitions: 0 } });
  });

  test('drops unknown members and names them in the order of the document', () => {
    const decoded = decode('core.v1.Pod', { spec: { containers: [{ name: 'a', foo: 1 }], nope: 1 }, bar: {} });
    expect(decoded).toMatchObject({ ok: true, unknownFields: ['spec.containers[0].foo', 'spec.nope', 'bar'] });
  });

  test.each([
    ['core.v1.ConfigMap', { data: 1 }, 'json: cannot unmarshal number into Go struct field ConfigMap.data of type map[string]string'],
    ['core.v1.ConfigMap', { data: { a: [] } }, 'json: cannot unmarshal array into Go struct field ConfigMap.data of type string'],
    [
      'core.v1.ConfigMap',
      { metadata: { name: true } },
      'json: cannot unmarshal bool into Go struct field ObjectMeta.metadata.name of type string',
    ],
    [
      'core.v1.Pod',
      { spec: { containers: {} } },
      'json: cannot unmarshal object into Go struct field PodSpec.spec.containers of type []v1.Container',
    ],
    [
      'core.v1.Pod',
      { spec: { containers: [{ ports: [{ containerPort: 1.5 }] }] } },
      'json: cannot unmarshal number 1.5 into Go struct field ContainerPort.spec.containers.ports.containerPort of type int32',
    ],
    ['core.v1.Secret', { data: { a: '?' } }, 'illegal base64 data at input byte 0'],
    [
      'coordination.v1.Lease',
      { spec: { renewTime: '2026-01-01T00:00:00.123Z' } },
      'parsing time "2026-01-01T00:00:00.123Z" as "2006-01-02T15:04:05.000000Z07:00": cannot parse ".123Z" as ".000000"',
    ],
  ])('%s refuses %j', (type, input, message) => {
    expect(decode(type, input)).toStrictEqual({ ok: false, message });
  });

  test('times lose their fraction and their offset, micro times keep six decimals', () => {
    expect(decode('meta.v1.ObjectMeta', { creationTimestamp: '2026-01-01T02:00:00.5+02:00' })).toMatchObject({
      value: { creationTimestamp: '2026-01-01T00:00:00Z' },
    });
    expect(decode('coordination.v1.LeaseSpec', { renewTime: '2026-01-01T02:00:00.123456+02:00' })).toMatchObject({
      value: { renewTime: '2026-01-01T00:00:00.123456Z' },
    });
  });

  test('quantities are written in their one form', () => {
    expect(decode('core.v1.ResourceRequirements', { limits: { cpu: 0.5, memory: '1024Mi' } })).toMatchObject({
      value: { limits: { cpu: '500m', memory: '1Gi' } },
    });
  });

  test('schemas of definitions are ordered and unknown keywords dropped', () => {
    const decoded = decode('apiextensions.v1.CustomResourceValidation', {
      openAPIV3Schema: { properties: { b: { type: 'string' }, a: { nope: 1 } }, type: 'object' },
    });
    expect(JSON.stringify(decoded)).toBe(
      JSON.stringify({
        ok: true,
        value: { openAPIV3Schema: { type: 'object', properties: { a: {}, b: { type: 'string' } } } },
        unknownFields: ['openAPIV3Schema.properties.a.nope'],
      }),
    );
  });

  test('reading twice is reading once, whatever the input', () => {
    const names = Object.keys(builtInTypes);
    const members = [...new Set(names.flatMap((name) => Object.keys(builtInTypes[name] ?? {})))];
    const value: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
      node: fc.oneof(
        { maxDepth: 4 },
        fc.constantFrom<unknown>('', 'a', '2026-01-01T00:00:00Z', 'YQ==', 1, 0, -1, 1.5, true, null),
        fc.array(tie('node'), { maxLength: 3 }),
        fc.dictionary(fc.constantFrom(...members), tie('node'), { maxKeys: 4 }),
      ),
    })).node;
    fc.assert(
      fc.property(fc.constantFrom(...names), value, (name, input) => {
        const once = decode(name, input);
        if (!once.ok) return;
        expect(decode(name, once.value)).toStrictEqual({ ok: true, value: once.value, unknownFields: [] });
      }),
      { numRuns: 400 },
    );
  });
});
