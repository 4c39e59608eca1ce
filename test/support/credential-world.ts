import type { CredentialFailure } from '../../src/credentials/errors.ts';
import type { CredentialEvent } from '../../src/credentials/events.ts';
import { RefreshingCredentials } from '../../src/credentials/internal/refreshing-credentials.ts';
import type { Attempt } from '../../src/credentials/internal/source.ts';
import { FakeClock } from './fake-clock.ts';

const SECOND = 1_000;

/** A source that does what it is told, next answer by next answer; the last one for ever. */
export function credentialWorld(options: { readonly random?: number; readonly propagationMs?: number } = {}) {
  const clock = new FakeClock();
  const answers: (() => Promise<Attempt>)[] = [];
  let asked = 0;
  let inFlight = 0;
  let mostInFlight = 0;
  const events: CredentialEvent[] = [];
  const credentials = new RefreshingCredentials({
    clock,
    random: () => options.random ?? 0,
    propagationMs: options.propagationMs ?? 0,
    source: {
      kind: 'web-identity',
      roleArn: 'arn:aws:iam::111122223333:role/r',
      attempt: async () => {
        asked += 1;
        inFlight += 1;
        mostInFlight = Math.max(mostInFlight, inFlight);
        const answer = answers.length > 1 ? answers.shift() : answers[0];
        try {
          return await answer!();
        } finally {
          inFlight -= 1;
        }
      },
    },
  });
  const observer = (event: CredentialEvent): void => void events.push(event);
  credentials.observers.add(observer);
  const sleepFor = (ms: number): Promise<void> => new Promise((resolve) => clock.after(ms, resolve));
  let issued = 0;
  const issue =
    (seconds: number, { slowMs = 0, identity = 'a', skewMs = 0 } = {}) =>
    async (): Promise<Attempt> => {
      issued += 1;
      const name = `key-${issued}`;
      if (slowMs > 0) await sleepFor(slowMs);
      const expiration = new Date(clock.now().getTime() + seconds * SECOND);
      return { ok: true, identity, skewMs, credentials: { accessKeyId: name, secretAccessKey: 's', sessionToken: 't', expiration } };
    };
  const refuse =
    (failure: CredentialFailure, { slowMs = 0, identity = 'a' } = {}) =>
    async (): Promise<Attempt> => {
      if (slowMs > 0) await sleepFor(slowMs);
      return { ok: false, failure, identity };
    };
  return {
    clock,
    credentials,
    events,
    observer,
    answer: (...next: (() => Promise<Attempt>)[]) => void answers.splice(0, answers.length, ...next),
    issue,
    refuse,
    asked: () => asked,
    mostInFlight: () => mostInFlight,
    key: async (call: { readonly force?: boolean } = {}) => (await credentials.get(call)).accessKeyId,
  };
}
