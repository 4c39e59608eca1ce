import { describe, expect, test } from 'vitest';
import { applyDefaults, prune } from './prune.ts';
import type { SchemaNode } from './schema.ts';
import { validateRules } from './validate-rules.ts';
import { validateValue } from './validate-value.ts';

const messages = (schema: SchemaNode, value: unknown): readonly string[] =>
  validateValue(schema, value, 'spec.x').map(({ reason, field, message }) => `${reason} ${field} ${message}`);

describe('pruning', () => {
  const schema: SchemaNode = {
    type: 'object',
    properties: {
      spec: {
        type: 'object',
        properties: {
          known: { type: 'string' },
          open: {
            type: 'object',
            'x-kubernetes-preserve-unknown-fields': true,
            properties: { inner: { type: 'object', properties: { a: { type: 'string' } } } },
          },
          map: { type: 'object', additionalProperties: { type: 'object', properties: { a: { type: 'string' } } } },
          list: { type: 'array', items: { type: 'object', properties: { a: { type: 'string' } } } },
        },
      },
    },
  };

  test('drops what is not specified, and names it', () => {
    const unknown: string[] = [];
    const value = {
      kind: 'K',
      metadata: { any: 1 },
      spec: { known: 'a', nope: 1, map: { k: { a: 'x', b: 1 } }, list: [{ a: 'x' }, { b: 1 }] },
      top: 1,
    };
    expect(prune(schema, value, unknown)).toStrictEqual({
      kind: 'K',
      metadata: { any: 1 },
      spec: { known: 'a', map: { k: { a: 'x' } }, list: [{ a: 'x' }, {}] },
    });
    expect(unknown).toStrictEqual(['spec.nope', 'spec.map.k.b', 'spec.list[1].b', 'top']);
  });

  test('keeps unknown members where they are preserved, and prunes specified ones below', () => {
    expect(prune(schema, { spec: { open: { any: { deep: 1 }, inner: { a: 'x', b: 1 } } } }, [])).toStrictEqual({
      spec: { open: { any: { deep: 1 }, inner: { a: 'x' } } },
    });
  });
});

describe('defaults', () => {
  test('fill in from the outside in, and take the place of a null that is not allowed', () => {
    const schema: SchemaNode = {
      type: 'object',
      properties: {
        a: { type: 'object', default: {}, properties: { b: { type: 'string', default: 'x' } } },
        n: { type: 'integer', default: 3 },
        plain: { type: 'string' },
        free: { type: 'string', nullable: true },
      },
    };
    expect(applyDefaults(schema, { n: null, plain: null, free: null })).toStrictEqual({ free: null, a: { b: 'x' }, n: 3 });
  });

  test('are not shared between objects', () => {
    const schema: SchemaNode = { type: 'object', properties: { a: { type: 'array', default: [] } } };
    const first = applyDefaults(schema, {}) as { a: unknown[] };
    first.a.push(1);
    expect(applyDefaults(schema, {})).toStrictEqual({ a: [] });
  });
});

