import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { administration } from './administration.ts';
import type { Answer, Client, Json, Prepared, Service } from './client.ts';
import { podIdentity } from './pod-identity.ts';
import { refusals } from './refusals.ts';
import { startWorld, type World } from './world.ts';

/** What a part of the scenario works with. */
export interface Stage {
  readonly world: () => World;
  /** Calls as the administrator and expects success. */
  readonly admin: (service: Service, operation: string, input?: Json) => Promise<Json>;
  /** Calls as the administrator and expects this refusal. */
  readonly refused: (service: Service, operation: string, input: Json, refusal: Refusal) => Promise<void>;
  /** Calls without any identity. */
  readonly anonymous: (service: Service, operation: string, input?: Json) => Promise<Answer>;
}

export interface Refusal {
  readonly code: string;
  readonly status: number;
  readonly message?: string | RegExp;
}

/** The same walk for every client: pods, refusals, administration. */
export function scenario(name: string, prepared: Prepared): void {
  if ('skipped' in prepared) {
    describe.skip(`${name}: skipped: ${prepared.skipped}`, () => {
      it('is not here', () => undefined);
    });
    return;
  }
  describe(name, () => {
    let world: World;
    const clients = new Map<string, Client>();
    const as = (who: 'pod' | 'admin' | 'anonymous'): Client => {
      const known = clients.get(who) ?? prepared.start(world[`${who}Env`]);
      clients.set(who, known);
      return known;
    };
    beforeAll(async () => {
      world = await startWorld();
    });
    afterAll(async () => {
      for (const client of clients.values()) client.close();
      await world.close();
    });

    const stage: Stage = {
      world: () => world,
      admin: async (service, operation, input) => succeeded(await as('admin').call(service, operation, input), operation),
      refused: async (service, operation, input, refusal) => expectRefusal(await as('admin').call(service, operation, input), refusal),
      anonymous: (service, operation, input) => as('anonymous').call(service, operation, input),
    };

    it('is whom its token says, by its default chain and the environment alone', async () => {
      const identity = succeeded(await as('pod').call('sts', 'GetCallerIdentity'), 'GetCallerIdentity');
      expect(identity.account).toBe(world.facts.account);
      expect(identity.arn).toMatch(new RegExp(`^arn:aws:sts::${world.facts.account}:assumed-role/kf-user-demo/[\\w+=,.@-]{2,64}$`));
      expect(identity.userId).toMatch(/^AROA[A-Z2-7]{17}:/);
    });

    it('is refused what its role does not allow, by name', async () => {
      expectRefusal(await as('pod').call('iam', 'GetRole', { RoleName: 'kf-user-demo' }), {
        code: 'AccessDenied',
        status: 403,
        message:
          /is not authorized to perform: iam:GetRole on resource: role kf-user-demo because no identity-based policy allows the iam:GetRole action/,
      });
    });

    it('calls as the administrator with static keys', async () => {
      expect((await stage.admin('sts', 'GetCallerIdentity')).arn).toBe(`arn:aws:iam::${world.facts.account}:user/admin`);
    });

    refusals(stage, (env) => prepared.start(env));
    administration(stage);
    podIdentity(stage);
  });
}

export function succeeded(answer: Answer, operation: string): Json {
  if (!answer.ok) throw new Error(`${operation}: ${answer.code}: ${answer.message}`);
  return answer.output;
}

export function expectRefusal(answer: Answer, { code, status, message }: Refusal): void {
  expect(answer).toMatchObject({ ok: false, code: code.replace(/Exception$/, '') });
  if (answer.ok) return;
  // The AWS CLI does not print the status.
  if (answer.status !== undefined) expect(answer.status).toBe(status);
  if (typeof message === 'string') expect(answer.message).toBe(message);
  else if (message !== undefined) expect(answer.message).toMatch(message);
}
