import fastJsonPatch from 'fast-json-patch';
import { applyPatch } from 'rfc6902';
import { describe, expect, it } from 'vitest';
import { vectorFile } from '../../test/support/vector-file.ts';
import { type AnswerBody, operationsOf, WebhookWorld } from '../../test/support/webhook-world.ts';
import { accountSettings } from './account-settings.ts';
import { resolveBinding } from './binding.ts';
import { readIdentities } from './identities.ts';
import { globMatches } from './internal/glob.ts';
import { emptyMapping, readMapping } from './mapping.ts';
import { defaultContainerCredentials, defaultWebhookOptions, type WebhookOptions } from './options.ts';
import { partitionOfRegion } from './region.ts';

type Annotations = Readonly<Record<string, string>>;
interface PodVector {
  readonly name: string;
  readonly asserts: string;
  readonly serviceAccount: Annotations;
  readonly options: Partial<WebhookOptions>;
  readonly containerCredentials: boolean;
  readonly pod: { readonly spec: Readonly<Record<string, unknown>> };
  readonly expectedPatch: readonly unknown[];
}

const identity = (namespace: string, serviceAccount: string): string => JSON.stringify({ identities: [{ namespace, serviceAccount }] });

describe('pods against the upstream webhook’s patches, by effect', () => {
  const { fixtures } = vectorFile<{ readonly fixtures: readonly PodVector[] }>('webhook-pods.json');

  it('covers upstream’s 24 fixtures', () => expect(fixtures.length).toBeGreaterThanOrEqual(44));

  it.each(fixtures)('$name: $asserts', async ({ pod: bare, options, containerCredentials, serviceAccount, expectedPatch }) => {
    const pod = { ...bare, spec: { ...bare.spec, serviceAccountName: 'sa' } };
    const world = new WebhookWorld({ ...options, ...(containerCredentials ? { containerCredentials: defaultContainerCredentials } : {}) });
    // The largest random number below 1 is the most jitter, as upstream's harness has it.
    world.random = 0.999_999_999;
    world.know('default/sa', serviceAccount);
    world.webhook.setIdentities(containerCredentials ? identity('default', 'sa') : undefined);
    const answer = await world.admit(pod);
    expect(answer.response).toMatchObject({ allowed: true, patchType: 'JSONPatch' });
    const expected = structuredClone(pod);
    expect(applyPatch(expected, structuredClone(expectedPatch) as never).every((result) => result === null)).toBe(true);
    const operations = operationsOf(answer);
    const actual = structuredClone(pod);
    expect(applyPatch(actual, structuredClone(operations) as never).every((result) => result === null)).toBe(true);
    expect(actual).toEqual(expected);
    expect(fastJsonPatch.applyPatch(structuredClone(pod), structuredClone(operations) as never, true).newDocument).toEqual(expected);
    expect(operationsOf(await world.admit(actual))).toEqual([]);
  });
});