describe('validation', () => {
  test.each<readonly [string, SchemaNode, unknown, readonly string[]]>([
    [
      'a type',
      { type: 'string' },
      1,
      ['FieldValueTypeInvalid spec.x Invalid value: "integer": spec.x in body must be of type string: "integer"'],
    ],
    ['a null', { type: 'string', nullable: true }, null, []],
    [
      'a number for an integer',
      { type: 'integer' },
      1.5,
      ['FieldValueTypeInvalid spec.x Invalid value: "number": spec.x in body must be of type integer: "number"'],
    ],
    ['an integer for a number', { type: 'number' }, 1, []],
    [
      'either',
      { 'x-kubernetes-int-or-string': true },
      true,
      ['FieldValueTypeInvalid spec.x Invalid value: "boolean": spec.x in body must be of type integer,string: "boolean"'],
    ],
    [
      'a choice',
      { type: 'string', enum: ['a', 'b'] },
      'c',
      ['FieldValueNotSupported spec.x Unsupported value: "c": supported values: "a", "b"'],
    ],
    [
      'a short text',
      { type: 'string', minLength: 2 },
      'é',
      ['FieldValueInvalid spec.x Invalid value: "é": spec.x in body should be at least 2 chars long'],
    ],
    ['a long text', { type: 'string', maxLength: 1 }, 'ab', ['FieldValueTooLong spec.x Too long: may not be more than 1 bytes']],
    [
      'a pattern',
      { type: 'string', pattern: '^a+$' },
      'b',
      ['FieldValueInvalid spec.x Invalid value: "b": spec.x in body should match \'^a+$\''],
    ],
    [
      'a format',
      { type: 'string', format: 'date-time' },
      'x',
      ['FieldValueTypeInvalid spec.x Invalid value: "x": spec.x in body must be of type date-time: "x"'],
    ],
    ['an unknown format', { type: 'string', format: 'whatever' }, 'x', []],
    [
      'a bound',
      { type: 'integer', minimum: 1, maximum: 2 },
      3,
      ['FieldValueInvalid spec.x Invalid value: 3: spec.x in body should be less than or equal to 2'],
    ],
    [
      'an open bound',
      { type: 'integer', minimum: 1, exclusiveMinimum: true },
      1,
      ['FieldValueInvalid spec.x Invalid value: 1: spec.x in body should be greater than 1'],
    ],
    [
      'too few items',
      { type: 'array', minItems: 1 },
      [],
      ['FieldValueInvalid spec.x Invalid value: 0: spec.x in body should have at least 1 items'],
    ],
    ['too many items', { type: 'array', maxItems: 1 }, [1, 2], ['FieldValueTooMany spec.x Too many: 2: must have at most 1 items']],
    ['a set', { type: 'array', 'x-kubernetes-list-type': 'set' }, ['a', 'a'], ['FieldValueDuplicate spec.x[1] Duplicate value: "a"']],
    [
      'a list of keyed items',
      { type: 'array', 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['k'] },
      [{ k: 'a' }, { k: 'a', v: 1 }],
      ['FieldValueDuplicate spec.x[1] Duplicate value: {"k":"a"}'],
    ],
    ['a required member', { type: 'object', required: ['a'] }, {}, ['FieldValueRequired spec.x.a Required value']],
    [
      'a member of a map',
      { type: 'object', additionalProperties: { type: 'string' } },
      { k: 1 },
      ['FieldValueTypeInvalid spec.x.k Invalid value: "integer": spec.x.k in body must be of type string: "integer"'],
    ],
    [
      'one of several',
      { type: 'object', oneOf: [{ required: ['a'] }, { required: ['b'] }] },
      { a: 1, b: 1 },
      ['FieldValueInvalid <nil> Invalid value: "": "spec.x" must validate one and only one schema (oneOf). Found 2 valid alternatives'],
    ],
    [
      'a negation',
      { type: 'object', not: { required: ['a'] } },
      { a: 1 },
      ['FieldValueInvalid <nil> Invalid value: "": "spec.x" must not validate the schema (not)'],
    ],
  ])('%s', (_what, schema, value, expected) => {
    expect(messages(schema, value)).toStrictEqual(expected);
  });
});

describe('rules', () => {
  const schema: SchemaNode = {
    type: 'object',
    properties: {
      lo: { type: 'integer' },
      hi: { type: 'integer' },
      fixed: { type: 'string', 'x-kubernetes-validations': [{ rule: 'self == oldSelf', message: 'is immutable' }] },
      names: {
        type: 'array',
        items: { type: 'string', 'x-kubernetes-validations': [{ rule: "self.startsWith('a')", messageExpression: "'not ' + self" }] },
      },
    },
    'x-kubernetes-validations': [
      { rule: '!has(self.lo) || !has(self.hi) || self.lo <= self.hi', message: 'lo must not be above hi', fieldPath: '.lo' },
    ],
  };
  test('are evaluated where they stand, with integers as integers', () => {
    expect(validateRules(schema, { lo: 1, hi: 2, names: ['a'] }, undefined)).toStrictEqual([]);
    expect(validateRules(schema, { lo: 3, hi: 2, names: ['b'] }, undefined)).toStrictEqual([
      { reason: 'FieldValueInvalid', field: '.lo', message: 'Invalid value: lo must not be above hi' },
      { reason: 'FieldValueInvalid', field: 'names[0]', message: 'Invalid value: "b": not b' },
    ]);
  });
  test('about a transition are for values that were there before', () => {
    expect(validateRules(schema, { fixed: 'b' }, undefined)).toStrictEqual([]);
    expect(validateRules(schema, { fixed: 'b' }, { fixed: 'a' })).toStrictEqual([
      { reason: 'FieldValueInvalid', field: 'fixed', message: 'Invalid value: "b": is immutable' },
    ]);
  });
});
