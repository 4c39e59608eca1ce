import { CreateRoleCommand, type CreateRoleCommandInput, type CreateRoleCommandOutput, IAMClient } from '@aws-sdk/client-iam';
import { ADMIN, listen, REGION, type TestAccount, testAccount, testClock, trustOf } from './sandbox-account.ts';

/** An account behind a socket, with the administrator's IAM client. */
export interface IamFixture {
  readonly account: TestAccount;
  readonly iam: IAMClient;
  /** Creates a role that trusts the default subject. */
  createRole(name: string, more?: Partial<CreateRoleCommandInput>): Promise<CreateRoleCommandOutput>;
  close(): Promise<void>;
}

export async function iamFixture(): Promise<IamFixture> {
  const account = await testAccount({ clock: testClock(Date.now()) });
  const server = await listen(account.aws);
  const iam = new IAMClient({ region: REGION, endpoint: server.endpoint, credentials: ADMIN, maxAttempts: 1 });
  return {
    account,
    iam,
    createRole: (RoleName, more = {}) => iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: trustOf(), ...more })),
    close: () => server.close(),
  };
}

/** The parts of an SDK's error that come off the wire. */
export function refusal(code: string, httpStatusCode: number, message: string): object {
  return { Code: code, $metadata: { httpStatusCode }, message };
}