describe('annotations', () => {
  const vectors = vectorFile<{
    readonly expirations: readonly { readonly text: string; readonly seconds: number; readonly note: string | null }[];
    readonly booleans: readonly { readonly text: string; readonly value: boolean | null }[];
    readonly roles: readonly {
      readonly text: string;
      readonly role: string | null;
      readonly note: string | null;
      readonly reason: string | null;
    }[];
    readonly composed: readonly { readonly text: string; readonly region: string; readonly role: string }[];
    readonly skipContainers: readonly { readonly text: string; readonly skipped: readonly string[] }[];
  }>('webhook-annotations.json');
  const ROLE = 'arn:aws:iam::111122223333:role/r';
  const expirationOf = (answer: AnswerBody): unknown =>
    operationsOf(answer).flatMap((operation) =>
      operation.path === '/spec/volumes'
        ? (operation.value as { projected: { sources: { serviceAccountToken: { expirationSeconds: number } }[] } }[])[0]?.projected
            .sources[0]?.serviceAccountToken.expirationSeconds
        : [],
    )[0];

  it.each(vectors.expirations)('token-expiration $text on the account is $seconds seconds', async ({ text, seconds, note }) => {
    const world = new WebhookWorld({ tokenExpirationSeconds: 7_200 });
    world.know('default/sa', { 'eks.amazonaws.com/role-arn': ROLE, 'eks.amazonaws.com/token-expiration': text });
    const answer = await world.admit({ metadata: {}, spec: { serviceAccountName: 'sa' } });
    expect(expirationOf(answer)).toBe(seconds);
    expect(world.decisions[0]?.notes.map(({ reason }) => reason)).toEqual(note === null ? [] : [note]);
  });

  it.each(vectors.expirations)(
    'token-expiration $text on the pod is $seconds seconds, or the account’s',
    async ({ text, seconds, note }) => {
      const world = new WebhookWorld();
      world.know('default/sa', { 'eks.amazonaws.com/role-arn': ROLE, 'eks.amazonaws.com/token-expiration': '7200' });
      const answer = await world.admit({
        metadata: { annotations: { 'eks.amazonaws.com/token-expiration': text } },
        spec: { serviceAccountName: 'sa' },
      });
      expect(expirationOf(answer)).toBe(seconds);
      expect(world.decisions[0]?.notes.map(({ reason }) => reason)).toEqual(note === null ? [] : [note]);
    },
  );

  it.each(vectors.booleans)('sts-regional-endpoints $text is $value', ({ text, value }) => {
    const settings = accountSettings({ 'eks.amazonaws.com/sts-regional-endpoints': text }, defaultWebhookOptions);
    expect(settings?.stsRegional).toBe(value ?? undefined);
    expect(settings?.notes.map(({ reason }) => reason)).toEqual(value === null ? ['InvalidStsRegionalEndpoints'] : []);
  });

  it.each(vectors.roles)('role-arn $text', async ({ text, role, note, reason }) => {
    const world = new WebhookWorld().know('default/sa', { 'eks.amazonaws.com/role-arn': text });
    await world.admit({ spec: { serviceAccountName: 'sa', containers: [{ name: 'c' }] } });
    expect(world.decisions).toMatchObject([{ reason: reason ?? 'Injected', notes: note === null ? [] : [{ reason: note }] }]);
    expect(world.decisions[0]?.bound?.source ?? null).toBe(role);
  });

  it.each(vectors.composed)('role-arn $text in $region is composed to $role', ({ text, region, role }) => {
    const composeRole = { account: '111122223333', partition: partitionOfRegion(region) };
    expect(accountSettings({ 'eks.amazonaws.com/role-arn': text }, { ...defaultWebhookOptions, composeRole })?.role).toBe(role);
  });

  it.each(vectors.skipContainers)('skip-containers $text leaves out $skipped', async ({ text, skipped }) => {
    const world = new WebhookWorld().know('default/sa', { 'eks.amazonaws.com/role-arn': ROLE });
    const containers = ['a', 'b', 'c'].map((name) => ({ name }));
    await world.admit({
      metadata: { annotations: { 'eks.amazonaws.com/skip-containers': text } },
      spec: { serviceAccountName: 'sa', containers },
    });
    expect(world.decisions[0]?.patch?.containers.flatMap(({ name, outcome }) => (outcome === 'skipped' ? [name] : []))).toEqual(skipped);
  });
});

describe('precedence', () => {
  const { rows } = vectorFile<{
    readonly rows: readonly {
      readonly name: string;
      readonly sa: Annotations | null;
      readonly mapping?: unknown;
      readonly identities?: readonly string[];
      readonly options?: Partial<WebhookOptions>;
      readonly expect: object;
    }[];
  }>('webhook-precedence.json');

  it.each(rows)('$name', ({ sa, mapping, identities, options: over, expect: expected }) => {
    const options = {
      ...defaultWebhookOptions,
      audience: 'flag-audience',
      tokenExpirationSeconds: 7_200,
      mapping: true,
      containerCredentials: defaultContainerCredentials,
      ...over,
    };
    const annotations = sa && Object.fromEntries(Object.entries(sa).map(([name, value]) => [`eks.amazonaws.com/${name}`, value]));
    const binding = resolveBinding(
      { namespace: 'ns', name: 'sa' },
      {
        account: annotations === null ? { exists: false } : { exists: true, settings: accountSettings(annotations, options) },
        mapping:
          mapping === undefined
            ? emptyMapping
            : readMapping({ absent: false, text: JSON.stringify(mapping) }, emptyMapping, options).mapping,
        identities: new Set(identities),
      },
      options,
    );
    expect(binding).toMatchObject(expected);
  });
});

