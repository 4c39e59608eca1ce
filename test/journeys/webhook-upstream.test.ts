import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { applyPatch } from 'rfc6902';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Authority, createAuthority } from '../../src/host/authority.ts';
import { systemClock } from '../../src/host/system-clock.ts';
import { vectorFile } from '../support/vector-file.ts';
import { startWebhook, type WebhookProcess } from '../support/webhook-process.ts';
import { type AnswerBody, operationsOf, reviewOf } from '../support/webhook-world.ts';
import { type AccountsDoor, openAccountsDoor } from '../support/worlds/accounts-door.ts';
import { inWorld } from '../support/worlds/world.ts';

interface Fixture {
  readonly name: string;
  readonly serviceAccount: Readonly<Record<string, string>>;
  readonly options: { readonly region?: string; readonly stsRegional?: boolean; readonly mountPath?: string };
  readonly containerCredentials: boolean;
  readonly pod: { readonly spec: Readonly<Record<string, unknown>> };
  readonly expectedPatch: readonly unknown[];
}

const { fixtures } = vectorFile<{ readonly fixtures: readonly Fixture[] }>('webhook-pods.json');
/** Upstream's harness takes the jitter for the whole two hours. */
const JITTERED = 79_200;

const flagsOf = ({ options }: Fixture, identities: string | undefined): readonly string[] => [
  ...(options.region === undefined ? [] : [`--aws-default-region=${options.region}`]),
  ...(options.stsRegional ? ['--sts-regional-endpoint'] : []),
  ...(options.mountPath === undefined ? [] : [`--token-mount-path=${options.mountPath}`]),
  ...(identities === undefined ? [] : [`--watch-container-credentials-config=${identities}`]),
];

const titleOf = ({ options, containerCredentials }: Fixture): string => JSON.stringify([options, containerCredentials]);
/** Groups that one process can serve. */
const groups = [...new Set(fixtures.map(titleOf))].map((title, number) => ({
  title,
  number,
  members: fixtures.filter((fixture) => titleOf(fixture) === title),
}));

/** The pod after a patch, with every expiration within the jitter told as the most of it. */
function patched(pod: unknown, operations: readonly unknown[]): unknown {
  const result = structuredClone(pod);
  expect(applyPatch(result, structuredClone(operations) as never).filter((problem) => problem !== null)).toEqual([]);
  return JSON.parse(JSON.stringify(result), (key: string, value: unknown) =>
    key === 'expirationSeconds' && typeof value === 'number' && value >= JITTERED && value <= 86_400
      ? 'a day, or up to two hours less'
      : value,
  );
}

inWorld('podrole webhook with upstream’s flags, over HTTPS', (world) => {
  let home: string;
  let authority: Authority;
  let api: AccountsDoor;

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'podrole-webhook-'));
    authority = await createAuthority({ clock: systemClock(), commonName: 'test' });
    api = await openAccountsDoor(world());
    for (const { number, members } of groups) {
      for (const [index, { serviceAccount }] of members.entries()) await api.put(`default/sa-${number}-${index}`, serviceAccount);
    }
  });
  afterAll(async () => {
    await api.close();
    await rm(home, { recursive: true, force: true });
  });

  describe.each(groups)('$title', ({ number, members }) => {
    let webhook: WebhookProcess;
    beforeAll(async () => {
      const [first] = members;
      if (first === undefined) throw new Error('an empty group');
      let identities: string | undefined;
      if (first.containerCredentials) {
        identities = join(home, `identities-${number}.json`);
        const named = members.map((_, index) => ({ namespace: 'default', serviceAccount: `sa-${number}-${index}` }));
        await writeFile(identities, JSON.stringify({ identities: named }));
      }
      webhook = await startWebhook({ home, kubeApi: api.url, authority, flags: flagsOf(first, identities) });
      await webhook.ready();
    });
    afterAll(() => webhook.stop());

    it.each(members.map((fixture, index) => ({ ...fixture, index })))('$name', async ({ pod: bare, expectedPatch, index }) => {
      const pod = { ...bare, spec: { ...bare.spec, serviceAccountName: `sa-${number}-${index}` } };
      const uid = `${number}-${index}`;
      const answer = await webhook.post(JSON.stringify(reviewOf(pod, { uid })));
      expect(answer.status).toBe(200);
      const review = JSON.parse(answer.text) as AnswerBody;
      expect(review).toMatchObject({ kind: 'AdmissionReview', apiVersion: 'admission.k8s.io/v1' });
      expect(review.response).toMatchObject({ uid, allowed: true, patchType: 'JSONPatch' });
      const after = patched(pod, operationsOf(review));
      expect(after).toEqual(patched(pod, expectedPatch));
    });
  });
});
