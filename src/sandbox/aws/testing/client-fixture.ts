import { ADMIN, listen, REGION, type TestAccount, testAccount, testClock } from './sandbox-account.ts';

/** What the SDK's clients are configured with; a refusal is not tried again. */
export interface ClientConfig {
  readonly region: string;
  readonly endpoint: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  readonly maxAttempts: 1;
}

/** An account behind a socket, with a client of the administrator's. */
export interface ClientFixture<C> {
  readonly account: TestAccount;
  readonly client: C;
  close(): Promise<void>;
}

/** Starts an empty account in the real present, since the SDK signs with the machine's time. */
export async function clientFixture<C>(makeClient: (config: ClientConfig) => C): Promise<ClientFixture<C>> {
  const account = await testAccount({ clock: testClock(Date.now()) });
  const server = await listen(account.aws);
  const client = makeClient({ region: REGION, endpoint: server.endpoint, credentials: ADMIN, maxAttempts: 1 });
  return { account, client, close: () => server.close() };
}

/** The parts of an SDK's error that come off the wire. */
export function refusal(code: string, httpStatusCode: number, message: string): object {
  return { Code: code, $metadata: { httpStatusCode }, message };
}