describe('the mapping ConfigMap', () => {
  const vectors = vectorFile<{
    readonly texts: readonly {
      readonly name: string;
      readonly text: string;
      readonly keys: readonly string[];
      readonly problems: readonly string[];
    }[];
    readonly keepsEverything: readonly { readonly name: string; readonly text: string | null }[];
    readonly globs: readonly { readonly pattern: string; readonly namespace: string; readonly matches: boolean }[];
  }>('webhook-mapping.json');
  const role = { RoleARN: 'arn:aws:iam::111122223333:role/r', Audience: 'a' };
  const mappingOf = (entries: unknown, previous = emptyMapping) =>
    readMapping({ absent: false, text: JSON.stringify(entries) }, previous, defaultWebhookOptions);

  it.each(vectors.texts)('$name', ({ text, keys, problems }) => {
    const read = readMapping({ absent: false, text }, emptyMapping, defaultWebhookOptions);
    expect([...read.mapping.exact.keys()]).toEqual(keys);
    expect(read.problems.map(({ path }) => path)).toEqual(problems);
    expect(read.reason).toBe(problems.length === 0 ? undefined : 'ConfigMapEntryInvalid');
  });

  it.each(vectors.keepsEverything)('keeps the last good entries when it is malformed: $name', ({ text }) => {
    const { mapping } = mappingOf({ 'ns/sa': role });
    const read = readMapping({ absent: false, text: text ?? undefined }, mapping, defaultWebhookOptions);
    expect(read.mapping).toBe(mapping);
    expect(read.reason).toBe('ConfigMapInvalid');
  });

  it.each(vectors.globs)('$pattern and $namespace: $matches', ({ pattern, namespace, matches }) =>
    expect(globMatches(pattern, namespace)).toBe(matches),
  );

  it('keeps the last good version of an entry that turned bad, and no ghost of one that went', () => {
    const { mapping } = mappingOf({ 'ns/a': role, 'ns/b': role, 'test-*/c': role });
    const next = mappingOf({ 'ns/a': null, 'test-*/c': 5 }, mapping).mapping;
    expect([...next.exact]).toEqual([['ns/a', mapping.exact.get('ns/a')]]);
    expect(next.globs).toEqual(mapping.globs);
  });

  it('has no entries once it is deleted', () => {
    expect(readMapping({ absent: true }, mappingOf({ 'ns/a': role }).mapping, defaultWebhookOptions)).toEqual({
      mapping: emptyMapping,
      problems: [],
      reason: undefined,
    });
  });

  it('prefers the most specific pattern', () => {
    const { mapping } = mappingOf({ '*/sa': role, 'test-*/sa': role, 'test-a*/sa': role, 'b/sa': role });
    expect(mapping.globs.map(({ namespace }) => namespace)).toEqual(['test-a*', 'test-*', '*']);
  });

  it('brings expirations within bounds and says so', () => {
    const { mapping } = mappingOf({ 'ns/a': { ...role, TokenExpiration: 5 }, 'ns/b': { ...role, TokenExpiration: 100_000 } });
    expect(
      [...mapping.exact.values()].map(({ tokenExpirationSeconds, notes }) => [tokenExpirationSeconds, notes.map(({ reason }) => reason)]),
    ).toEqual([
      [600, ['TokenExpirationTooShort']],
      [86_400, ['TokenExpirationTooLong']],
    ]);
  });

  it('takes audience and STS setting from the options when told to', () => {
    const options = { ...defaultWebhookOptions, mappingDefaults: true, stsRegional: true };
    const text = JSON.stringify({ 'ns/a': { RoleARN: role.RoleARN } });
    expect(readMapping({ absent: false, text }, emptyMapping, options).mapping.exact.get('ns/a')).toMatchObject({
      audience: 'sts.amazonaws.com',
      stsRegional: true,
      notes: [],
    });
  });
});

describe('the container credentials file', () => {
  const { rows } = vectorFile<{
    readonly rows: readonly { readonly text: string | null; readonly keys?: readonly string[]; readonly keeps?: readonly string[] }[];
  }>('webhook-identities.json');

  it.each(rows)('$text', ({ text, keys, keeps }) => {
    const previous = new Set(['old/sa']);
    const read = readIdentities(text ?? undefined, previous);
    expect(read.problems.map(({ path }) => path)).toEqual(keeps ?? []);
    if (keeps === undefined) expect([...read.identities]).toEqual(keys);
    else expect(read.identities).toBe(previous);
  });
});

describe('HTTP', () => {
  const { rows } = vectorFile<{
    readonly rows: readonly {
      readonly name: string;
      readonly path?: string;
      readonly method?: string;
      readonly type?: string | null;
      readonly body: string;
      readonly status: number;
      readonly contentType?: string;
      readonly answer?: string;
      readonly reason?: string;
      readonly allowed?: boolean;
      readonly warned?: boolean;
      readonly uid?: string;
      readonly typeMembers?: readonly string[];
    }[];
  }>('webhook-http.json');

  it.each(rows)('$name', async (row) => {
    const world = new WebhookWorld()
      .know('ns/plain')
      .know('ns/bound', { 'eks.amazonaws.com/role-arn': 'arn:aws:iam::111122223333:role/r' });
    const reply = await world.send(row.body, {
      ...(row.path && { path: row.path }),
      ...(row.method && { method: row.method }),
      ...(row.type !== undefined && { type: row.type }),
    });
    expect(reply.status).toBe(row.status);
    expect(reply.contentType).toBe(row.contentType ?? 'application/json');
    if (row.answer !== undefined) expect(reply.text).toBe(row.answer);
    if (row.reason !== undefined) expect(world.metrics.get(`podrole_admission_decisions_total{${row.reason}}`)).toBe(1);
    if (row.allowed === undefined) {
      if (row.reason !== undefined && row.status !== 200) expect(JSON.parse(reply.text)).toMatchObject({ reason: row.reason });
      return;
    }
    const answer = JSON.parse(reply.text) as AnswerBody;
    expect(answer.response).toMatchObject({ uid: row.uid ?? 'u', allowed: true, auditAnnotations: { reason: row.reason } });
    expect(answer.response.patch).toBeUndefined();
    expect(answer.response.warnings?.length ?? 0).toBe(row.warned ? 1 : 0);
    if (row.typeMembers) expect([answer.kind, answer.apiVersion].filter((member) => member !== undefined)).toEqual(row.typeMembers);
  });
});
